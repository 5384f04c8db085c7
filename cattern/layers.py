"""The layers of a neural network, each with a forward and a backward pass: lab 2 (`patch_embedding`).

A layer turns an array into another (`forward`), and later the gradient of the loss in its output into the gradient of
the loss in its input (`backward`). You write the parts marked `TODO#5` to `TODO#12`; the other TODOs of lab 2 are in
`patch_embedding.py`. Labs 3, 4 and 5 build on these layers and import them from here.

One letter means one thing throughout:

    N   examples in a batch        D   input features of a layer
    H   output features            C   classes

`dout` is always the gradient of the loss in the layer's output, and has the output's shape. Arrays keep their dtype:
float32 in, float32 out.
"""

from collections.abc import Sequence
from typing import Self

import numpy as np


class Layer:
    """What all layers share: parameters, their gradients, and one step of gradient descent. Nothing to write here.

    `self.params` maps the names of the parameters to arrays, and `self.grads` maps the same names to arrays of the same
    shapes. A layer without parameters has two empty dicts.
    """

    def __init__(self, **params: np.ndarray):
        """Keep the parameters (the arrays themselves, no copies), with gradients of zero."""
        self.params = params
        self.grads = {name: np.zeros_like(param) for name, param in params.items()}

    def forward(self, X: np.ndarray) -> np.ndarray:
        """Return the layer's output for a batch, and remember what `backward` will need."""
        raise NotImplementedError(f"{type(self).__name__} has no forward pass")

    def backward(self, dout: np.ndarray) -> np.ndarray:
        """ADD the gradients of the parameters to `self.grads`, and return the gradient in the input."""
        raise NotImplementedError(f"{type(self).__name__} has no backward pass")

    def zero_grad(self) -> None:
        """Set all gradients to zero, in place. `backward` adds to them, so this comes before each update."""
        for grad in self.grads.values():
            grad.fill(0)

    def step(self, learning_rate: float) -> None:
        """Move all parameters by −learning_rate times their gradients, in place: one step of plain SGD."""
        for name, param in self.params.items():
            param -= learning_rate * self.grads[name]


class Linear(Layer):
    """The affine map X → X W + b, the same for every row.

    `self.params` holds `W` (D, H) and `b` (H,).
    """

    def __init__(self, W: np.ndarray, b: np.ndarray):
        """Keep the weights W (D, H) and the biases b (H,)."""
        super().__init__(W=W, b=b)

    @classmethod
    def random(
        cls, input_size: int, output_size: int, rng: np.random.Generator, std: float = 0.01, dtype=np.float64
    ) -> Self:
        """Return a layer with Gaussian weights (mean 0, standard deviation `std`) and zero biases.

        Args:
            input_size: D.
            output_size: H.
            rng: draws the weights.
            std: standard deviation of the weights.
            dtype: of both arrays.
        """
        W = std * rng.standard_normal((input_size, output_size))
        return cls(W.astype(dtype), np.zeros(output_size, dtype))

    def forward(self, X: np.ndarray) -> np.ndarray:
        """Apply the affine map to every row.

        Args:
            X: (N, D) float array. Not modified; kept as `self.X` for `backward`.

        Returns:
            (N, H) float array.

        Raises:
            NotImplementedError: TODO#5 is not written yet.
        """
        self.X = X
        W, b = self.params["W"], self.params["b"]

        # TODO#5: compute `out`, shape (N, H): the affine map of every row of X.
        ### BEGIN SOLUTION
        out = X @ W + b
        ### END SOLUTION

        return out

    def backward(self, dout: np.ndarray) -> np.ndarray:
        """Go back through the affine map.

        Args:
            dout: (N, H) float array, the gradient of the loss in the output of the last `forward`. Not modified.

        Returns:
            (N, D) float array, the gradient of the loss in X. The gradients in W and b, summed over the rows, are ADDED
            to `self.grads` in place.

        Raises:
            NotImplementedError: TODO#6 is not written yet.
        """
        X, W = self.X, self.params["W"]

        # TODO#6: compute `dX`, shape (N, D), and add the gradients of W (D, H) and b (H,) to `self.grads`.
        # Add with `+=`: what an earlier call has left there must stay. Each gradient has the shape of its array.
        ### BEGIN SOLUTION
        self.grads["W"] += X.T @ dout
        self.grads["b"] += np.sum(dout, axis=0)
        dX = dout @ W.T
        ### END SOLUTION

        return dX


