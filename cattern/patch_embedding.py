"""A patch embedding, which is a convolution in disguise, and its training: lab 2 (`patch_embedding`).

An image is cut into patches, every patch is multiplied with the same few filters, and a linear layer makes class scores
of the results. You write the parts marked `TODO#1` to `TODO#4`, `TODO#13` and `TODO#14` here; `TODO#5` to `TODO#12`, the
other layers, are in `layers.py`.

One letter means one thing throughout:

    N   examples in a batch        C   classes
    P   patches of an image        K   pixels of a patch        F   filters

MNIST has 28×28 images: with patches of 4×4 that is P = 7·7 = 49 and K = 16; with F = 8 filters an image becomes
F·P = 392 features.
"""

from collections.abc import Sequence
from typing import Self

import numpy as np

from cattern.layers import Layer, Linear, ReLU, Sequential
from cattern.progress import progress


def select_half_per_class(y: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Choose half of the examples of every class at random.

    Args:
        y: (N,) integer array of labels. Not modified.
        rng: draws the examples: a Generator of the same seed chooses the same ones.

    Returns:
        (M,) integer array of row numbers in rising order, no row twice: of a class with n examples, n // 2.

    Raises:
        NotImplementedError: TODO#1 is not written yet.
    """
    # TODO#1: compute `rows`, shape (M,): for every class in y, the numbers of half of its rows, drawn without replacement.
    # Draw with `rng`, not with np.random, and sort the row numbers at the end.
    ### BEGIN SOLUTION
    chosen = []
    for label in np.unique(y):
        rows_of_class = np.flatnonzero(y == label)
        chosen.append(rng.choice(rows_of_class, len(rows_of_class) // 2, replace=False))
    rows = np.sort(np.concatenate(chosen))
    ### END SOLUTION

    return rows


def cut_patches(images: np.ndarray, patch_size: int = 4) -> np.ndarray:
    """Cut every image into square patches that touch and do not overlap.

    Args:
        images: (N, height, width) array; both sides are multiples of `patch_size`. Not modified.
        patch_size: side of a patch in pixels.

    Returns:
        (N, P, K) array of the same dtype. Patches are in reading order, left to right and then down, and so are the
        pixels of each patch.

    Raises:
        NotImplementedError: TODO#2 is not written yet.
        ValueError: the patches do not fill the image.
    """
    N, height, width = images.shape
    if height % patch_size or width % patch_size:
        raise ValueError(f"patches of {patch_size}×{patch_size} do not fill an image of {height}×{width}")
    P, K = (height // patch_size) * (width // patch_size), patch_size**2

    # TODO#2: compute `patches`, shape (N, P, K): patch p of image n as a row of K pixels.
    # One reshape to (N, P, K) mixes the patches up: first split both sides of the image, then reorder the axes.
    ### BEGIN SOLUTION
    tiles = images.reshape(N, height // patch_size, patch_size, width // patch_size, patch_size)
    patches = tiles.transpose(0, 1, 3, 2, 4).reshape(N, P, K)
    ### END SOLUTION

    return patches


class PatchEmbedding(Layer):
    """Multiplies every patch with every filter, element by element, and sums: one number per filter and patch, plus a bias.

    `self.params` holds `W` (K, F), whose column f is filter f with its pixels in reading order, and `b` (F,). All
    patches share them. On the patches of `cut_patches` this is a convolution whose stride is the patch size.
    """

    def __init__(self, W: np.ndarray, b: np.ndarray):
        """Keep the filters W (K, F) and the biases b (F,)."""
        super().__init__(W=W, b=b)

    @classmethod
    def random(
        cls,
        rng: np.random.Generator,
        patch_size: int = 4,
        num_filters: int = 8,
        std: float = 0.1,
        dtype=np.float64,
    ) -> Self:
        """Return an embedding with Gaussian filters (mean 0, standard deviation `std`) and zero biases."""
        W = std * rng.standard_normal((patch_size**2, num_filters))
        return cls(W.astype(dtype), np.zeros(num_filters, dtype))

    def forward(self, patches: np.ndarray) -> np.ndarray:
        """Embed the patches of a batch of images.

        Args:
            patches: (N, P, K) float array. Not modified; kept as `self.patches` for `backward`.

        Returns:
            (N, F·P) float array. Feature f·P + p belongs to filter f and patch p: all patches of the first filter, then
            all of the second, and so on. (A convolution in PyTorch, flattened, has the same order.)

        Raises:
            NotImplementedError: TODO#3 is not written yet.
        """
        self.patches = patches
        W, b = self.params["W"], self.params["b"]
        N, P, _ = patches.shape
        F = W.shape[1]

        # TODO#3: compute `features`, shape (N, F·P): patch times filter, summed over the pixels, plus the filter's bias.
        # A matrix product gives the numbers as (N, P, F): filters must come before patches when you flatten them.
        ### BEGIN SOLUTION
        responses = patches @ W + b
        features = responses.transpose(0, 2, 1).reshape(N, F * P)
        ### END SOLUTION

        return features

    def backward(self, dout: np.ndarray) -> np.ndarray:
        """Go back through the embedding.

        Args:
            dout: (N, F·P) float array, the gradient of the loss in the features of the last `forward`. Not modified.

        Returns:
            (N, P, K) float array, the gradient of the loss in the patches. The gradients in W and b, summed over all
            images and patches, are ADDED to `self.grads` in place.

        Raises:
            NotImplementedError: TODO#4 is not written yet.
        """
        patches, W = self.patches, self.params["W"]
        N, P, K = patches.shape
        F = W.shape[1]

        # TODO#4: compute `dpatches`, shape (N, P, K), and add the gradients of W (K, F) and b (F,) to `self.grads`.
        # First bring `dout` back to (N, P, F), undoing the order of `forward`; then it is a linear layer with N·P rows.
        ### BEGIN SOLUTION
        dresponses = dout.reshape(N, F, P).transpose(0, 2, 1)
        rows = dresponses.reshape(N * P, F)
        self.grads["W"] += patches.reshape(N * P, K).T @ rows
        self.grads["b"] += np.sum(rows, axis=0)
        dpatches = dresponses @ W.T
        ### END SOLUTION

        return dpatches


def build_patch_net(
    rng: np.random.Generator,
    last_relu: bool = True,
    std: float = 0.1,
    linear_std: float = 0.05,
    dtype=np.float32,
) -> Sequential:
    """Return the network of the lab for MNIST: patches → embedding (392 features) → linear (10 scores) → ReLU.

    It is meant for pixels in [0, 1]. A ReLU on the scores can lose whole classes: standard
    deviations of 0.5 make that likely, very small ones possible; with these defaults it is rare.

    Args:
        rng: draws the weights, those of the embedding first.
        last_relu: whether the scores go through a ReLU.
        std: standard deviation of the filters.
        linear_std: standard deviation of the weights of the linear layer.
        dtype: of all parameters.
    """
    layers = [
        PatchEmbedding.random(rng, std=std, dtype=dtype),
        Linear.random(8 * 49, 10, rng, std=linear_std, dtype=dtype),
    ]
    return Sequential([*layers, ReLU()] if last_relu else layers)


def train(
    model,
    loss_layer,
    X: np.ndarray,
    y: np.ndarray,
    X_val: np.ndarray,
    y_val: np.ndarray,
    batches: Sequence[np.ndarray],
    learning_rate: float = 0.1,
    validate_every: int = 1000,
    verbose: bool = False,
) -> dict[str, list]:
    """Train a network by plain minibatch SGD, one update per minibatch, changing its parameters.

    Args:
        model: a layer (with `forward`, `backward`, `zero_grad` and `step`) that gives (N, C) scores.
        loss_layer: a SoftmaxCrossEntropy.
        X: (N_train, …) float array, here the patches (N_train, P, K). Not modified.
        y: (N_train,) integer array of labels. Not modified.
        X_val: (N_val, …) float array.
        y_val: (N_val,) integer array.
        batches: row numbers of one minibatch per update, as `update_batches` makes them.
        learning_rate: step size.
        validate_every: look at both sets after this many updates each time, and once before the first.
        verbose: print a line at every validation.

    Returns:
        A dict of lists: `loss_history` (minibatch loss before each update); and, one per validation, `updates` (how
        many had been made), `train_loss_history`, `train_err_history`, `val_loss_history` and `val_err_history`. The
        training set is judged on its first N_val rows.

    Raises:
        NotImplementedError: a TODO on the way is not written yet; the message names it.
    """
    lists = ("updates", "loss_history", "train_loss_history", "train_err_history")
    history = {name: [] for name in (*lists, "val_loss_history", "val_err_history")}
    figures = {"loss": history["loss_history"], "error": history["val_err_history"]}
    steps = progress(batches, "updates", **figures)

    def look(updates: int) -> None:
        history["updates"].append(updates)
        parts = {"train": (X[: len(X_val)], y[: len(X_val)]), "val": (X_val, y_val)}
        for name, (inputs, labels) in parts.items():
            loss, error = validate(model, loss_layer, inputs, labels)
            history[f"{name}_loss_history"].append(loss)
            history[f"{name}_err_history"].append(error)
        if verbose:
            steps.print(f"update {updates} / {len(batches)}: validation loss {loss:.4f}, error {error:.2%}")

    for update, rows in enumerate(steps):
        if update % validate_every == 0:
            look(update)
        X_batch, y_batch = X[rows], y[rows]

        # TODO#13: compute `loss` on the minibatch, a float, and make one update of the model with its gradients.
        # In this order: gradients to zero, forward, loss, backward, step. (Without the first, old gradients add up.)
        ### BEGIN SOLUTION
        model.zero_grad()
        scores = model.forward(X_batch)
        loss = loss_layer.forward(scores, y_batch)
        model.backward(loss_layer.backward())
        model.step(learning_rate)
        ### END SOLUTION

        history["loss_history"].append(loss)
    look(len(batches))
    return history


def validate(model, loss_layer, X: np.ndarray, y: np.ndarray, batch_size: int = 32) -> tuple[float, float]:
    """Compute the mean loss and the error of a network on a set, batch by batch. Nothing is trained.

    Args:
        model: as in `train`.
        loss_layer: a SoftmaxCrossEntropy; its `forward` gives the MEAN loss of a batch.
        X: (N, …) float array, N at least 1. Not modified.
        y: (N,) integer array of labels.
        batch_size: rows per batch; the last batch may be smaller.

    Returns:
        `loss`, the mean cross-entropy over all N examples, a float, and `error`, the share of examples whose highest
        score is not at their label, a float in [0, 1].

    Raises:
        NotImplementedError: a TODO on the way is not written yet; the message names it.
    """
    N = len(X)

    # TODO#14: compute `loss` and `error`, two floats: means over all N examples, from batches of `batch_size` rows.
    # The last batch may be smaller: weigh each batch by its number of rows, or its examples count too much.
    ### BEGIN SOLUTION
    total_loss = 0.0
    num_wrong = 0
    for start in range(0, N, batch_size):
        X_batch, y_batch = X[start : start + batch_size], y[start : start + batch_size]
        scores = model.forward(X_batch)
        total_loss += loss_layer.forward(scores, y_batch) * len(y_batch)
        num_wrong += int(np.sum(np.argmax(scores, axis=1) != y_batch))
    loss = total_loss / N
    error = num_wrong / N
    ### END SOLUTION

    return loss, error
