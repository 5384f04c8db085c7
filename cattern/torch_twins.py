"""The PyTorch twins of labs 2 to 5: the same networks in PyTorch, starting from the same weights. Given, nothing to write.

A twin gets a COPY of the NumPy network's weights. Trained on the same minibatches it goes the same way: in float64 the
two differ by rounding only. Every function imports torch itself, so that nothing else needs it.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import numpy as np

from cattern.progress import progress

if TYPE_CHECKING:
    from torch import Tensor, nn


def patch_twin(model) -> nn.Sequential:
    """Return the twin of lab 2's network: a convolution with stride 4 instead of the patch embedding.

    Args:
        model: what `build_patch_net` returns: embedding, linear and, if its scores are rectified, a ReLU.

    Returns:
        A network for (N, 1, 28, 28) images, in the dtype of the model's weights.
    """
    import torch
    from torch import nn

    embedding, linear = model.layers[:2]
    conv = nn.Conv2d(1, 8, kernel_size=4, stride=4)
    filters = embedding.params["W"].T.reshape(8, 1, 4, 4)  # column f of W is filter f
    conv.to(_dtype_of(embedding))
    with torch.no_grad():
        conv.weight.copy_(torch.from_numpy(filters))
        conv.bias.copy_(torch.from_numpy(embedding.params["b"]))
    last = [nn.ReLU()] if len(model.layers) == 3 else []
    return nn.Sequential(conv, nn.Flatten(), _linear_twin(linear), *last)


def library_twin(model, variant: str = "true") -> nn.Sequential:
    """Return the twin of lab 3's network.

    Args:
        model: what `build_model` returns for the same variant.
        variant: "true", "straight-through" or "none", as in `nn_library.VARIANTS`.

    Returns:
        A network for (N, D) rows.

    Raises:
        ValueError: there is no such variant.
    """
    from torch import nn

    class StraightThrough(nn.Module):
        def forward(self, Z: Tensor) -> Tensor:
            # What is detached has no gradient: the value is relu(Z), the gradient that of Z.
            return Z + (Z.relu() - Z).detach()

    activations = {"true": [nn.ReLU()], "straight-through": [StraightThrough()], "none": []}
    if variant not in activations:
        raise ValueError(f"there is no variant {variant!r}: choose one of {', '.join(activations)}")
    return nn.Sequential(_linear_twin(model.layers[0]), *activations[variant])


def mlp_twin(model) -> nn.Sequential:
    """Return the twin of a network of lab 4, for (N, D) rows: linear layers with a ReLU between any two.

    Args:
        model: a SingleLayerMLP or a TwoHiddenLayerMLP.
    """
    from torch import nn

    first, *others = [layer for layer in model.layers if layer.params]
    modules = [_linear_twin(first)]
    for layer in others:
        modules += [nn.ReLU(), _linear_twin(layer)]
    return nn.Sequential(*modules)


def sigmoid_twin(model) -> nn.Sequential:
    """Return the twin of lab 5's network, for (N, D) rows.

    Args:
        model: what `build_sigmoid_net` returns.
    """
    from torch import nn

    first, _, second = model.layers
    return nn.Sequential(_linear_twin(first), nn.Sigmoid(), _linear_twin(second))


def train_twin(
    twin: nn.Module,
    X: np.ndarray,
    y: np.ndarray,
    batches: Iterable[np.ndarray],
    learning_rate: float,
    summed: bool = False,
    accuracies: list[float] | None = None,
) -> list[float]:
    """Train a twin by plain SGD, one update per minibatch, changing its parameters.

    Args:
        twin: the network.
        X: (N_train, …) array of the twin's dtype: images (N_train, 1, 28, 28) in lab 2, rows in the other labs.
        y: (N_train,) integer labels, or (N_train, C) one-hot rows of the twin's dtype. Not modified, as X.
        batches: row numbers of one minibatch per update: the same as for the NumPy network.
        learning_rate: step size.
        summed: whether gradients are summed over the minibatch (lab 5) or averaged (labs 2 to 4).
        accuracies: a list that gets the accuracy of every minibatch, before its update; None when nobody asks.
            Then y must be integer labels.

    Returns:
        The MEAN loss of every minibatch, before its update.
    """
    import torch
    from torch import nn

    optimizer = torch.optim.SGD(twin.parameters(), lr=learning_rate)
    loss_function = nn.CrossEntropyLoss()
    X_all, y_all = torch.from_numpy(X), torch.from_numpy(y)
    losses, hits, sizes = [], [], []
    for rows in progress(batches, "updates", loss=losses):
        rows = torch.from_numpy(rows)
        targets = y_all[rows]
        optimizer.zero_grad()
        scores = twin(X_all[rows])
        loss = loss_function(scores, targets)
        (loss * len(rows) if summed else loss).backward()
        optimizer.step()
        losses.append(loss.detach())
        if accuracies is not None:
            hits.append((scores.argmax(dim=1) == targets).sum())
            sizes.append(len(rows))
    if accuracies is not None:
        accuracies += (np.array([int(hit) for hit in hits]) / sizes).tolist()
    return [loss.item() for loss in losses]  # all at once: asking after every update would take longer


def evaluate_twin(twin: nn.Module, X: np.ndarray, y: np.ndarray) -> tuple[float, float]:
    """Compute a twin's mean loss and its accuracy on a whole set. Nothing is trained.

    Args:
        twin: the network.
        X: (N, …) array, as in `train_twin`.
        y: (N,) integer labels, or (N, C) one-hot rows.

    Returns:
        The mean cross-entropy, a float, and the accuracy, a float in [0, 1].
    """
    import torch
    from torch import nn

    with torch.no_grad():
        scores = twin(torch.from_numpy(X))
        loss = nn.CrossEntropyLoss()(scores, torch.from_numpy(y)).item()
    labels = y if y.ndim == 1 else np.argmax(y, axis=1)
    return loss, float(np.mean(scores.numpy().argmax(axis=1) == labels))


def _linear_twin(layer) -> nn.Linear:
    """Return nn.Linear with a copy of a layer's weights. PyTorch keeps them as (H, D)."""
    import torch
    from torch import nn

    D, H = layer.params["W"].shape
    linear = nn.Linear(D, H, dtype=_dtype_of(layer))
    with torch.no_grad():
        linear.weight.copy_(torch.from_numpy(layer.params["W"].T))
        linear.bias.copy_(torch.from_numpy(layer.params["b"]))
    return linear


def _dtype_of(layer):
    """Return PyTorch's name for the dtype of a layer's weights."""
    import torch

    return torch.from_numpy(layer.params["W"]).dtype
