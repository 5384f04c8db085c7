"""Lab 4 written in other ways than ours: none of them may lose a point."""

# task → what may stand in its region
BODIES = {
    "TODO#1": [
        """
exps = [math.exp(z) for z in logits]
loss = -math.log(exps[label] / sum(exps))
""",
        """
total = 0
for k in range(len(logits)):
    total = total + math.exp(logits[k])
loss = math.log(total) - logits[label]
""",
        """
m = max(logits)
s = 0
for z in logits:
    s += math.exp(z - m)
loss = float(m + math.log(s) - logits[label])
""",
        """
p = np.exp(logits) / np.sum(np.exp(logits))
loss = -np.log(p[label])
""",
        "loss = math.log(sum(math.exp(z - logits[label]) for z in logits))",
        """
denominator, numerator = 0.0, None
for j, z in enumerate(logits):
    e = math.e ** z
    denominator += e
    if j == label:
        numerator = e
loss = -math.log(numerator / denominator)
""",
        "loss = float(np.log(np.exp(logits).sum()) - logits[label])",
    ],
    "TODO#2": [
        """
exps = [math.exp(z) for z in logits]
for j in range(C):
    dlogits[j] = exps[j] / sum(exps) - (j == label)
""",
        """
p = np.exp(logits) / np.exp(logits).sum()
for j in range(C):
    dlogits[j] = p[j] - (1 if j == label else 0)
""",
        """
total = 0
for z in logits:
    total += math.exp(z)
for j in range(C):
    dlogits[j] = math.exp(logits[j]) / total
dlogits[label] -= 1
""",
        """
y = [0] * C
y[label] = 1
m = max(logits)
e = [math.exp(z - m) for z in logits]
dlogits = np.array([e[j] / sum(e) - y[j] for j in range(C)])
""",
        """
e = np.exp(logits - np.max(logits))
dlogits[:] = e / e.sum() - np.eye(C)[label]
""",
        """
for j in range(C):
    p_j = 1 / sum(math.exp(logits[k] - logits[j]) for k in range(C))
    if j == label:
        dlogits[j] = p_j - 1
    else:
        dlogits[j] = p_j
""",
        """
s = np.exp(logits)
s = s / s.sum()
s[label] -= 1
dlogits = s
""",
    ],
    "TODO#3": [
        """
for j in range(D):
    for i in range(C):
        dW[j, i] = h[j] * dlogits[i]
        dh[j] += W[j, i] * dlogits[i]
for i in range(C):
    db[i] = dlogits[i]
""",
        """
dW = np.outer(h, dlogits)
db = dlogits.copy()
dh = W @ dlogits
""",
        """
for i, g in enumerate(dlogits):
    db[i] += g
    for j, x in enumerate(h):
        dW[j][i] += g * x
        dh[j] += g * W[j][i]
""",
        """
dW[:] = h[:, None] * dlogits[None, :]
db[:] = dlogits
for j in range(D):
    dh[j] = sum(dlogits[i] * W[j, i] for i in range(C))
""",
        """
dW = np.array([[h[j] * dlogits[i] for i in range(C)] for j in range(D)])
db = np.array([dlogits[i] for i in range(C)])
dh = np.array([sum(W[j, i] * dlogits[i] for i in range(C)) for j in range(D)])
""",
        """
dW = np.einsum('j,i->ji', h, dlogits)
db = dlogits * 1.0
dh = np.einsum('ji,i->j', W, dlogits)
""",
    ],
    "TODO#4": [
        "logits = self.linear2.forward(self.relu.forward(self.linear1.forward(X)))",
        """
a = self.linear1.forward(X)
b = self.relu.forward(a)
logits = self.linear2.forward(b)
""",
        "logits = super().forward(X)",
        """
out = X
for layer in self.layers:
    out = layer.forward(out)
logits = out
""",
        """
h = X
for name in ('linear1', 'relu', 'linear2'):
    h = getattr(self, name).forward(h)
logits = h
""",
        """
from functools import reduce
logits = reduce(lambda a, l: l.forward(a), (self.linear1, self.relu, self.linear2), X)
""",
    ],
    "TODO#5": [
        "dX = self.linear1.backward(self.relu.backward(self.linear2.backward(dlogits)))",
        """
d = self.linear2.backward(dlogits)
d = self.relu.backward(d)
d = self.linear1.backward(d)
dX = d
""",
        "dX = super().backward(dlogits)",
        """
dX = dlogits
for layer in self.layers[::-1]:
    dX = layer.backward(dX)
""",
        """
for layer in (self.linear2, self.relu, self.linear1):
    dlogits = layer.backward(dlogits)
dX = dlogits
""",
        "dX = Sequential.backward(self, dlogits)",
    ],
    "TODO#6": [
        """
model.zero_grad()
logits = model.forward(X[rows])
loss = loss_layer.forward(logits, y[rows])
dlogits = loss_layer.backward()
model.backward(dlogits)
model.step(learning_rate)
""",
        """
X_b, y_b = X[rows], y[rows]
loss = float(loss_layer.forward(model.forward(X_b), y_b))
model.zero_grad()
model.backward(loss_layer.backward())
model.step(learning_rate=learning_rate)
""",
        """
X_b, y_b = np.take(X, rows, axis=0), np.take(y, rows)
loss = loss_layer.forward(model.forward(X_b), y_b)
model.backward(loss_layer.backward())
model.step(learning_rate)
model.zero_grad()
""",
        """
for layer in model.layers:
    layer.zero_grad()
logits = model.forward(X[rows])
loss = loss_layer.forward(logits, np.eye(logits.shape[1])[y[rows]])
model.backward(loss_layer.backward())
for layer in model.layers:
    layer.step(learning_rate)
""",
        """
model.zero_grad()
out = model.forward(np.array([X[r] for r in rows]))
loss = np.float64(loss_layer.forward(out, np.array([y[r] for r in rows])))
grad = loss_layer.backward()
model.backward(grad)
model.step(learning_rate)
""",
        """
model.zero_grad()
loss = loss_layer.forward(model.forward(X[rows]), y[rows])
model.backward(loss_layer.backward())
for layer in model.layers:
    for k, v in layer.params.items():
        v -= learning_rate * layer.grads[k]
""",
        """
model.zero_grad()
logits = model.forward(X[rows])
loss = loss_layer.forward(logits, y[rows])
d = loss_layer.probs.copy()
d[np.arange(len(rows)), y[rows]] -= 1
model.backward(d / len(rows))
model.step(learning_rate)
""",
    ],
    "TODO#7": [
        """
out = model.forward(X)
loss = float(loss_layer.forward(out, y))
accuracy = np.sum(np.argmax(out, axis=1) == y) / len(y)
""",
        """
out = model.forward(X)
loss, accuracy = loss_layer.forward(out, y), (out.argmax(1) == y).mean()
""",
        """
out = model.forward(X)
loss = loss_layer.forward(out, y)
hits = 0
for row, label in zip(out, y):
    hits += int(np.argmax(row) == label)
accuracy = hits / X.shape[0]
""",
        """
out = model.forward(X)
loss = loss_layer.forward(out, (y[:, None] == np.arange(out.shape[1])).astype(float))
accuracy = 1 - np.count_nonzero(out.argmax(-1) - y) / y.size
""",
        """
loss = loss_layer.forward(model.forward(X), y)
accuracy = float(np.mean(loss_layer.probs.argmax(axis=1) == y))
""",
        """
out = model.forward(X)
loss = np.array(loss_layer.forward(out, y))
accuracy = np.array(np.average(np.argmax(out, 1) == y))
""",
    ],
    "TODO#8": [
        """
z = self.linear1.forward(X)
z = self.relu1.forward(z)
z = self.linear2.forward(z)
z = self.relu2.forward(z)
logits = self.linear3.forward(z)
""",
        "logits = super().forward(X)",
        """
logits = X
for layer in [self.linear1, self.relu1, self.linear2, self.relu2, self.linear3]:
    logits = layer.forward(logits)
""",
        "logits = self.linear3.forward(self.relu2.forward(self.linear2.forward(self.relu1.forward(self.linear1.forward(X)))))",
        """
from functools import reduce
logits = reduce(lambda out, layer: layer.forward(out), self.layers, X)
""",
        """
h = [X]
for layer in self.layers:
    h.append(layer.forward(h[-1]))
self.activations = h
logits = h[-1]
""",
    ],
    "TODO#9": [
        """
d = self.linear3.backward(dlogits)
d = self.relu2.backward(d)
d = self.linear2.backward(d)
d = self.relu1.backward(d)
dX = self.linear1.backward(d)
""",
        "dX = super().backward(dlogits)",
        """
dX = dlogits
for layer in [self.linear3, self.relu2, self.linear2, self.relu1, self.linear1]:
    dX = layer.backward(dX)
""",
        "dX = self.linear1.backward(self.relu1.backward(self.linear2.backward(self.relu2.backward(self.linear3.backward(dlogits)))))",
        """
from functools import reduce
dX = reduce(lambda g, layer: layer.backward(g), self.layers[::-1], dlogits)
""",
        """
dX = dlogits
for i in range(4, -1, -1):
    dX = self.layers[i].backward(dX)
""",
    ],
}

