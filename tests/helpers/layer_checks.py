"""Gradient checks and comparisons with PyTorch that the tests of labs 2 to 5 share."""

import numpy as np

from cattern.gradient_check import eval_numerical_gradient_array, rel_error


def check_gradients(layer, X, dout):
    """Compare `backward` with centred differences, in the input and in every parameter: relative error ≤ 1e-6."""
    layer.forward(X)
    layer.zero_grad()
    dX = layer.backward(dout)
    assert dX.shape == X.shape
    assert rel_error(dX, eval_numerical_gradient_array(layer.forward, X, dout)) <= 1e-6
    for part in getattr(layer, "layers", [layer]):
        for name, param in part.params.items():
            numeric = eval_numerical_gradient_array(lambda _: layer.forward(X), param, dout)
            assert rel_error(part.grads[name], numeric) <= 1e-6, name


def assert_linear_twins(model, twin):
    """Compare all linear layers of a NumPy network and of its twin, to 1e-4."""
    layers = [layer for layer in model.layers if layer.params]
    modules = [module for module in twin if hasattr(module, "weight")]
    assert len(layers) == len(modules)
    for layer, module in zip(layers, modules):
        np.testing.assert_allclose(layer.params["W"].T, module.weight.detach().numpy(), atol=1e-4)
        np.testing.assert_allclose(layer.params["b"], module.bias.detach().numpy(), atol=1e-4)
