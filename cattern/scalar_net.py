"""A sigmoid network in plain numbers, without a single array: lab 5 (`sigmoid_net`), first half.

Every number of a small network has a name of its own here. You write the parts marked `TODO#1` to `TODO#4`; `TODO#5` to
`TODO#9`, which do the same with arrays, are in `sigmoid_net.py`.
"""

import math
from collections.abc import Sequence

import numpy as np

from cattern.progress import progress

# The small network: two inputs, two hidden sigmoid units with weights w and biases b, one sigmoid output with v and c.
SCALAR_NAMES = ("w11", "w12", "b1", "w21", "w22", "b2", "v1", "v2", "c")


def make_wedge(rng: np.random.Generator, num_points: int = 200) -> list[tuple[float, float, float]]:
    """Make points in the plane: the target is 1 inside the wedge x2 > |x1|, else 0.

    Args:
        rng: draws the points.
        num_points: how many.

    Returns:
        A list of (x1, x2, t): plain floats, both coordinates in [−2, 2], and the target 0.0 or 1.0.
    """
    points = rng.uniform(-2, 2, (num_points, 2)).tolist()
    return [(x1, x2, 1.0 if x2 > abs(x1) else 0.0) for x1, x2 in points]


def random_scalar_params(rng: np.random.Generator, std: float = 1.0) -> dict[str, float]:
    """Draw the nine parameters of the small network, plain floats: mean 0, standard deviation `std`."""
    return {name: float(std * rng.standard_normal()) for name in SCALAR_NAMES}


def sigmoid(z: float) -> float:
    """Compute σ(z) = 1 / (1 + exp(−z)) for one number.

    Args:
        z: any float; ±1000 must work, too.

    Returns:
        A float in [0, 1].

    Raises:
        NotImplementedError: TODO#1 is not written yet.
    """
    # TODO#1: compute `s`, a float, with `math.exp`.
    # exp(1000) overflows: for negative z use the same value written as exp(z) / (1 + exp(z)).
    ### BEGIN SOLUTION
    if z >= 0:
        s = 1 / (1 + math.exp(-z))
    else:
        s = math.exp(z) / (1 + math.exp(z))
    ### END SOLUTION

    return s


def scalar_forward(params: dict[str, float], x1: float, x2: float) -> tuple[float, float, float]:
    """Compute the small network for one point.

    h1 = σ(w11 x1 + w12 x2 + b1), h2 = σ(w21 x1 + w22 x2 + b2), o = σ(v1 h1 + v2 h2 + c).

    Args:
        params: the nine numbers called SCALAR_NAMES. Not modified.
        x1: the first coordinate.
        x2: the second coordinate.

    Returns:
        `h1`, `h2` and `o`, floats in [0, 1].

    Raises:
        NotImplementedError: a TODO on the way is not written yet; the message names it.
    """
    # TODO#2: compute `h1`, `h2` and `o`, three floats, with `sigmoid`. No arrays.
    ### BEGIN SOLUTION
    h1 = sigmoid(params["w11"] * x1 + params["w12"] * x2 + params["b1"])
    h2 = sigmoid(params["w21"] * x1 + params["w22"] * x2 + params["b2"])
    o = sigmoid(params["v1"] * h1 + params["v2"] * h2 + params["c"])
    ### END SOLUTION

    return h1, h2, o


def scalar_backward(
    params: dict[str, float], x1: float, x2: float, t: float, h1: float, h2: float, o: float
) -> dict[str, float]:
    """Compute the gradient of the loss L = (o − t)² / 2 of one point in all nine parameters.

    Args:
        params: the nine numbers called SCALAR_NAMES. Not modified.
        x1: the first coordinate.
        x2: the second coordinate.
        t: the target, 0.0 or 1.0.
        h1: what `scalar_forward` gave for this point.
        h2: the same.
        o: the same.

    Returns:
        A dict with the nine names: the derivative of L in each parameter, a float.

    Raises:
        NotImplementedError: TODO#3 is not written yet.
    """
    grads = {}

    # TODO#3: fill `grads` with nine floats by the chain rule, from the output back to the inputs. No arrays.
    # A sigmoid's slope follows from its value: σ'(z) = s (1 − s) for s = σ(z), once for the output, once for each h.
    ### BEGIN SOLUTION
    delta = (o - t) * o * (1 - o)
    grads["v1"] = delta * h1
    grads["v2"] = delta * h2
    grads["c"] = delta
    delta1 = delta * params["v1"] * h1 * (1 - h1)
    grads["w11"] = delta1 * x1
    grads["w12"] = delta1 * x2
    grads["b1"] = delta1
    delta2 = delta * params["v2"] * h2 * (1 - h2)
    grads["w21"] = delta2 * x1
    grads["w22"] = delta2 * x2
    grads["b2"] = delta2
    ### END SOLUTION

    return grads


def train_scalar(
    params: dict[str, float],
    points: Sequence[tuple[float, float, float]],
    rng: np.random.Generator,
    num_epochs: int = 20,
    learning_rate: float = 1.0,
) -> list[float]:
    """Train the small network by SGD with one update per point, changing `params`.

    Args:
        params: the nine numbers; changed in place.
        points: (x1, x2, t) for every point.
        rng: shuffles the points, once per epoch.
        num_epochs: how often every point is used.
        learning_rate: step size.

    Returns:
        The loss of every epoch: the mean of (o − t)² / 2 over its points, each taken before the update on that point.

    Raises:
        NotImplementedError: a TODO on the way is not written yet; the message names it.
    """
    loss_history = []
    for _ in progress(range(num_epochs), "epochs", loss=loss_history):
        total_loss = 0.0
        for i in rng.permutation(len(points)):
            x1, x2, t = points[i]

            # TODO#4: add this point's loss to `total_loss`, a float, and update all nine `params` with its gradient.
            # The loss is that of the parameters BEFORE the update.
            ### BEGIN SOLUTION
            h1, h2, o = scalar_forward(params, x1, x2)
            total_loss += (o - t) ** 2 / 2
            grads = scalar_backward(params, x1, x2, t, h1, h2, o)
            for name in params:
                params[name] -= learning_rate * grads[name]
            ### END SOLUTION

        loss_history.append(total_loss / len(points))
    return loss_history