# name → several regions together, and (old, new) elsewhere in the files
TOGETHER = {
    "what was kept is let go": (
        {
            "TODO#4": """
self.z1 = self.linear1.forward(X)
self.a1 = self.relu.forward(self.z1)
logits = self.linear2.forward(self.a1)
""",
            "TODO#5": """
dz1 = self.relu.backward(self.linear2.backward(dlogits))
dX = self.linear1.backward(dz1)
del self.z1, self.a1
""",
        },
        [],
    ),
    "by the inherited passes on a batch of one": (
        {
            "TODO#2": """
self.forward(np.array([logits]), np.array([label]))
dlogits = self.backward()[0]
""",
            "TODO#3": """
saved = {k: v.copy() for k, v in self.grads.items()}
self.zero_grad()
self.forward(h[None])
dh = self.backward(dlogits[None])[0]
dW, db = self.grads['W'].copy(), self.grads['b'].copy()
for k in saved:
    self.grads[k][...] = saved[k]
""",
        },
        [],
    ),
    "arithmetic of one's own that keeps what the layers need": (
        {
            "TODO#4": """
W1, b1 = self.linear1.params['W'], self.linear1.params['b']
self.linear1.X = X
z = X @ W1 + b1
self.relu.Z = z
h = np.maximum(z, 0)
self.linear2.X = h
logits = h @ self.linear2.params['W'] + self.linear2.params['b']
""",
        },
        [],
    ),
}
