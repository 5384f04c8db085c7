"""Correct solutions of lab 1 in other styles than ours: none of them may lose a point.

Each is a list of replacements in the solved `cattern/neural_net.py`, or a whole file.
"""

from judging import patched, solved

SOLUTION = solved("two_layer_net")["cattern/neural_net.py"]

ROWS = [
    ("np.sum(dscores, axis=0)", "np.sum(dscores, axis=0, keepdims=True)"),
    ("np.sum(dhidden, axis=0)", "np.sum(dhidden, axis=0, keepdims=True)"),
]
UPDATE = """            for name in self.params:
                self.params[name] -= learning_rate * grads[name]
"""

PATCHES: dict[str, list[tuple[str, str]]] = {
    **{
        f"rows of bias gradients, unpacked by {how}": [
            *ROWS,
            (
                UPDATE,
                "            for name in self.params:\n"
                f"                grad = {how.replace('g', 'grads[name]')} if name[0] == 'b' else grads[name]\n"
                "                self.params[name] -= learning_rate * grad\n",
            ),
        ]
        for how in ("g.reshape(g.shape[1],)", "np.squeeze(g, axis=(0,))", "g[0]")
    },
    "more arguments of loss and predict": [
        ("reg: float = 0.0):", "reg: float = 0.0, p: float = 1.0, debug=False):"),
        ("y=y_batch, reg=reg)", "y=y_batch, reg=reg, p=0.5, debug=verbose)"),
        ("def predict(self, X: np.ndarray)", "def predict(self, X: np.ndarray, verbose=False)"),
        ("self.predict(X_val)", "self.predict(X_val, verbose=verbose)"),
    ],
    "other names of the arguments of loss": [
        (
            "y: np.ndarray | None = None, reg: float = 0.0):",
            "y: np.ndarray | None = None, reg: float = 0.0, *rest):",
        ),
    ],
    "bias gradients as rows": [
        ("np.sum(dscores, axis=0)", "np.sum(dscores, axis=0, keepdims=True)"),
        ("np.sum(dhidden, axis=0)", "np.sum(dhidden, axis=0, keepdims=True)"),
        (
            "self.params[name] -= learning_rate * grads[name]",
            "self.params[name] -= learning_rate * grads[name].reshape(self.params[name].shape)",
        ),
    ],
    "biases and their gradients as rows": [
        ("np.zeros(hidden_size)", "np.zeros((1, hidden_size))"),
        ("np.zeros(output_size)", "np.zeros((1, output_size))"),
        ("np.sum(dscores, axis=0)", "np.sum(dscores, axis=0, keepdims=True)"),
        ("np.sum(dhidden, axis=0)", "np.sum(dhidden, axis=0, keepdims=True)"),
    ],
    "caches and helpers on self": [
        (
            "        hidden = np.maximum(0, pre_activation)\n",
            "        hidden = self.cache = self.relu(pre_activation)\n",
        ),
        ("    def train(\n", "    def relu(self, x):\n        return x * (x > 0)\n\n    def train(\n"),
    ],
    "extra keyword arguments and extra parameters": [
        ("std: float = 1e-4)", "std: float = 1e-4, momentum: float = 0.0)"),
        (
            '        self.params["b2"] = np.zeros(output_size)\n',
            '        self.params["b2"] = np.zeros(output_size)\n        self.params["scale"] = np.ones(1)\n',
        ),
        (
            "        return loss, grads\n\n    def train",
            '        grads["scale"] = np.zeros(1)\n        return loss, grads\n\n    def train',
        ),
        ("verbose: bool = False,\n    )", "verbose: bool = False,\n        momentum: float = 0.0,\n    )"),
    ],
    "their own initialisation": [
        (
            "std * np.random.randn(input_size, hidden_size)",
            "np.random.randn(input_size, hidden_size) * np.sqrt(2 / input_size)",
        ),
        ("np.zeros(hidden_size)", "np.full(hidden_size, 0.01)"),
    ],
    "float labels from predict": [("np.argmax(scores, axis=1)", "np.argmax(scores, axis=1).astype(float)")],
    "assignment instead of in-place updates": [
        (
            "self.params[name] -= learning_rate * grads[name]",
            "self.params[name] = self.params[name] - learning_rate * grads[name]",
        )
    ],
    "four updates by hand": [
        (
            "            for name in self.params:\n                self.params[name] -= learning_rate * grads[name]\n",
            "".join(
                f'            self.params["{n}"] += -learning_rate * grads["{n}"]\n'
                for n in ("W1", "W2", "b1", "b2")
            ),
        )
    ],
    "sampling without replacement where it can be": [
        (
            "np.random.choice(N_train, batch_size)",
            "np.random.choice(N_train, batch_size, replace=batch_size > N_train)",
        )
    ],
    "random numbers drawn inside loss": [
        ("        pre_activation = X @ W1", "        np.random.rand(3)\n        pre_activation = X @ W1")
    ],
    "randint": [("np.random.choice(N_train, batch_size)", "np.random.randint(0, N_train, batch_size)")],
    "choice of a range": [
        (
            "np.random.choice(N_train, batch_size)",
            "np.random.choice(range(N_train), size=batch_size, replace=True)",
        )
    ],
    "a Generator without a seed": [
        (
            "np.random.choice(N_train, batch_size)",
            "np.random.default_rng().integers(N_train, size=batch_size)",
        )
    ],
    "Python's random": [
        ("import numpy as np", "import random\n\nimport numpy as np"),
        (
            "np.random.choice(N_train, batch_size)",
            "np.array([random.randrange(N_train) for _ in range(batch_size)])",
        ),
    ],
    "a shuffle each iteration": [
        ("np.random.choice(N_train, batch_size)", "np.resize(np.random.permutation(N_train), batch_size)")
    ],
    "epochs by floor division": [
        ("it * batch_size % examples_per_epoch < batch_size", "it % max(N_train // batch_size, 1) == 0")
    ],
    "an epoch counted by int": [
        ("it * batch_size % examples_per_epoch < batch_size", "it % int(max(N_train / batch_size, 1)) == 0")
    ],
    "per-example loops": [
        (
            "        data_loss = -np.sum(np.log(probs[np.arange(N), y])) / N\n",
            "        data_loss = 0\n        for i in range(N):\n            data_loss -= np.log(probs[i, y[i]])\n        data_loss /= N\n",
        )
    ],
    "log-sum-exp": [
        (
            "data_loss = -np.sum(np.log(probs[np.arange(N), y])) / N",
            "data_loss = np.mean(np.log(np.sum(np.exp(shifted), axis=1)) - shifted[np.arange(N), y])",
        )
    ],
    "no shift": [("scores - np.max(scores, axis=1, keepdims=True)", "scores")],
    "an epsilon in the logarithm": [
        ("np.log(probs[np.arange(N), y])", "np.log(probs[np.arange(N), y] + 1e-8)")
    ],
    "one-hot labels": [
        ("dscores[np.arange(N), y] -= 1\n", "dscores -= np.eye(scores.shape[1])[y]\n"),
    ],
    "imports of matplotlib": [
        (
            "import numpy as np\n",
            "import matplotlib.pyplot as plt\nimport numpy as np\n\nplt.rcParams['figure.figsize'] = (5, 4)\n",
        )
    ],
    "the other side of the kink": [("dhidden[pre_activation <= 0] = 0", "dhidden[hidden == 0] = 0")],
    "a shorter history when N < batch_size": [
        (
            "        for it in updates:\n",
            "        for it in range(num_iters if N_train >= batch_size else max(1, num_iters // 2)):\n",
        )
    ],
    "predict by its own forward pass": [
        (
            "        scores = self.loss(X)\n",
            '        scores = np.maximum(X.dot(self.params["W1"]) + self.params["b1"], 0).dot(self.params["W2"]) + self.params["b2"]\n',
        )
    ],
    "prints and warnings": [
        (
            "import numpy as np\n",
            "import sys\nimport warnings\n\nimport numpy as np\n\nprint('hello')\nwarnings.warn('careful')\nprint('oops', file=sys.stderr)\n",
        )
    ],
    "the loss as a Python float, scores in float32": [
        ("loss = data_loss + reg_loss", "loss = float(data_loss + reg_loss)")
    ],
    "the loss as an array of one number": [
        ("loss = data_loss + reg_loss", "loss = np.array([data_loss + reg_loss])")
    ],
    "scipy's softmax": [
        ("import numpy as np\n", "import numpy as np\nfrom scipy.special import logsumexp, softmax\n"),
        (
            "        exp_scores = np.exp(shifted)\n        probs = exp_scores / np.sum(exp_scores, axis=1, keepdims=True)\n",
            "        probs = softmax(scores, axis=1)\n",
        ),
        (
            "-np.sum(np.log(probs[np.arange(N), y])) / N",
            "np.mean(logsumexp(shifted, axis=1) - shifted[np.arange(N), y])",
        ),
    ],
    "a loop over both weights": [
        (
            "reg_loss = 0.5 * reg * (np.sum(W1 * W1) + np.sum(W2 * W2))",
            "reg_loss = 0\n        for W in (W1, W2):\n            reg_loss += 0.5 * reg * np.sum(W * W)",
        )
    ],
    "a parameter that is no number": [
        (
            '        self.params["b2"] = np.zeros(output_size)\n',
            '        self.params["b2"] = np.zeros(output_size)\n        self.params["activation"] = "relu"\n',
        ),
        ("for name in self.params:", "for name in grads:"),
    ],
    "an update by order, of gradients in that order": [
        (
            "        return loss, grads\n\n    def train",
            "        return loss, {name: grads[name] for name in self.params}\n\n    def train",
        ),
        (
            "            for name in self.params:\n                self.params[name] -= learning_rate * grads[name]\n",
            "            for param, grad in zip(self.params.values(), grads.values()):\n                param -= learning_rate * grad\n",
        ),
    ],
    "an update in a helper, where the rate has another name": [
        (
            "            for name in self.params:\n                self.params[name] -= learning_rate * grads[name]\n",
            "            self.step(grads, learning_rate)\n",
        ),
        (
            "    def train(\n",
            "    def step(self, grads, eta):\n        for name in self.params:\n            self.params[name] -= eta * grads[name]\n\n    def train(\n",
        ),
    ],
    "accuracies before the update": [
        (
            "            loss_history.append(loss)\n",
            "            loss_history.append(loss)\n            self.predict(X_batch), self.predict(X_val)\n",
        )
    ],
    "other losses watched while it trains": [
        (
            "            if it * batch_size % examples_per_epoch < batch_size:\n",
            "            if it * batch_size % examples_per_epoch < batch_size:\n                self.loss(X_val, y_val, reg), self.loss(X, y, reg=reg)[0]\n",
        )
    ],
    "the best parameters at the end, and a rate of another name": [
        ("        loss_history = []\n", "        loss_history, rate, best = [], learning_rate, (-1, None)\n"),
        ("-= learning_rate * grads[name]", "-= rate * grads[name]"),
        (
            "                learning_rate *= learning_rate_decay\n",
            "                rate *= learning_rate_decay\n"
            "                if val_acc_history[-1] > best[0]:\n"
            "                    best = val_acc_history[-1], {k: v.copy() for k, v in self.params.items()}\n",
        ),
        (
            '        return {\n            "loss',
            '        self.params = best[1]\n        return {\n            "loss',
        ),
    ],
    "random numbers of Python's own inside loss": [
        ("import numpy as np\n", "import random\n\nimport numpy as np\n"),
        (
            "        pre_activation = X @ W1",
            "        random.random(), np.random.permutation(N)\n        pre_activation = X @ W1",
        ),
    ],
    "no staging attribute": [
        ("        self.wants_grads = True\n", ""),
        ("        if not self.wants_grads:\n            return loss, grads\n", ""),
    ],
}


