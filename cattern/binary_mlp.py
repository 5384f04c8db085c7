"""Networks with one and two hidden layers on ten features, and where their gradients come from: lab 4 (`binary_mlp`).

The layers of `layers.py` do the work. Here you first write their gradients down number by number, as the derivation on
paper gives them, then put the layers together and train them. You write the parts marked `TODO#1` to `TODO#9`.

One letter means one thing throughout:

    N   examples in a batch        D   input features
    H   hidden units               C   classes

The derivations treat ONE example: an input h of D numbers, logits of C numbers, and a label. "Logits" are raw scores.
"""

import math
from typing import Self

import numpy as np

from cattern.batches import epoch_batches
from cattern.layers import Linear, ReLU, Sequential, SoftmaxCrossEntropy
from cattern.progress import progress


class SoftmaxCrossEntropyLoss(SoftmaxCrossEntropy):
    """The loss layer of lab 2, with its derivation for one example. `forward` and `backward` are those of lab 2."""

    def loss_by_index(self, logits: np.ndarray, label: int) -> float:
        """Compute the loss of one example from the definition.

        Args:
            logits: (C,) float array of moderate numbers (exp() of them does not overflow). Not modified.
            label: the right class, an integer in [0, C).

        Returns:
            L = −log p_label, where p_j = exp(logit_j) / sum_k exp(logit_k); a float.

        Raises:
            NotImplementedError: TODO#1 is not written yet.
        """
        # TODO#1: compute `loss`, a float, with a Python loop over the classes and `math.exp`, `math.log`.
        # The sum in the softmax runs over ALL classes, the label's own included.
        ### BEGIN SOLUTION
        total = 0.0
        for logit in logits:
            total += math.exp(logit)
        loss = -math.log(math.exp(logits[label]) / total)
        ### END SOLUTION

        return loss

    def gradient_by_index(self, logits: np.ndarray, label: int) -> np.ndarray:
        """Compute the gradient of one example's loss in its logits, element by element.

        Args:
            logits: (C,) float array, as in `loss_by_index`. Not modified.
            label: the right class, an integer in [0, C).

        Returns:
            (C,) float64 array: dL/dlogit_j = p_j − y_j, where y_j is 1 at the label and 0 elsewhere.

        Raises:
            NotImplementedError: TODO#2 is not written yet.
        """
        C = len(logits)
        dlogits = np.zeros(C)

        # TODO#2: fill `dlogits`, shape (C,): for each class j, dlogits[j] = p_j − y_j.
        ### BEGIN SOLUTION
        total = 0.0
        for logit in logits:
            total += math.exp(logit)
        for j in range(C):
            p_j = math.exp(logits[j]) / total
            y_j = 1.0 if j == label else 0.0
            dlogits[j] = p_j - y_j
        ### END SOLUTION

        return dlogits


