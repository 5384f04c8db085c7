"""A sigmoid network on MNIST, a whole minibatch at a time: lab 5 (`sigmoid_net`), second half.

You write the parts marked `TODO#5` to `TODO#9`; `TODO#1` to `TODO#4`, the same with plain numbers, are in
`scalar_net.py`. The linear layers and the loss are those of `layers.py`.

One letter means one thing throughout:

    N   examples in a batch        D   input features
    H   hidden units               C   classes
"""

import numpy as np

from cattern.batches import epoch_batches
from cattern.layers import Layer, Linear, Sequential
from cattern.progress import progress


class Sigmoid(Layer):
    """The sigmoid 1 / (1 + exp(−z)), element by element. It has no parameters."""

    def forward(self, Z: np.ndarray) -> np.ndarray:
        """Apply the sigmoid.

        Args:
            Z: float array of any shape. Not modified.

        Returns:
            An array of Z's shape and dtype, in [0, 1]; kept as `self.S` for `backward`.

        Raises:
            NotImplementedError: TODO#5 is not written yet.
        """
        # TODO#5: compute `S`, in the shape of Z, for the whole array at once.
        # exp() may not overflow here either: σ(z) = (1 + tanh(z/2)) / 2 is safe everywhere.
        ### BEGIN SOLUTION
        S = 0.5 * (1 + np.tanh(0.5 * Z))
        ### END SOLUTION

        self.S = S
        return S

    def backward(self, dout: np.ndarray) -> np.ndarray:
        """Go back through the sigmoid.

        Args:
            dout: array of Z's shape, the gradient of the loss in the output of the last `forward`. Not modified.

        Returns:
            An array of Z's shape, the gradient of the loss in Z.

        Raises:
            NotImplementedError: TODO#6 is not written yet.
        """
        S = self.S

        # TODO#6: compute `dZ`, in the shape of Z: the slope of the sigmoid follows from its value S.
        ### BEGIN SOLUTION
        dZ = dout * S * (1 - S)
        ### END SOLUTION

        return dZ


def build_sigmoid_net(
    rng: np.random.Generator,
    input_size: int = 784,
    hidden_size: int = 300,
    output_size: int = 10,
    std: float = 0.05,
    dtype=np.float32,
) -> Sequential:
    """Return the network: linear → sigmoid → linear → scores. Gaussian weights with sd `std`, zero biases.

    The softmax belongs to the loss, `SoftmaxCrossEntropy`. `rng` draws the first layer's weights before the second's.
    """
    first = Linear.random(input_size, hidden_size, rng, std, dtype)
    second = Linear.random(hidden_size, output_size, rng, std, dtype)
    return Sequential([first, Sigmoid(), second])


def train(
    model,
    loss_layer,
    X: np.ndarray,
    y: np.ndarray,
    X_val: np.ndarray,
    y_val: np.ndarray,
    rng: np.random.Generator,
    num_epochs: int = 5,
    batch_size: int = 16,
    learning_rate: float = 0.01,
) -> dict[str, list[float]]:
    """Train a network by minibatch SGD with gradients SUMMED over the minibatch, changing its parameters.

    Args:
        model: a layer (with `forward`, `backward`, `zero_grad` and `step`) that gives (N, C) scores.
        loss_layer: a SoftmaxCrossEntropy; its `forward` and `backward` are those of the MEAN loss.
        X: (N_train, D) float array. Not modified.
        y: (N_train,) integer array of labels. Not modified.
        X_val: (N_val, D) float array.
        y_val: (N_val,) integer array.
        rng: shuffles the rows, once per epoch.
        num_epochs: how often every training example is used.
        batch_size: rows per minibatch; the last one of an epoch may be smaller.
        learning_rate: step size, on the summed gradient.

    Returns:
        A dict of lists: `loss_history`, the MEAN loss of every minibatch before its update; and, one per epoch,
        `train_loss_history` (the mean of the epoch's minibatch losses), `val_loss_history` and `val_acc_history` (both
        with the parameters at its end).

    Raises:
        NotImplementedError: a TODO on the way is not written yet; the message names it.
    """
    history = {"loss_history": [], "train_loss_history": [], "val_loss_history": [], "val_acc_history": []}
    figures = {"loss": history["train_loss_history"], "accuracy": history["val_acc_history"]}
    for _ in progress(range(num_epochs), "epochs", **figures):
        losses = []
        for rows in epoch_batches(len(X), batch_size, rng):
            X_batch, y_batch = X[rows], y[rows]

            # TODO#7: compute `loss`, the mean loss of the minibatch, a float, and make one update of the model.
            # The loss layer's gradient is that of the mean: times the number of rows it is that of the sum.
            ### BEGIN SOLUTION
            model.zero_grad()
            loss = loss_layer.forward(model.forward(X_batch), y_batch)
            model.backward(len(rows) * loss_layer.backward())
            model.step(learning_rate)
            ### END SOLUTION

            losses.append(loss)

        history["loss_history"].extend(losses)
        history["train_loss_history"].append(float(np.mean(losses)))
        loss, accuracy = evaluate(model, loss_layer, X_val, y_val)
        history["val_loss_history"].append(loss)
        history["val_acc_history"].append(accuracy)
    return history


def predict(model, X: np.ndarray) -> np.ndarray:
    """Return the class with the highest score for every row of X.

    Args:
        model: as in `train`.
        X: (N, D) float array. Not modified.

    Returns:
        (N,) integer array.

    Raises:
        NotImplementedError: a TODO on the way is not written yet; the message names it.
    """
    # TODO#8: compute `y_pred`, shape (N,): the class with the highest score in every row.
    ### BEGIN SOLUTION
    y_pred = np.argmax(model.forward(X), axis=1)
    ### END SOLUTION

    return y_pred


def evaluate(model, loss_layer, X: np.ndarray, y: np.ndarray) -> tuple[float, float]:
    """Compute the mean loss and the accuracy on a whole set. Nothing is trained, and nothing to write here.

    Args:
        model: as in `train`.
        loss_layer: a SoftmaxCrossEntropy.
        X: (N, D) float array. Not modified.
        y: (N,) integer array of labels.

    Returns:
        `loss`, the mean cross-entropy, a float, and `accuracy`, a float in [0, 1].
    """
    scores = model.forward(X)
    loss = loss_layer.forward(scores, y)
    return loss, float(np.mean(np.argmax(scores, axis=1) == y))


def moving_average(values, window: int = 15) -> np.ndarray:
    """Smooth a curve: the mean of every `window` neighbouring values.

    Args:
        values: sequence of M numbers, M at least `window`. Not modified.
        window: how many values each mean is over, at least 1.

    Returns:
        (M − window + 1,) float64 array: entry i is the mean of values[i], …, values[i + window − 1].

    Raises:
        NotImplementedError: TODO#9 is not written yet.
    """
    # TODO#9: compute `means`, shape (M − window + 1,), with one call of `np.convolve`.
    # Only whole windows count: at the ends of the other modes of convolve, zeros stand for values that are not there.
    ### BEGIN SOLUTION
    means = np.convolve(values, np.ones(window) / window, mode="valid")
    ### END SOLUTION

    return means
