"""The student's network of lab 1: its class, and one that holds a probe's parameters."""

from collections.abc import Mapping
from types import ModuleType

import numpy as np

from cattern.checking.remote import is_class
from cattern.checking.run import ApiError

PARAMS = ("W1", "b1", "W2", "b2")


def build(student: ModuleType, inputs: Mapping, cls: type | None = None):
    """Return the student's network with the probe's parameters in it, each in the student's own shape.

    Raises:
        ApiError: the class or a parameter has another name or size than the lab asks for.
    """
    D, H = inputs["W1"].shape
    C = inputs["W2"].shape[1]
    net = (cls or network_class(student))(D, H, C, std=1e-4)
    params = getattr(net, "params", None)
    if not isinstance(params, dict):
        raise ApiError("TwoLayerNet has no dict self.params after __init__")
    for name in PARAMS:
        if name not in params:
            raise ApiError(f"self.params has no {name!r}: it has {sorted(map(str, params))}")
        if np.size(params[name]) != inputs[name].size:
            raise ApiError(wrong_shape(params, inputs, name))
        params[name] = inputs[name].reshape(np.shape(params[name])).copy()
    return net


def require_params(net, inputs: Mapping) -> None:
    """Check that a network that was built holds what the probe put into it.

    Raises:
        ApiError: it keeps parameters in another way than the lab asks for.
    """
    if net.params is not net.params:
        raise ApiError("self.params is another dict each time it is read: make one, in __init__")
    for name in ("W1", "W2"):  # a bias may be a row or a column
        if np.shape(net.params[name]) != inputs[name].shape:
            raise ApiError(wrong_shape(net.params, inputs, name))


def wrong_shape(params: Mapping, inputs: Mapping, name: str) -> str:
    """Say which shape a parameter has, and which it should have."""
    return f"self.params[{name!r}] has shape {np.shape(params[name])}, expected {inputs[name].shape}"


def network_class(student: ModuleType) -> type:
    """Return the student's TwoLayerNet.

    Raises:
        ApiError: there is none.
    """
    cls = getattr(student, "TwoLayerNet", None)
    if not is_class(cls):
        raise ApiError("neural_net.py defines no class TwoLayerNet")
    return cls