class ReLU(Layer):
    """The rectifier: z where z > 0, else 0, element by element. It has no parameters."""

    def forward(self, Z: np.ndarray) -> np.ndarray:
        """Apply the rectifier.

        Args:
            Z: float array of any shape. Not modified; kept as `self.Z` for `backward`.

        Returns:
            An array of Z's shape.

        Raises:
            NotImplementedError: TODO#7 is not written yet.
        """
        self.Z = Z

        # TODO#7: compute `out`, in the shape of Z: every negative number becomes 0.
        ### BEGIN SOLUTION
        out = np.maximum(Z, 0)
        ### END SOLUTION

        return out

    def backward(self, dout: np.ndarray) -> np.ndarray:
        """Go back through the rectifier.

        Args:
            dout: float array of Z's shape, the gradient of the loss in the output of the last `forward`. Not modified.

        Returns:
            An array of Z's shape, the gradient of the loss in Z; zero wherever Z <= 0.

        Raises:
            NotImplementedError: TODO#8 is not written yet.
        """
        Z = self.Z

        # TODO#8: compute `dZ`, in the shape of Z: `dout` where Z > 0, and zero where Z <= 0.
        # Make a new array: `dout` belongs to the caller.
        ### BEGIN SOLUTION
        dZ = dout * (Z > 0)
        ### END SOLUTION

        return dZ


class SoftmaxCrossEntropy:
    """Softmax and mean cross-entropy in one: scores and labels in, one number out. It ends every network.

    Taken together, the two have a gradient that is simpler than either's own: (softmax(scores) − onehot(y)) / N.
    """

    def forward(self, scores: np.ndarray, y: np.ndarray) -> float:
        """Compute the loss.

        Args:
            scores: (N, C) float array of raw class scores. Not modified.
            y: (N,) integer array of labels in [0, C), or (N, C) one-hot rows. Not modified.

        Returns:
            The cross-entropy −log softmax(scores)[label], a float: the MEAN over the batch. It stays finite for scores
            of ±1000.

        Raises:
            NotImplementedError: TODO#9 is not written yet.
        """
        N, C = scores.shape
        # Row i of `targets` is 1 at the label of example i and 0 elsewhere.
        self.targets = y if y.ndim == 2 else (y[:, None] == np.arange(C)).astype(scores.dtype)
        targets = self.targets

        # TODO#9: compute `probs`, shape (N, C), the softmax of every row, and `loss`, the mean cross-entropy.
        # Subtract each row's maximum before exp(), and do not take the log of a probability that may have become 0:
        # log softmax(s)_j is s_j − log(sum_k exp(s_k)).
        ### BEGIN SOLUTION
        shifted = scores - np.max(scores, axis=1, keepdims=True)
        log_probs = shifted - np.log(np.sum(np.exp(shifted), axis=1, keepdims=True))
        probs = np.exp(log_probs)
        loss = -np.sum(targets * log_probs) / N
        ### END SOLUTION

        self.probs = probs
        return float(loss)

    def backward(self) -> np.ndarray:
        """Return the gradient of the loss of the last `forward` in its scores.

        Returns:
            (N, C) float array, the gradient of the MEAN loss: (softmax(scores) − onehot(y)) / N. `self.probs` and
            `self.targets` stay as they are.

        Raises:
            NotImplementedError: TODO#10 is not written yet.
        """
        probs, targets = self.probs, self.targets
        N = probs.shape[0]

        # TODO#10: compute `dscores`, shape (N, C): the gradient of the mean cross-entropy in the scores.
        ### BEGIN SOLUTION
        dscores = (probs - targets) / N
        ### END SOLUTION

        return dscores


class Sequential(Layer):
    """A network: layers one after the other. It is a layer itself.

    Its parameters stay in its layers: `self.layers[0].params["W"]`.
    """

    def __init__(self, layers: Sequence[Layer]):
        """Keep the layers, the one next to the input first."""
        super().__init__()
        self.layers = list(layers)

    def forward(self, X: np.ndarray) -> np.ndarray:
        """Send a batch through all layers, first to last.

        Args:
            X: the input of the first layer. Not modified.

        Returns:
            The output of the last layer; X itself when there is no layer.

        Raises:
            NotImplementedError: TODO#11, or the forward pass of a layer, is not written yet.
        """
        # TODO#11: compute `out`: each layer's input is the output of the layer before it.
        ### BEGIN SOLUTION
        out = X
        for layer in self.layers:
            out = layer.forward(out)
        ### END SOLUTION

        return out

    def backward(self, dout: np.ndarray) -> np.ndarray:
        """Send a gradient back through all layers, last to first. Each layer adds to its own gradients.

        Args:
            dout: the gradient of the loss in the output of the last `forward`. Not modified.

        Returns:
            The gradient of the loss in X, in X's shape.

        Raises:
            NotImplementedError: TODO#12, or the backward pass of a layer, is not written yet.
        """
        # TODO#12: compute `dX`: the chain rule, from the last layer to the first.
        ### BEGIN SOLUTION
        dX = dout
        for layer in reversed(self.layers):
            dX = layer.backward(dX)
        ### END SOLUTION

        return dX

    def zero_grad(self) -> None:
        """Set the gradients of all layers to zero."""
        for layer in self.layers:
            layer.zero_grad()

    def step(self, learning_rate: float) -> None:
        """Take one step of plain SGD in all layers."""
        for layer in self.layers:
            layer.step(learning_rate)
