"""Lab 2 written in other ways than ours: none of them may lose a point."""

# task → what may stand in its region
BODIES = {
    "TODO#1": [
        """
parts = []
for c in np.unique(y):
    idx = np.where(y == c)[0]
    parts.append(rng.permutation(idx)[: len(idx) // 2])
rows = np.sort(np.concatenate(parts))
""",
        """
shuffled = rng.permutation(len(y))
picked = []
for c in set(y.tolist()):
    mine = [i for i in shuffled if y[i] == c]
    picked += mine[: len(mine) // 2]
rows = np.array(sorted(picked))
""",
        """
mask = np.zeros(len(y), dtype=bool)
for c in np.unique(y):
    idx = np.flatnonzero(y == c)
    mask[rng.choice(idx, size=len(idx) // 2, replace=False)] = True
rows = np.flatnonzero(mask)
""",
        """
keys = rng.random(len(y))
rows = []
for c in np.unique(y):
    idx = np.nonzero(y == c)[0]
    rows.extend(idx[np.argsort(keys[idx])][: idx.size // 2].tolist())
rows = np.asarray(sorted(rows), dtype=np.int64)
""",
        """
rows = np.array([], dtype=int)
for c in np.unique(y):
    idx = np.argwhere(y == c).ravel()
    rng.shuffle(idx)
    half = int(np.floor(len(idx) / 2))
    rows = np.append(rows, idx[-half:] if half else [])
rows = np.sort(rows).astype(int)
""",
        """
groups = {}
for i, label in enumerate(y):
    groups.setdefault(int(label), []).append(i)
rows = []
for label, members in groups.items():
    for k in rng.choice(len(members), len(members) // 2, replace=False):
        rows.append(members[k])
rows.sort()
""",
        "rows = np.sort(np.concatenate([rng.choice(np.where(y == c)[0], len(np.where(y == c)[0]) // 2, replace=False) for c in range(10)]))",
    ],
    "TODO#2": [
        """
p = patch_size
patches = images.reshape(N, height // p, p, width // p, p).swapaxes(2, 3).reshape(N, P, K)
""",
        """
patches = np.empty((N, P, K), dtype=images.dtype)
n_cols = width // patch_size
for n in range(N):
    for r in range(height // patch_size):
        for c in range(n_cols):
            patches[n, r * n_cols + c] = images[n, r * patch_size:(r + 1) * patch_size, c * patch_size:(c + 1) * patch_size].flatten()
""",
        """
patches = np.stack([images[:, i:i + patch_size, j:j + patch_size].reshape(N, K)
                    for i in range(0, height, patch_size) for j in range(0, width, patch_size)], axis=1)
""",
        """
from numpy.lib.stride_tricks import sliding_window_view
windows = sliding_window_view(images, (patch_size, patch_size), axis=(1, 2))
patches = windows[:, ::patch_size, ::patch_size].reshape(N, P, K)
""",
        """
s0, s1, s2 = images.strides
view = np.lib.stride_tricks.as_strided(
    images,
    shape=(N, height // patch_size, width // patch_size, patch_size, patch_size),
    strides=(s0, s1 * patch_size, s2 * patch_size, s1, s2),
)
patches = view.reshape(N, P, K).copy()
""",
        """
r = np.arange(height // patch_size)[:, None, None, None] * patch_size + np.arange(patch_size)[None, None, :, None]
c = np.arange(width // patch_size)[None, :, None, None] * patch_size + np.arange(patch_size)[None, None, None, :]
patches = images[:, r, c].reshape(N, P, K)
""",
    ],
    "TODO#3": [
        """
features = np.einsum("npk,kf->nfp", patches, W) + b[:, None]
features = features.reshape(N, -1)
""",
        "features = np.concatenate([patches @ W[:, f] + b[f] for f in range(F)], axis=1)",
        """
features = np.zeros((N, F * P))
for n in range(N):
    for f in range(F):
        for p in range(P):
            features[n, f * P + p] = np.sum(patches[n, p] * W[:, f]) + b[f]
""",
        "features = (W.T @ patches.transpose(0, 2, 1) + b.reshape(F, 1)).reshape(N, F * P)",
        """
r = (patches[:, :, :, None] * W[None, None]).sum(axis=2) + b
features = np.swapaxes(r, 1, 2).reshape(N, F * P)
""",
        """
r = np.tensordot(patches, W, axes=([2], [0])) + b
features = np.array([one.ravel(order="F") for one in r])
""",
    ],
    "TODO#4": [
        """
G = np.swapaxes(dout.reshape(N, F, P), 1, 2)
self.grads["W"] += np.einsum("npk,npf->kf", patches, G)
self.grads["b"] += G.sum(axis=(0, 1))
dpatches = np.einsum("npf,kf->npk", G, W)
""",
        """
G = dout.reshape(N, F, P)
self.grads["W"] += np.tensordot(patches, G, axes=([0, 1], [0, 2]))
self.grads["b"] += G.sum((0, 2))
dpatches = np.tensordot(G, W, axes=([1], [1]))
""",
        """
dpatches = np.zeros((N, P, K))
for n in range(N):
    for f in range(F):
        for p in range(P):
            g = dout[n, f * P + p]
            self.grads["W"][:, f] += g * patches[n, p]
            self.grads["b"][f] += g
            dpatches[n, p] += g * W[:, f]
""",
        """
G = dout.reshape(N, F, P).transpose(0, 2, 1)
dW = np.zeros_like(W)
for n in range(N):
    dW += patches[n].T @ G[n]
self.grads["W"] = self.grads["W"] + dW
self.grads["b"] = self.grads["b"] + np.sum(G, axis=(0, 1))
dpatches = G @ W.T
""",
        """
G = np.stack(np.split(dout, F, axis=1), axis=2)
np.add(self.grads["W"], np.sum(patches[..., None] * G[:, :, None, :], axis=(0, 1)), out=self.grads["W"])
np.add(self.grads["b"], G.reshape(-1, F).sum(0), out=self.grads["b"])
dpatches = (G[:, :, None, :] * W).sum(-1)
""",
        """
G = dout.reshape((N, F, P))
dW, db = (G @ patches).sum(axis=0).T, G.sum(axis=2).sum(axis=0)
for name, g in (("W", dW), ("b", db)):
    self.grads[name] += g
dpatches = (W @ G).swapaxes(1, 2)
""",
    ],
    "TODO#5": [
        "out = np.dot(X, W) + b",
        """
out = X.dot(W)
out += b
""",
        'out = np.einsum("nd,dh->nh", X, W) + b[None, :]',
        "out = np.array([x @ W + b for x in X])",
        "out = (W.T @ X.T + b[:, None]).T",
        "out = np.hstack([X, np.ones((len(X), 1))]) @ np.vstack([W, b])",
    ],
    "TODO#6": [
        """
self.grads["W"] += np.dot(X.T, dout)
self.grads["b"] += dout.sum(axis=0)
dX = np.dot(dout, W.T)
""",
        """
dX = dout.dot(W.transpose())
dW = X.transpose().dot(dout)
db = np.sum(dout, axis=0, keepdims=True)[0]
self.grads["W"] = self.grads["W"] + dW
self.grads["b"] = self.grads["b"] + db
""",
        """
self.grads["W"] += np.einsum("nd,nh->dh", X, dout)
self.grads["b"] += np.einsum("nh->h", dout)
dX = np.einsum("nh,dh->nd", dout, W)
""",
        """
dX = np.zeros(X.shape)
for n in range(len(X)):
    self.grads["W"] += np.outer(X[n], dout[n])
    self.grads["b"] += dout[n]
    dX[n] = W @ dout[n]
""",
        """
self.grads = {"W": self.grads["W"] + (dout.T @ X).T, "b": self.grads["b"] + np.ones(len(X)) @ dout}
dX = (W @ dout.T).T
""",
        """
N, D = X.shape
H = W.shape[1]
dX = np.zeros((N, D))
for n in range(N):
    for h in range(H):
        self.grads["b"][h] += dout[n, h]
        for d in range(D):
            self.grads["W"][d, h] += X[n, d] * dout[n, h]
            dX[n, d] += dout[n, h] * W[d, h]
""",
    ],
    "TODO#7": [
        "out = np.where(Z > 0, Z, 0)",
        "out = Z * (Z > 0)",
        "out = Z.clip(min=0)",
        "out = (Z + np.abs(Z)) / 2",
        """
out = Z.copy()
out[out < 0] = 0
""",
        "out = np.array([max(0, z) for z in Z.ravel()]).reshape(Z.shape)",
    ],
    "TODO#8": [
        "dZ = np.where(Z > 0, dout, 0)",
        """
dZ = dout.copy()
dZ[Z <= 0] = 0
""",
        "dZ = np.multiply(dout, (Z > 0).astype(dout.dtype))",
        "dZ = dout * np.heaviside(Z, 0)",
        """
dZ = np.zeros_like(dout)
dZ[Z > 0] = dout[Z > 0]
""",
        "dZ = dout * np.sign(np.maximum(Z, 0))",
    ],
    "TODO#9": [
        """
s = scores - scores.max(axis=1)[:, None]
e = np.exp(s)
probs = e / e.sum(axis=1, keepdims=True)
logp = s - np.log(e.sum(axis=1, keepdims=True))
loss = -np.mean(np.sum(targets * logp, axis=1))
""",
        """
lse = np.logaddexp.reduce(scores, axis=1)
logp = scores - lse[:, None]
probs = np.exp(logp)
loss = -logp[np.arange(N), targets.argmax(axis=1)].mean()
""",
        """
import math
probs = np.zeros((N, C))
loss = 0
for i in range(N):
    m = max(scores[i])
    total = sum(math.exp(s - m) for s in scores[i])
    for j in range(C):
        probs[i, j] = math.exp(scores[i, j] - m) / total
        if targets[i, j] == 1:
            loss += (math.log(total) - (scores[i, j] - m)) / N
""",
        """
labels = y if y.ndim == 1 else np.argmax(y, axis=1)
m = np.max(scores, axis=1, keepdims=True)
lse = m + np.log(np.sum(np.exp(scores - m), axis=1, keepdims=True))
probs = np.exp(scores - lse)
loss = np.mean(lse.ravel() - scores[range(N), labels])
""",
        """
e = np.exp(scores - np.max(scores, axis=1, keepdims=True))
probs = e / np.sum(e, axis=1, keepdims=True)
loss = -np.sum(targets * np.log(probs + 1e-12)) / N
""",
        """
e = np.exp(scores - np.amax(scores, axis=1).reshape(-1, 1))
probs = np.divide(e, e.sum(1).reshape(N, 1))
loss = np.average(-np.log(np.clip((probs * targets).sum(axis=1), 1e-15, 1)))
""",
    ],
    "TODO#10": [
        """
dscores = probs.copy()
dscores -= targets
dscores /= N
""",
        """
dscores = np.copy(probs)
dscores[np.arange(N), np.argmax(targets, axis=1)] -= 1
dscores = dscores / N
""",
        "dscores = 1 / N * (probs - targets)",
        "dscores = np.subtract(probs, targets) / len(probs)",
        "dscores = np.array([[(p - t) / N for p, t in zip(pr, tr)] for pr, tr in zip(probs, targets)])",
        "dscores = np.where(targets == 1, probs - 1, probs) / N",
    ],
    "TODO#11": [
        """
out = X
for i in range(len(self.layers)):
    out = self.layers[i].forward(out)
""",
        """
from functools import reduce
out = reduce(lambda a, layer: layer.forward(a), self.layers, X)
""",
        """
self.outputs = [X]
for layer in self.layers:
    self.outputs.append(layer.forward(self.outputs[-1]))
out = self.outputs[-1]
""",
        """
out, i = X, 0
while i < len(self.layers):
    out = self.layers[i].forward(out)
    i += 1
""",
        """
def run(layers, x):
    return run(layers[1:], layers[0].forward(x)) if layers else x
out = run(self.layers, X)
""",
        """
out = np.array(X)
for layer in self.layers:
    out = layer.forward(out)
""",
    ],
    "TODO#12": [
        """
dX = dout
for layer in self.layers[::-1]:
    dX = layer.backward(dX)
""",
        """
dX = dout
for i in range(len(self.layers) - 1, -1, -1):
    dX = self.layers[i].backward(dX)
""",
        """
from functools import reduce
dX = reduce(lambda g, layer: layer.backward(g), reversed(self.layers), dout)
""",
        """
todo, dX = list(self.layers), dout
while todo:
    dX = todo.pop().backward(dX)
""",
        """
for layer in reversed(self.layers):
    dout = layer.backward(dout)
dX = dout
""",
        """
dX = dout
for k in range(1, len(self.layers) + 1):
    dX = self.layers[-k].backward(dX)
""",
    ],
    "TODO#13": [
        """
model.zero_grad()
out = model.forward(X_batch)
loss = loss_layer.forward(out, y_batch)
grad = loss_layer.backward()
model.backward(grad)
model.step(learning_rate)
""",
        """
scores = model.forward(X_batch)
loss = float(loss_layer.forward(scores, y_batch))
model.zero_grad()
model.backward(loss_layer.backward())
model.step(learning_rate)
""",
        """
loss = loss_layer.forward(model.forward(X_batch), y_batch)
model.backward(loss_layer.backward())
model.step(learning_rate)
model.zero_grad()
""",
        """
for layer in model.layers:
    layer.zero_grad()
out = X_batch
for layer in model.layers:
    out = layer.forward(out)
loss = loss_layer.forward(out, y_batch)
d = loss_layer.backward()
for layer in reversed(model.layers):
    d = layer.backward(d)
for layer in model.layers:
    layer.step(learning_rate)
""",
        """
model.zero_grad()
scores = model.forward(X[batches[update]])
loss = loss_layer.forward(scores, y[batches[update]])
model.backward(loss_layer.backward())
model.step(learning_rate)
""",
        """
model.zero_grad()
scores = model.forward(X_batch)
loss = loss_layer.forward(scores, np.eye(scores.shape[1])[y_batch])
model.backward(loss_layer.backward())
model.step(learning_rate)
""",
        """
model.zero_grad()
scores = model.forward(X_batch)
onehot = np.zeros_like(scores)
onehot[np.arange(len(y_batch)), y_batch] = 1
loss = loss_layer.forward(scores, onehot)
dscores = loss_layer.backward()
model.backward(dscores)
model.step(learning_rate=learning_rate)
""",
    ],
    "TODO#14": [
        """
losses, wrong = [], 0
for i in range(0, N, batch_size):
    Xb, yb = X[i:i + batch_size], y[i:i + batch_size]
    s = model.forward(Xb)
    losses.append(loss_layer.forward(s, yb) * len(Xb))
    wrong += (s.argmax(axis=1) != yb).sum()
loss = np.sum(losses) / N
error = wrong / N
""",
        """
batches = np.array_split(np.arange(N), int(np.ceil(N / batch_size)))
sizes, means, hits = [], [], 0
for rows in batches:
    out = model.forward(X[rows])
    means.append(loss_layer.forward(out, y[rows]))
    sizes.append(len(rows))
    hits += np.count_nonzero(np.argmax(out, axis=1) == y[rows])
loss = np.average(means, weights=sizes)
error = 1 - hits / N
""",
        """
loss = error = 0.0
start = 0
while start < N:
    stop = min(start + batch_size, N)
    out = model.forward(X[start:stop])
    share = (stop - start) / N
    loss += share * loss_layer.forward(out, y[start:stop])
    error += share * np.mean(np.argmax(out, 1) != y[start:stop])
    start = stop
loss, error = float(loss), float(error)
""",
        """
total, scores = 0, []
for k in range((N + batch_size - 1) // batch_size):
    part = slice(k * batch_size, (k + 1) * batch_size)
    scores.append(model.forward(X[part]))
    total += loss_layer.forward(scores[-1], y[part]) * scores[-1].shape[0]
loss = total / N
error = np.mean(np.concatenate(scores).argmax(axis=1) != y)
""",
        """
full, rest = divmod(N, batch_size)
total, wrong = 0.0, 0
for k in range(full):
    a, b = k * batch_size, (k + 1) * batch_size
    out = model.forward(X[a:b])
    total += batch_size * loss_layer.forward(out, y[a:b])
    wrong += np.sum(out.argmax(1) != y[a:b])
if rest:
    out = model.forward(X[-rest:])
    total += rest * loss_layer.forward(out, y[-rest:])
    wrong += np.sum(out.argmax(1) != y[-rest:])
loss, error = total / N, wrong / N
""",
        """
total, right = 0.0, 0
for i in range(0, N, batch_size):
    out = model.forward(X[i:i + batch_size])
    targets = np.eye(out.shape[1])[y[i:i + batch_size]]
    total += loss_layer.forward(out, targets) * len(out)
    right += int((out.argmax(1) == targets.argmax(1)).sum())
loss, error = total / N, 1.0 - right / N
""",
    ],
}