def styles() -> dict[str, str]:
    """Return every style as the text of a whole file."""
    return {name: patched(SOLUTION, *patches) for name, patches in PATCHES.items()}


# Whole answers by other hands: names, order and functions are their own. task → what stands in its region
WHOLE: list[dict[str, str]] = [
    {
        "TODO#1": """
z1 = np.dot(X, W1) + b1
a1 = z1 * (z1 > 0)
scores = a1.dot(W2) + b2
""",
        "TODO#2": """
s = scores - scores.max(axis=1).reshape(-1, 1)
e = np.exp(s)
p = e / e.sum(axis=1)[:, None]
target = np.zeros_like(p)
target[np.arange(N), y] = 1
cross = -(target * np.log(p)).sum(axis=1)
loss = cross.mean()
loss += 0.5 * reg * (W1**2).sum()
loss += 0.5 * reg * (W2**2).sum()
""",
        "TODO#3": """
ds = (p - target) / N
grads["b2"] = ds.sum(axis=0)
grads["W2"] = a1.T.dot(ds)
grads["W2"] += reg * W2
da1 = ds.dot(W2.T)
dz1 = da1 * (z1 > 0)
grads["b1"] = dz1.sum(axis=0)
grads["W1"] = X.T.dot(dz1)
grads["W1"] += reg * W1
""",
        "TODO#4": """
picked = np.random.randint(0, N_train, batch_size)
X_batch, y_batch = X[picked], y[picked]
""",
        "TODO#5": """
self.params["W1"] += -learning_rate * grads["W1"]
self.params["b1"] += -learning_rate * grads["b1"]
self.params["W2"] += -learning_rate * grads["W2"]
self.params["b2"] += -learning_rate * grads["b2"]
""",
        "TODO#6": "learning_rate = learning_rate * learning_rate_decay",
        "TODO#7": """
hidden = np.maximum(X @ self.params["W1"] + self.params["b1"], 0)
out = hidden @ self.params["W2"] + self.params["b2"]
y_pred = out.argmax(1)
""",
    },
    {
        "TODO#1": """
layer1 = X @ W1
layer1 = layer1 + b1
relu = layer1.copy()
relu[relu < 0] = 0
scores = relu @ W2
scores = scores + b2
""",
        "TODO#2": """
biggest = np.amax(scores, axis=1, keepdims=True)
log_sum = biggest[:, 0] + np.log(np.sum(np.exp(scores - biggest), axis=1))
correct = scores[range(N), y]
losses = log_sum - correct
loss = np.sum(losses) / N + 0.5 * reg * (np.sum(W1**2) + np.sum(W2**2))
""",
        "TODO#3": """
softmax = np.exp(scores - log_sum[:, None])
softmax[range(N), y] = softmax[range(N), y] - 1
delta = softmax / N
dW2 = np.matmul(relu.T, delta) + reg * W2
db2 = np.sum(delta, axis=0)
back = np.matmul(delta, W2.T)
back = np.where(layer1 > 0, back, 0)
dW1 = np.matmul(X.T, back) + reg * W1
db1 = np.sum(back, axis=0)
grads.update({"W1": dW1, "b1": db1, "W2": dW2, "b2": db2})
""",
        "TODO#4": """
mask = np.random.choice(range(N_train), batch_size)
X_batch = X[mask, :]
y_batch = y[mask]
""",
        "TODO#5": """
for key, gradient in grads.items():
    step = learning_rate * gradient
    self.params[key] = self.params[key] - step
""",
        "TODO#6": "learning_rate *= learning_rate_decay",
        "TODO#7": """
predicted = self.loss(X)
y_pred = np.array([int(np.argmax(row)) for row in predicted])
""",
    },
    {
        "TODO#1": """
def affine(x, w, b):
    return np.dot(x, w) + b

first = affine(X, W1, b1)
active = np.maximum(first, 0)
scores = affine(active, W2, b2)
""",
        "TODO#2": """
def softmax(z):
    e = np.exp(z - np.max(z, axis=1, keepdims=True))
    return e / np.sum(e, axis=1, keepdims=True)

prob = softmax(scores)
loss = 0.0
for i in range(N):
    loss -= np.log(prob[i, y[i]])
loss /= N
penalty = np.sum(np.square(W1)) + np.sum(np.square(W2))
loss = loss + reg * penalty / 2
""",
        "TODO#3": """
onehot = np.eye(scores.shape[1])[y]
g2 = (prob - onehot) / N
gW2 = active.T @ g2
gb2 = g2.sum(0)
g1 = (g2 @ W2.T) * (active > 0)
gW1 = X.T @ g1
gb1 = g1.sum(0)
grads["W1"], grads["b1"] = gW1 + reg * W1, gb1
grads["W2"], grads["b2"] = gW2 + reg * W2, gb2
""",
        "TODO#4": """
indices = np.random.choice(np.arange(N_train), size=batch_size, replace=True)
X_batch = np.take(X, indices, axis=0)
y_batch = np.take(y, indices)
""",
        "TODO#5": """
W1, b1, W2, b2 = (self.params[n] for n in ("W1", "b1", "W2", "b2"))
W1 -= learning_rate * grads["W1"]
W2 -= learning_rate * grads["W2"]
b1 -= learning_rate * grads["b1"]
b2 -= learning_rate * grads["b2"]
""",
        "TODO#6": "learning_rate = learning_rate_decay * learning_rate",
        "TODO#7": """
scores = self.loss(X)
highest = scores.max(axis=1, keepdims=True)
y_pred = (scores == highest).argmax(axis=1)
""",
    },
]
