"""A small library of layers at work, and a ReLU whose gradient is wrong: lab 3 (`nn_library`).

One linear layer and a ReLU, on half of MNIST, for 200 epochs. You write the parts marked `TODO#1` to `TODO#6`; the
layers are those of `layers.py`. The same network is trained with three gradients of its ReLU, side by side.

One letter means one thing throughout:

    N   examples in a batch        D   input features        C   classes
"""

import numpy as np

from cattern.batches import epoch_batches
from cattern.layers import Linear, ReLU, Sequential
from cattern.progress import progress

# The ways to go back through the last ReLU: with its true gradient, as if it were not there, and without any ReLU.
VARIANTS = ("true", "straight-through", "none")


def sample_normalised(
    images: np.ndarray, labels: np.ndarray, num_samples: int, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Choose images at random, and make rows of pixels in [0, 1] of them.

    Args:
        images: (N, height, width) uint8 array of pixels in [0, 255]. Not modified.
        labels: (N,) integer array. Not modified.
        num_samples: how many images to choose, at most N.
        rng: draws the images.

    Returns:
        `X`, (num_samples, height·width) float32 in [0, 1]: every pixel divided by 255; and `y`, (num_samples,) int64,
        the labels of the same images. No image is chosen twice.

    Raises:
        NotImplementedError: TODO#1 is not written yet.
    """
    # TODO#1: draw `num_samples` row numbers without replacement; compute `X`, (num_samples, D) float32, and `y`, its labels.
    # uint8 divided by a number is float64, which would double the memory and slow down every epoch: make it float32.
    ### BEGIN SOLUTION
    rows = rng.choice(len(images), num_samples, replace=False)
    X = images[rows].reshape(num_samples, -1).astype(np.float32) / 255
    y = labels[rows].astype(np.int64)
    ### END SOLUTION

    return X, y


def one_hot(y: np.ndarray, num_classes: int) -> np.ndarray:
    """Write labels as one-hot rows.

    Args:
        y: (N,) integer array of labels in [0, C). Not modified.
        num_classes: C. (The highest class may be absent from y.)

    Returns:
        (N, C) float32 array: row i is 1 at column y[i], and 0 elsewhere.

    Raises:
        NotImplementedError: TODO#2 is not written yet.
    """
    # TODO#2: compute `Y`, shape (N, C), float32: one 1 in every row, at the column of the label.
    ### BEGIN SOLUTION
    Y = np.zeros((len(y), num_classes), dtype=np.float32)
    Y[np.arange(len(y)), y] = 1
    ### END SOLUTION

    return Y


def normalised_gaussian(shape: tuple[int, ...], rng: np.random.Generator, std: float = 0.1) -> np.ndarray:
    """Draw a Gaussian array and scale it, as a whole, to an L2 norm of 1.

    Args:
        shape: shape of the array.
        rng: draws the numbers.
        std: standard deviation before the scaling; the mean is 0.

    Returns:
        A float32 array: the square root of the sum of ALL its squares is 1.

    Raises:
        NotImplementedError: TODO#3 is not written yet.
    """
    # TODO#3: compute `array` in the given shape, float32: Gaussian numbers (mean 0, sd `std`), divided by their L2 norm.
    # One norm for the whole array, not one for each row.
    ### BEGIN SOLUTION
    array = rng.normal(0, std, shape)
    array = (array / np.sqrt(np.sum(array**2))).astype(np.float32)
    ### END SOLUTION

    return array


class StraightThroughReLU(ReLU):
    """A ReLU whose backward pass is wrong on purpose: it masks nothing and passes the gradient straight through."""

    def backward(self, dout: np.ndarray) -> np.ndarray:
        """Return `dout` itself, as if the layer had been the identity."""
        return dout


def build_model(
    rng: np.random.Generator, variant: str = "true", input_size: int = 784, output_size: int = 10
) -> Sequential:
    """Return the network of the lab: a linear layer, then the ReLU of the chosen variant. All float32.

    Args:
        rng: draws the weights, then the biases: both by `normalised_gaussian`. The variant changes nothing about them.
        variant: one of VARIANTS.
        input_size: D.
        output_size: C.

    Raises:
        ValueError: there is no such variant.
    """
    if variant not in VARIANTS:
        raise ValueError(f"there is no variant {variant!r}: choose one of {', '.join(VARIANTS)}")
    W = normalised_gaussian((input_size, output_size), rng)
    b = normalised_gaussian((output_size,), rng)
    activations = {"true": [ReLU()], "straight-through": [StraightThroughReLU()], "none": []}
    return Sequential([Linear(W, b), *activations[variant]])


def train_epoch(
    model, loss_layer, X: np.ndarray, Y: np.ndarray, batches: list[np.ndarray], learning_rate: float = 0.01
) -> tuple[list[float], list[float]]:
    """Make one update per minibatch, changing the model's parameters, and keep a history.

    Args:
        model: a layer (with `forward`, `backward`, `zero_grad` and `step`) that gives (N, C) scores.
        loss_layer: a SoftmaxCrossEntropy.
        X: (N_train, D) float32 array. Not modified.
        Y: (N_train, C) float32 array of one-hot rows. Not modified.
        batches: row numbers of one minibatch per update.
        learning_rate: step size.

    Returns:
        `losses`, the mean loss of every minibatch, and `accuracies`, the share of its examples whose highest score is
        at their label. Both belong to the parameters BEFORE the update on that minibatch.

    Raises:
        NotImplementedError: a TODO on the way is not written yet; the message names it.
    """
    losses: list[float] = []
    accuracies: list[float] = []
    for rows in batches:
        X_batch, Y_batch = X[rows], Y[rows]

        # TODO#4: make one update of the model, and append the loss and the accuracy of the minibatch, two floats.
        # The scores that the loss is computed from give the accuracy too: no second forward pass.
        ### BEGIN SOLUTION
        model.zero_grad()
        scores = model.forward(X_batch)
        losses.append(loss_layer.forward(scores, Y_batch))
        hits = np.argmax(scores, axis=1) == np.argmax(Y_batch, axis=1)
        accuracies.append(np.count_nonzero(hits) / len(rows))
        model.backward(loss_layer.backward())
        model.step(learning_rate)
        ### END SOLUTION

    return losses, accuracies


def evaluate(model, loss_layer, X: np.ndarray, Y: np.ndarray) -> tuple[float, float]:
    """Compute the mean loss and the accuracy on a whole set at once. Nothing is trained.

    Args:
        model: as in `train_epoch`.
        loss_layer: a SoftmaxCrossEntropy.
        X: (N, D) float32 array. Not modified.
        Y: (N, C) float32 array of one-hot rows. Not modified.

    Returns:
        `loss`, the mean cross-entropy, a float, and `accuracy`, a float in [0, 1].

    Raises:
        NotImplementedError: a TODO on the way is not written yet; the message names it.
    """
    # TODO#5: compute `loss` and `accuracy`, two floats, from one forward pass of all N rows.
    ### BEGIN SOLUTION
    scores = model.forward(X)
    loss = loss_layer.forward(scores, Y)
    accuracy = float(np.mean(np.argmax(scores, axis=1) == np.argmax(Y, axis=1)))
    ### END SOLUTION

    return loss, accuracy


def train(
    model,
    loss_layer,
    X: np.ndarray,
    Y: np.ndarray,
    X_val: np.ndarray,
    Y_val: np.ndarray,
    rng: np.random.Generator,
    num_epochs: int = 200,
    batch_size: int = 32,
    learning_rate: float = 0.01,
) -> dict[str, list[float]]:
    """Train a network for some epochs by plain minibatch SGD, changing its parameters.

    Args:
        model: as in `train_epoch`.
        loss_layer: a SoftmaxCrossEntropy.
        X: (N_train, D) float32 array. Not modified.
        Y: (N_train, C) float32 array of one-hot rows. Not modified.
        X_val: (N_val, D) float32 array.
        Y_val: (N_val, C) float32 array.
        rng: shuffles the rows, once per epoch.
        num_epochs: how often every training example is used.
        batch_size: rows per minibatch.
        learning_rate: step size.

    Returns:
        A dict of lists. One entry per minibatch: `loss_history` and `acc_history`, before its update. One per epoch,
        with the parameters at its END: `train_loss_history`, `train_acc_history`, `val_loss_history`, `val_acc_history`.

    Raises:
        NotImplementedError: a TODO on the way is not written yet; the message names it.
    """
    history = {
        "loss_history": [],
        "acc_history": [],
        "train_loss_history": [],
        "train_acc_history": [],
        "val_loss_history": [],
        "val_acc_history": [],
    }
    figures = {"loss": history["train_loss_history"], "accuracy": history["val_acc_history"]}
    for _ in progress(range(num_epochs), "epochs", **figures):
        batches = epoch_batches(len(X), batch_size, rng)

        # TODO#6: train one epoch, then add to all six lists in `history`: every minibatch to two, one number to four.
        # Call `train_epoch`, and `evaluate` on both sets. Lists grow flat: `extend` by a list, `append` a number.
        ### BEGIN SOLUTION
        losses, accuracies = train_epoch(model, loss_layer, X, Y, batches, learning_rate)
        history["loss_history"].extend(losses)
        history["acc_history"].extend(accuracies)
        for name, inputs, targets in (("train", X, Y), ("val", X_val, Y_val)):
            loss, accuracy = evaluate(model, loss_layer, inputs, targets)
            history[f"{name}_loss_history"].append(loss)
            history[f"{name}_acc_history"].append(accuracy)
        ### END SOLUTION

    return history