class LinearMap(Linear):
    """The linear layer of lab 2, with its derivation for one example. `forward` and `backward` are those of lab 2."""

    def gradients_by_index(
        self, h: np.ndarray, dlogits: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Compute all gradients of the map for one example, element by element.

        On paper: logit_i = sum_j W_ij h_j + b_i, so dL/dW_ij = dL/dlogit_i · h_j, dL/db_i = dL/dlogit_i and
        dL/dh_j = sum_i dL/dlogit_i · W_ij. With softmax and cross-entropy behind it, dL/dlogit_i is p_i − y_i.

        Args:
            h: (D,) float array, the input of the map. Not modified.
            dlogits: (C,) float array, dL/dlogit_i. Not modified.

        Returns:
            `dW` (D, C), `db` (C,) and `dh` (D,), float64. Unlike `backward`, this leaves `self.grads` alone.

        Raises:
            NotImplementedError: TODO#3 is not written yet.
        """
        W = self.params["W"]
        D, C = W.shape
        dW, db, dh = np.zeros((D, C)), np.zeros(C), np.zeros(D)

        # TODO#3: fill `dW` (D, C), `db` (C,) and `dh` (D,) with Python loops over the outputs i and the inputs j.
        # Paper writes W_ij with the output first; the array has the input first: W_ij is W[j, i], and so for dW.
        ### BEGIN SOLUTION
        for i in range(C):
            db[i] = dlogits[i]
            for j in range(D):
                dW[j, i] = dlogits[i] * h[j]
                dh[j] += dlogits[i] * W[j, i]
        ### END SOLUTION

        return dW, db, dh


class SingleLayerMLP(Sequential):
    """A network with a single hidden layer: linear → ReLU → linear → logits.

    Zeroing the gradients and the SGD step are inherited; the way through the layers is written out here.
    """

    def __init__(self, linear1: LinearMap, linear2: LinearMap):
        """Keep the maps, (D, H) and (H, C), and put a ReLU between them."""
        self.linear1, self.relu, self.linear2 = linear1, ReLU(), linear2
        super().__init__([self.linear1, self.relu, self.linear2])

    @classmethod
    def random(
        cls, input_size: int, hidden_size: int, output_size: int, rng: np.random.Generator, std: float = 0.05
    ) -> Self:
        """Return a network with Gaussian weights (mean 0, standard deviation `std`) and zero biases, in float64."""
        return cls(
            LinearMap.random(input_size, hidden_size, rng, std),
            LinearMap.random(hidden_size, output_size, rng, std),
        )

    def forward(self, X: np.ndarray) -> np.ndarray:
        """Compute the logits (N, C) of a batch X (N, D), which is not modified. No softmax: it is in the loss.

        Raises NotImplementedError until TODO#4 is written.
        """
        # TODO#4: compute `logits`, shape (N, C), by the `forward` of self.linear1, self.relu and self.linear2.
        ### BEGIN SOLUTION
        z1 = self.linear1.forward(X)
        h1 = self.relu.forward(z1)
        logits = self.linear2.forward(h1)
        ### END SOLUTION

        return logits

    def backward(self, dlogits: np.ndarray) -> np.ndarray:
        """Return the gradient in X (N, D) from that in the logits (N, C); each layer adds to its own gradients.

        Raises NotImplementedError until TODO#5 is written.
        """
        # TODO#5: compute `dX`, shape (N, D), by the `backward` of the three layers, in the right order.
        ### BEGIN SOLUTION
        dh1 = self.linear2.backward(dlogits)
        dz1 = self.relu.backward(dh1)
        dX = self.linear1.backward(dz1)
        ### END SOLUTION

        return dX


def train(
    model,
    loss_layer,
    X: np.ndarray,
    y: np.ndarray,
    X_test: np.ndarray,
    y_test: np.ndarray,
    rng: np.random.Generator,
    num_epochs: int = 200,
    batch_size: int = 64,
    learning_rate: float = 0.01,
) -> dict[str, list[float]]:
    """Train a network by plain minibatch SGD on the MEAN loss, changing its parameters.

    Args:
        model: a layer (with `forward`, `backward`, `zero_grad` and `step`) that gives (N, C) logits.
        loss_layer: a SoftmaxCrossEntropyLoss.
        X: (N_train, D) float array. Not modified.
        y: (N_train,) integer array of labels. Not modified.
        X_test: (N_test, D) float array.
        y_test: (N_test,) integer array.
        rng: shuffles the rows, once per epoch.
        num_epochs: how often every training example is used.
        batch_size: rows per minibatch.
        learning_rate: step size.

    Returns:
        A dict of lists: `loss_history`, the minibatch loss before each update; and, one per epoch and with the
        parameters at its END, `train_loss_history`, `train_acc_history`, `test_loss_history`, `test_acc_history`.

    Raises:
        NotImplementedError: a TODO on the way is not written yet; the message names it.
    """
    kinds = ("loss", "train_loss", "train_acc", "test_loss", "test_acc")
    history = {f"{kind}_history": [] for kind in kinds}
    figures = {"loss": history["train_loss_history"], "accuracy": history["test_acc_history"]}
    for _ in progress(range(num_epochs), "epochs", **figures):
        for rows in epoch_batches(len(X), batch_size, rng):
            # TODO#6: compute `loss` on the rows of this minibatch, a float, and make one update of the model.
            # Set the gradients to zero first, and take the same rows of X and y.
            ### BEGIN SOLUTION
            model.zero_grad()
            loss = loss_layer.forward(model.forward(X[rows]), y[rows])
            model.backward(loss_layer.backward())
            model.step(learning_rate)
            ### END SOLUTION

            history["loss_history"].append(loss)

        for name, inputs, labels in (("train", X, y), ("test", X_test, y_test)):
            loss, accuracy = evaluate(model, loss_layer, inputs, labels)
            history[f"{name}_loss_history"].append(loss)
            history[f"{name}_acc_history"].append(accuracy)
    return history


def evaluate(model, loss_layer, X: np.ndarray, y: np.ndarray) -> tuple[float, float]:
    """Compute the mean loss and the accuracy on a whole set. Nothing is trained.

    Args:
        model: as in `train`.
        loss_layer: a SoftmaxCrossEntropyLoss.
        X: (N, D) float array. Not modified.
        y: (N,) integer array of labels.

    Returns:
        `loss`, the mean cross-entropy, a float, and `accuracy`, the share of rows whose highest logit is at their
        label, a float in [0, 1].

    Raises:
        NotImplementedError: a TODO on the way is not written yet; the message names it.
    """
    # TODO#7: compute `loss` and `accuracy`, two floats, from one forward pass of all rows.
    ### BEGIN SOLUTION
    logits = model.forward(X)
    loss = loss_layer.forward(logits, y)
    accuracy = float(np.mean(np.argmax(logits, axis=1) == y))
    ### END SOLUTION

    return loss, accuracy


class TwoHiddenLayerMLP(Sequential):
    """A network with two hidden layers: linear → ReLU → linear → ReLU → linear → logits."""

    def __init__(self, linear1: LinearMap, linear2: LinearMap, linear3: LinearMap):
        """Keep the maps, (D, H), (H, H) and (H, C), with a ReLU of its own after each of the first two."""
        self.linear1, self.relu1 = linear1, ReLU()
        self.linear2, self.relu2 = linear2, ReLU()
        self.linear3 = linear3
        super().__init__([self.linear1, self.relu1, self.linear2, self.relu2, self.linear3])

    @classmethod
    def random(
        cls, input_size: int, hidden_size: int, output_size: int, rng: np.random.Generator, std: float = 0.05
    ) -> Self:
        """Return a network as SingleLayerMLP.random does, with `hidden_size` units in both hidden layers."""
        return cls(
            LinearMap.random(input_size, hidden_size, rng, std),
            LinearMap.random(hidden_size, hidden_size, rng, std),
            LinearMap.random(hidden_size, output_size, rng, std),
        )

    def forward(self, X: np.ndarray) -> np.ndarray:
        """Compute the logits (N, C) of a batch X (N, D). Raises NotImplementedError until TODO#8 is written."""
        # TODO#8: compute `logits`, shape (N, C), by the `forward` of all five layers.
        ### BEGIN SOLUTION
        h1 = self.relu1.forward(self.linear1.forward(X))
        h2 = self.relu2.forward(self.linear2.forward(h1))
        logits = self.linear3.forward(h2)
        ### END SOLUTION

        return logits

    def backward(self, dlogits: np.ndarray) -> np.ndarray:
        """Return the gradient in X (N, D) from that in the logits (N, C); each layer adds to its own gradients.

        Raises NotImplementedError until TODO#9 is written.
        """
        # TODO#9: compute `dX`, shape (N, D), by the `backward` of all five layers.
        # Each ReLU masks with what went through ITSELF: do not mix up the two.
        ### BEGIN SOLUTION
        dh2 = self.linear3.backward(dlogits)
        dh1 = self.linear2.backward(self.relu2.backward(dh2))
        dX = self.linear1.backward(self.relu1.backward(dh1))
        ### END SOLUTION

        return dX