# name → several regions together, and (old, new) elsewhere in the files
TOGETHER = {
    "a mask kept by forward": (
        {
            "TODO#7": """
self.mask = (Z > 0).astype(float)
out = Z * self.mask
""",
            "TODO#8": "dZ = self.mask * dout",
        },
        [],
    ),
    "the output kept by forward": (
        {
            "TODO#7": """
self.out = np.maximum(Z, 0.)
out = self.out
""",
            "TODO#8": "dZ = (self.out > 0) * dout",
        },
        [],
    ),
    "what was kept is let go": (
        {
            "TODO#5": """
self.cache = X, W
out = X @ W + b
""",
            "TODO#6": """
X, W = self.cache
self.grads["W"] += X.T @ dout
self.grads["b"] += dout.sum(0)
dX = dout @ W.T
del self.cache
""",
            "TODO#7": """
self.masks = [Z > 0]
out = Z * self.masks[0]
""",
            "TODO#8": "dZ = dout * self.masks.pop()",
        },
        [],
    ),
    "the closed places kept by forward": (
        {
            "TODO#7": """
self.closed = Z <= 0
out = np.ma.filled(np.ma.array(Z, mask=self.closed), 0)
""",
            "TODO#8": "dZ = dout * ~self.closed",
        },
        [],
    ),
    "inputs kept under other names": (
        {},
        [
            ("        self.X = X\n", "        self.cache = X\n"),
            ('X, W = self.X, self.params["W"]', 'X, W = self.cache, self.params["W"]'),
            ("        self.Z = Z\n", "        self.inp = Z\n"),
            ("        Z = self.Z\n", "        Z = self.inp\n"),
            ("        self.patches = patches\n", "        self._x = patches.copy()\n"),
            ('patches, W = self.patches, self.params["W"]', 'patches, W = self._x, self.params["W"]'),
        ],
    ),
    "helper functions": (
        {
            "TODO#9": """
probs = _softmax(scores)
m = scores.max(1, keepdims=True)
loss = np.mean(m[:, 0] + np.log(np.exp(scores - m).sum(1)) - (scores * targets).sum(1))
""",
            "TODO#4": """
G = to_npf(dout, N, P, F)
self.grads["W"] += sum(patches[n].T @ G[n] for n in range(N))
self.grads["b"] += sum(G[n, p] for n in range(N) for p in range(P))
dpatches = G @ W.T
""",
        },
        [
            (
                "class Linear(Layer):",
                "def _softmax(s):\n    e = np.exp(s - s.max(axis=1, keepdims=True))\n    return e / e.sum(axis=1, keepdims=True)\n\n\nclass Linear(Layer):",
            ),
            (
                "def select_half_per_class",
                "def to_npf(dout, N, P, F):\n    return dout.reshape(N, F, P).transpose(0, 2, 1)\n\n\ndef select_half_per_class",
            ),
        ],
    ),
    "arrays for backward kept by forward": (
        {
            "TODO#3": """
self.cols = patches.reshape(N * P, -1)
features = (self.cols @ W + b).reshape(N, P, F).transpose(0, 2, 1).reshape(N, F * P)
""",
            "TODO#4": """
g = dout.reshape(N, F, P).transpose(0, 2, 1).reshape(N * P, F)
self.grads["W"] += self.cols.T @ g
self.grads["b"] += g.sum(0)
dpatches = (g @ W.T).reshape(N, P, K)
""",
            "TODO#9": """
self.N, self.C = N, C
self.labels = np.argmax(targets, 1)
z = scores - scores.max(1, keepdims=True)
self.logp = z - np.log(np.exp(z).sum(1, keepdims=True))
probs = self.p = np.exp(self.logp)
loss = -self.logp[np.arange(N), self.labels].mean()
""",
            "TODO#10": """
dscores = self.p.copy()
dscores[np.arange(self.N), self.labels] -= 1
dscores /= self.N
""",
        },
        [],
    ),
    "other dtypes inside": (
        {
            "TODO#3": "features = (patches.astype(np.float64) @ W + b).transpose(0, 2, 1).reshape(N, F * P).astype(patches.dtype)",
            "TODO#7": "out = np.maximum(Z, Z.dtype.type(0))",
            "TODO#9": """
scores = scores.astype(np.float64)
z = scores - scores.max(1, keepdims=True)
logp = z - np.log(np.exp(z).sum(1, keepdims=True))
probs = np.exp(logp).astype(np.float32)
loss = np.float32(-(logp * targets).sum() / N)
""",
            "TODO#10": "dscores = ((probs - targets) / N).astype(np.float32)",
            "TODO#14": """
total, wrong = np.float32(0), 0
for i in range(0, N, batch_size):
    s = model.forward(X[i:i + batch_size])
    total += np.float32(loss_layer.forward(s, y[i:i + batch_size])) * len(s)
    wrong += (s.argmax(1) != y[i:i + batch_size]).sum()
loss, error = total / N, np.float32(wrong) / N
""",
        },
        [],
    ),
    "a dict of gradients built by hand": (
        {
            "TODO#6": """
dW, db, dX = X.T @ dout, dout.sum(0), dout @ W.T
self.grads["W"], self.grads["b"] = self.grads["W"] + dW, self.grads["b"] + db
""",
        },
        [
            (
                "        self.grads = {name: np.zeros_like(param) for name, param in params.items()}",
                "        self.grads = {}\n        for k, v in params.items():\n            self.grads[k] = np.zeros(v.shape)",
            ),
        ],
    ),
}
