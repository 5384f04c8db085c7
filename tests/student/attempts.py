"""What the scripted student types for each TODO of lab 1, one attempt after the other: six or more wrong ones, then a right one.

Each attempt is a title and the lines that take the place of the stub.
"""

ATTEMPTS: dict[str, list[tuple[str, str]]] = {
    "TODO#1": [
        ("the lines are pasted with their prompt", ">>> scores = X.dot(W1)"),
        ("a name that is not there", "hidden = np.maximum(0, X @ self.W1 + b1)\nscores = hidden @ W2 + b2"),
        ("the second layer alone", "scores = X @ W2 + b2"),
        ("no ReLU", "scores = (X @ W1 + b1) @ W2 + b2"),
        ("the biases are forgotten", "scores = np.maximum(0, X @ W1) @ W2"),
        ("a sigmoid instead of the ReLU", "scores = 1 / (1 + np.exp(-(X @ W1 + b1))) @ W2 + b2"),
        ("ReLU on the scores, too", "scores = np.maximum(0, np.maximum(0, X @ W1 + b1) @ W2 + b2)"),
        (
            "softmax on top",
            "scores = np.maximum(0, X @ W1 + b1) @ W2 + b2\n"
            "scores = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)",
        ),
        ("printed and not kept", "print(np.maximum(0, X @ W1 + b1) @ W2 + b2)"),
        ("right", "hidden = np.maximum(0, X @ W1 + b1)\nscores = hidden @ W2 + b2"),
    ],
    "TODO#2": [
        (
            "the sum, not the mean",
            "probs = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)\n"
            "loss = -np.log(probs[np.arange(N), y]).sum() + 0.5 * reg * ((W1 ** 2).sum() + (W2 ** 2).sum())",
        ),
        (
            "no factor of one half",
            "probs = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)\n"
            "loss = -np.log(probs[np.arange(N), y]).mean() + reg * ((W1 ** 2).sum() + (W2 ** 2).sum())",
        ),
        (
            "one weight matrix regularised",
            "probs = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)\n"
            "loss = -np.log(probs[np.arange(N), y]).mean() + 0.5 * reg * (W1 ** 2).sum()",
        ),
        (
            "every column of y",
            "probs = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)\n"
            "loss = -np.log(probs[:, y]).mean() + 0.5 * reg * ((W1 ** 2).sum() + (W2 ** 2).sum())",
        ),
        (
            "the softmax over all examples",
            "probs = np.exp(scores) / np.exp(scores).sum()\n"
            "loss = -np.log(probs[np.arange(N), y]).mean() + 0.5 * reg * ((W1 ** 2).sum() + (W2 ** 2).sum())",
        ),
        (
            "the sign is lost",
            "probs = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)\n"
            "loss = np.log(probs[np.arange(N), y]).mean() + 0.5 * reg * ((W1 ** 2).sum() + (W2 ** 2).sum())",
        ),
        (
            "one number for each example",
            "probs = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)\n"
            "loss = -np.log(probs[np.arange(N), y]) + 0.5 * reg * ((W1 ** 2).sum() + (W2 ** 2).sum())",
        ),
        (
            "right, but for large scores",
            "probs = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)\n"
            "loss = -np.log(probs[np.arange(N), y]).mean() + 0.5 * reg * ((W1 ** 2).sum() + (W2 ** 2).sum())",
        ),
        (
            "right",
            "shifted = scores - scores.max(axis=1, keepdims=True)\n"
            "probs = np.exp(shifted) / np.exp(shifted).sum(axis=1, keepdims=True)\n"
            "loss = -np.log(probs[np.arange(N), y]).mean() + 0.5 * reg * ((W1 ** 2).sum() + (W2 ** 2).sum())",
        ),
    ],
    "TODO#3": [
        (
            "W2 and b2 only",
            'd = probs.copy()\nd[np.arange(N), y] -= 1\nd /= N\ngrads["W2"] = hidden.T @ d + reg * W2\n'
            'grads["b2"] = d.sum(axis=0)',
        ),
        (
            "not divided by N",
            'd = probs.copy()\nd[np.arange(N), y] -= 1\ngrads["W2"] = hidden.T @ d + reg * W2\n'
            'grads["b2"] = d.sum(axis=0)\ndh = d @ W2.T\ndh[hidden <= 0] = 0\n'
            'grads["W1"] = X.T @ dh + reg * W1\ngrads["b1"] = dh.sum(axis=0)',
        ),
        (
            "no mask of the ReLU",
            'd = probs.copy()\nd[np.arange(N), y] -= 1\nd /= N\ngrads["W2"] = hidden.T @ d + reg * W2\n'
            'grads["b2"] = d.sum(axis=0)\ndh = d @ W2.T\n'
            'grads["W1"] = X.T @ dh + reg * W1\ngrads["b1"] = dh.sum(axis=0)',
        ),
        (
            "no regularisation",
            'd = probs.copy()\nd[np.arange(N), y] -= 1\nd /= N\ngrads["W2"] = hidden.T @ d\n'
            'grads["b2"] = d.sum(axis=0)\ndh = d @ W2.T\ndh[hidden <= 0] = 0\n'
            'grads["W1"] = X.T @ dh\ngrads["b1"] = dh.sum(axis=0)',
        ),
        (
            "rows instead of vectors for the biases",
            'd = probs.copy()\nd[np.arange(N), y] -= 1\nd /= N\ngrads["W2"] = hidden.T @ d + reg * W2\n'
            'grads["b2"] = d.sum(axis=0, keepdims=True)\ndh = d @ W2.T\ndh[hidden <= 0] = 0\n'
            'grads["W1"] = X.T @ dh + reg * W1\ngrads["b1"] = dh.sum(axis=0, keepdims=True)',
        ),
        (
            "means for the biases",
            'd = probs.copy()\nd[np.arange(N), y] -= 1\nd /= N\ngrads["W2"] = hidden.T @ d + reg * W2\n'
            'grads["b2"] = d.mean(axis=0)\ndh = d @ W2.T\ndh[hidden <= 0] = 0\n'
            'grads["W1"] = X.T @ dh + reg * W1\ngrads["b1"] = dh.mean(axis=0)',
        ),
        (
            "matrices that do not fit",
            'd = probs.copy()\nd[np.arange(N), y] -= 1\nd /= N\ngrads["W2"] = d @ hidden.T + reg * W2',
        ),
        (
            "right",
            'd = probs.copy()\nd[np.arange(N), y] -= 1\nd /= N\ngrads["W2"] = hidden.T @ d + reg * W2\n'
            'grads["b2"] = d.sum(axis=0)\ndh = d @ W2.T\ndh[hidden <= 0] = 0\n'
            'grads["W1"] = X.T @ dh + reg * W1\ngrads["b1"] = dh.sum(axis=0)',
        ),
    ],
    "TODO#4": [
        ("always the first rows", "X_batch = X[:batch_size]\ny_batch = y[:batch_size]"),
        (
            "without replacement",
            "rows = np.random.choice(N_train, batch_size, replace=False)\nX_batch, y_batch = X[rows], y[rows]",
        ),
        (
            "other rows for X and y",
            "X_batch = X[np.random.choice(N_train, batch_size)]\ny_batch = y[np.random.choice(N_train, batch_size)]",
        ),
        (
            "from the batch size",
            "rows = np.random.choice(batch_size, batch_size)\nX_batch, y_batch = X[rows], y[rows]",
        ),
        (
            "one row is never drawn",
            "rows = np.random.choice(N_train - 1, batch_size)\nX_batch, y_batch = X[rows], y[rows]",
        ),
        (
            "the first of a permutation",
            "rows = np.random.permutation(N_train)[:batch_size]\nX_batch, y_batch = X[rows], y[rows]",
        ),
        ("one example", "row = np.random.choice(N_train)\nX_batch, y_batch = X[row], y[row]"),
        (
            "right",
            "rows = np.random.choice(N_train, batch_size)\nX_batch, y_batch = X[rows], y[rows]",
        ),
    ],
    "TODO#5": [
        (
            "uphill",
            "for name in self.params:\n    self.params[name] += learning_rate * grads[name]",
        ),
        (
            "no learning rate",
            "for name in self.params:\n    self.params[name] -= grads[name]",
        ),
        (
            "only the weights",
            'for name in ("W1", "W2"):\n    self.params[name] -= learning_rate * grads[name]',
        ),
        (
            "copies are changed",
            'W1 = self.params["W1"] - learning_rate * grads["W1"]\nW2 = self.params["W2"] - learning_rate * grads["W2"]',
        ),
        (
            "the gradient in place of the parameter",
            "for name in self.params:\n    self.params[name] = -learning_rate * grads[name]",
        ),
        (
            "a misspelt name",
            "for name in self.params:\n    self.params[name] -= lr * grads[name]",
        ),
        (
            "divided by the batch size once more",
            "for name in self.params:\n    self.params[name] -= learning_rate * grads[name] / batch_size",
        ),
        (
            "right",
            "for name in self.params:\n    self.params[name] -= learning_rate * grads[name]",
        ),
    ],
    "TODO#6": [
        ("nothing", "pass"),
        ("subtracted", "learning_rate -= learning_rate_decay"),
        ("divided", "learning_rate /= learning_rate_decay"),
        ("one minus", "learning_rate *= 1 - learning_rate_decay"),
        ("a constant", "learning_rate *= 0.95"),
        ("in another variable", "new_rate = learning_rate * learning_rate_decay"),
        ("twice", "learning_rate *= learning_rate_decay ** 2"),
        ("right", "learning_rate *= learning_rate_decay"),
    ],
    "TODO#7": [
        ("the wrong axis", "y_pred = np.argmax(self.loss(X), axis=0)"),
        ("no axis", "y_pred = np.argmax(self.loss(X))"),
        ("the highest score itself", "y_pred = self.loss(X).max(axis=1)"),
        ("the lowest score", "y_pred = self.loss(X).argmin(axis=1)"),
        ("a column", "y_pred = self.loss(X).argmax(axis=1, keepdims=True)"),
        ("counted from one", "y_pred = self.loss(X).argmax(axis=1) + 1"),
        (
            "a loop that does not end",
            "y_pred = []\nwhile len(y_pred) < len(X):\n    best = self.loss(X).argmax(axis=1)",
        ),
        ("right", "y_pred = self.loss(X).argmax(axis=1)"),
    ],
}
