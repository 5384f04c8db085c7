"""A two-layer fully connected network, from scratch: lab 1 (`two_layer_net`).

The network computes  X → affine → ReLU → affine → scores  and is trained with the softmax cross-entropy loss and
L2 regularisation, by minibatch stochastic gradient descent (SGD). You write the parts marked `TODO#1` to `TODO#7`;
everything else is given.

One letter means one thing throughout:

    N   examples in a batch        D   input features
    H   hidden units               C   classes
"""

import numpy as np

from cattern.progress import progress


class TwoLayerNet:
    """A network with one hidden ReLU layer and one score per class.

    `self.params` maps the names of the parameters to float64 arrays:

        W1  (D, H)   first-layer weights      b1  (H,)   first-layer biases
        W2  (H, C)   second-layer weights     b2  (C,)   second-layer biases
    """

    def __init__(self, input_size: int, hidden_size: int, output_size: int, std: float = 1e-4):
        """Draw small random weights and set the biases to zero.

        Args:
            input_size: D, the number of input features.
            hidden_size: H, the number of hidden units.
            output_size: C, the number of classes.
            std: standard deviation of the weights. They come from NumPy's global random stream, W1 before W2,
                so `np.random.seed` makes them reproducible.
        """
        self.params = {}
        self.params["W1"] = std * np.random.randn(input_size, hidden_size)
        self.params["b1"] = np.zeros(hidden_size)
        self.params["W2"] = std * np.random.randn(hidden_size, output_size)
        self.params["b2"] = np.zeros(output_size)
        # While TODO#3 is still to be written, set this to False: `loss` then stops after TODO#2.
        self.wants_grads = True

    def loss(self, X: np.ndarray, y: np.ndarray | None = None, reg: float = 0.0):
        """Compute the scores, or the loss and its gradients.

        Args:
            X: (N, D) float array, one example per row. It is not modified.
            y: (N,) integer array of labels in [0, C), or None.
            reg: strength of the L2 regularisation, 0 or more.

        Returns:
            With `y` None, the scores: an (N, C) float array, where `scores[i, c]` is the score of class c for example i
            (before any softmax). Otherwise a pair `(loss, grads)`:

            loss: a float, the MEAN cross-entropy over the batch plus `0.5 * reg` times the sum of all squared weights.
                The biases are not regularised.
            grads: a dict with the same keys and shapes as `self.params`; `grads[name]` is the derivative of `loss`
                with respect to `params[name]`. Empty when `self.wants_grads` is False.

        Raises:
            NotImplementedError: a TODO on the way is not written yet; the message names it.
        """
        W1, b1 = self.params["W1"], self.params["b1"]
        W2, b2 = self.params["W2"], self.params["b2"]
        N = X.shape[0]

        # TODO#1: compute `scores`, shape (N, C): the raw class scores.
        # The layers are: affine (W1, b1), ReLU, affine (W2, b2). There is no softmax here: it belongs to the loss.
        ### BEGIN SOLUTION
        pre_activation = X @ W1 + b1
        hidden = np.maximum(0, pre_activation)
        scores = hidden @ W2 + b2
        ### END SOLUTION

        # Stage 1 ends here: without labels, the scores are the answer.
        if y is None:
            return scores

        # TODO#2: compute `loss`, a float: the mean softmax cross-entropy plus the L2 term of both weight matrices.
        # The cross-entropy of one row is -log(softmax(scores)[y]). The L2 term carries the factor 0.5 * reg.
        # Subtracting each row's maximum from its scores first changes nothing, except that exp() cannot overflow.
        ### BEGIN SOLUTION
        shifted = scores - np.max(scores, axis=1, keepdims=True)
        exp_scores = np.exp(shifted)
        probs = exp_scores / np.sum(exp_scores, axis=1, keepdims=True)
        data_loss = -np.sum(np.log(probs[np.arange(N), y])) / N
        reg_loss = 0.5 * reg * (np.sum(W1 * W1) + np.sum(W2 * W2))
        loss = data_loss + reg_loss
        ### END SOLUTION

        # Stage 2 ends here when the gradients are not wanted yet.
        grads = {}
        if not self.wants_grads:
            return loss, grads

        # TODO#3: fill `grads["W1"]`, `grads["b1"]`, `grads["W2"]` and `grads["b2"]`, each in the shape of its parameter.
        # Go backwards: from the loss to the scores, through the second layer, the ReLU, and the first layer.
        # The gradient of the mean cross-entropy in the scores is (softmax(scores) - onehot(y)) / N.
        ### BEGIN SOLUTION
        dscores = probs.copy()
        dscores[np.arange(N), y] -= 1
        dscores /= N
        grads["W2"] = hidden.T @ dscores + reg * W2
        grads["b2"] = np.sum(dscores, axis=0)
        dhidden = dscores @ W2.T
        dhidden[pre_activation <= 0] = 0
        grads["W1"] = X.T @ dhidden + reg * W1
        grads["b1"] = np.sum(dhidden, axis=0)
        ### END SOLUTION

        return loss, grads

    def train(
        self,
        X: np.ndarray,
        y: np.ndarray,
        X_val: np.ndarray,
        y_val: np.ndarray,
        learning_rate: float = 1e-3,
        learning_rate_decay: float = 0.95,
        reg: float = 1e-5,
        num_iters: int = 100,
        batch_size: int = 200,
        verbose: bool = False,
    ) -> dict[str, list[float]]:
        """Train the network by minibatch SGD, changing `self.params`.

        Args:
            X: (N_train, D) float array of training examples. Not modified.
            y: (N_train,) integer array of their labels in [0, C). Not modified.
            X_val: (N_val, D) float array of validation examples.
            y_val: (N_val,) integer array of their labels.
            learning_rate: step size of the first update.
            learning_rate_decay: factor on the learning rate, applied once per epoch. An epoch ends with the first
                update before which another N_train examples had been drawn, whatever the batch size; the very first
                update counts as an end, too. Batches of N_train and more make every update an epoch.
            reg: strength of the L2 regularisation, handed to `loss`.
            num_iters: number of updates.
            batch_size: examples per update, drawn with replacement; it may exceed N_train.
            verbose: print the loss every 100 iterations, and show a bar where somebody looks on; Ctrl+C then ends the
                training and keeps what was learned.

        Returns:
            A dict of lists: `loss_history` (the minibatch loss, one per iteration), `train_acc_history` (accuracy on
            the current minibatch, one per epoch) and `val_acc_history` (accuracy on the validation set, one per epoch).

        Raises:
            NotImplementedError: a TODO on the way is not written yet; the message names it.
        """
        N_train = examples_per_epoch = X.shape[0]
        loss_history = []
        train_acc_history = []
        val_acc_history = []

        updates = progress(range(num_iters), "updates", verbose, loss=loss_history, accuracy=val_acc_history)
        for it in updates:
            # TODO#4: draw a minibatch: `X_batch`, shape (batch_size, D), and `y_batch`, shape (batch_size,).
            # Use np.random.choice to draw batch_size row numbers with replacement, and take the SAME rows of X and y.
            ### BEGIN SOLUTION
            batch = np.random.choice(N_train, batch_size)
            X_batch = X[batch]
            y_batch = y[batch]
            ### END SOLUTION

            loss, grads = self.loss(X_batch, y=y_batch, reg=reg)
            loss_history.append(loss)

            # TODO#5: update all four arrays in `self.params` by one step of gradient descent.
            # A step goes AGAINST the gradient; its length is `learning_rate` times the gradient.
            ### BEGIN SOLUTION
            for name in self.params:
                self.params[name] -= learning_rate * grads[name]
            ### END SOLUTION

            if verbose and it % 100 == 0:
                updates.print(f"iteration {it} / {num_iters}: loss {loss:f}")

            # Once per epoch, iteration 0 included: record the accuracies, then lower the learning rate.
            if it * batch_size % examples_per_epoch < batch_size:
                train_acc_history.append(float(np.mean(self.predict(X_batch) == y_batch)))
                val_acc_history.append(float(np.mean(self.predict(X_val) == y_val)))

                # TODO#6: decay the learning rate: multiply `learning_rate` by `learning_rate_decay`.
                ### BEGIN SOLUTION
                learning_rate *= learning_rate_decay
                ### END SOLUTION

        return {
            "loss_history": loss_history,
            "train_acc_history": train_acc_history,
            "val_acc_history": val_acc_history,
        }

    def predict(self, X: np.ndarray) -> np.ndarray:
        """Predict a label for every row of X.

        Args:
            X: (N, D) float array, one example per row. It is not modified.

        Returns:
            (N,) integer array: for each row, the class with the highest score.

        Raises:
            NotImplementedError: a TODO on the way is not written yet; the message names it.
        """
        # TODO#7: compute `y_pred`, shape (N,): the class with the highest score for every row of X.
        ### BEGIN SOLUTION
        scores = self.loss(X)
        y_pred = np.argmax(scores, axis=1)
        ### END SOLUTION

        return y_pred
