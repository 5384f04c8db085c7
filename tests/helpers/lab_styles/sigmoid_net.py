"""Lab 5 written in other ways than ours: none of them may lose a point."""

# task → what may stand in its region
BODIES = {
    "TODO#1": [
        "s = 1 / (1 + math.exp(-z)) if z >= 0 else math.exp(z) / (1 + math.exp(z))",
        """
e = math.exp(-abs(z))
s = 1 / (1 + e) if z > 0 else e / (1 + e)
""",
        "s = 0.5 * (1 + math.tanh(z / 2))",
        """
if z < -700:
    s = 0.0
else:
    s = 1 / (1 + math.exp(-z))
""",
        "s = float(1 / (1 + np.exp(-np.clip(z, -500, 500))))",
        """
try:
    s = 1 / (1 + math.exp(-z))
except OverflowError:
    s = 0.0
""",
    ],
    "TODO#2": [
        """
z1 = params["w11"] * x1 + params["w12"] * x2 + params["b1"]
z2 = params["w21"] * x1 + params["w22"] * x2 + params["b2"]
h1, h2 = sigmoid(z1), sigmoid(z2)
o = sigmoid(params["v1"] * h1 + params["v2"] * h2 + params["c"])
""",
        """
w11, w12, b1, w21, w22, b2, v1, v2, c = (params[n] for n in SCALAR_NAMES)
h1 = sigmoid(w11 * x1 + w12 * x2 + b1)
h2 = sigmoid(w21 * x1 + w22 * x2 + b2)
o = sigmoid(v1 * h1 + v2 * h2 + c)
""",
        """
h = []
for k in "12":
    h.append(sigmoid(sum(params[f"w{k}{j}"] * x for j, x in enumerate((x1, x2), 1)) + params["b" + k]))
h1, h2 = h
o = sigmoid(sum(params["v" + k] * v for k, v in zip("12", h)) + params["c"])
""",
        """
p = params
def unit(a, b, bias, s, t):
    return sigmoid(a * s + b * t + bias)
h1 = unit(p["w11"], p["w12"], p["b1"], x1, x2)
h2 = unit(p["w21"], p["w22"], p["b2"], x1, x2)
o = unit(p["v1"], p["v2"], p["c"], h1, h2)
""",
        """
h1 = 1 / (1 + math.exp(-(params["w11"] * x1 + params["w12"] * x2 + params["b1"])))
h2 = 1 / (1 + math.exp(-(params["w21"] * x1 + params["w22"] * x2 + params["b2"])))
o = 1 / (1 + math.exp(-(params["v1"] * h1 + params["v2"] * h2 + params["c"])))
""",
        """
h1 = sigmoid(params.get("b1") + params.get("w12") * x2 + params.get("w11") * x1)
h2 = sigmoid(params.get("b2") + params.get("w22") * x2 + params.get("w21") * x1)
o = float(sigmoid(params.get("c") + params.get("v2") * h2 + params.get("v1") * h1))
""",
    ],
    "TODO#3": [
        """
d = (o - t) * o * (1 - o)
d1 = d * params["v1"] * h1 * (1 - h1)
d2 = d * params["v2"] * h2 * (1 - h2)
grads = {"w11": d1 * x1, "w12": d1 * x2, "b1": d1, "w21": d2 * x1, "w22": d2 * x2, "b2": d2, "v1": d * h1, "v2": d * h2, "c": d}
""",
        """
dL_do = o - t
do_dz = o * (1 - o)
grads["c"] = dL_do * do_dz
for k, h in (("1", h1), ("2", h2)):
    grads["v" + k] = grads["c"] * h
    grads["b" + k] = grads["c"] * params["v" + k] * h * (1 - h)
    for j, x in (("1", x1), ("2", x2)):
        grads["w" + k + j] = grads["b" + k] * x
""",
        """
delta = (o - t) * (o - o ** 2)
grads.update(v1=delta * h1, v2=delta * h2, c=delta)
grads.update(b1=delta * params["v1"] * (h1 - h1 ** 2), b2=delta * params["v2"] * (h2 - h2 ** 2))
grads.update(w11=grads["b1"] * x1, w12=grads["b1"] * x2, w21=grads["b2"] * x1, w22=grads["b2"] * x2)
""",
        """
delta = -(t - o) * o * (1.0 - o)
back = [delta * params[v] * h * (1 - h) for v, h in (("v1", h1), ("v2", h2))]
values = [back[0] * x1, back[0] * x2, back[0], back[1] * x1, back[1] * x2, back[1], delta * h1, delta * h2, delta]
grads = dict(zip(SCALAR_NAMES, values))
""",
        """
delta = np.multiply(o - t, o * (1 - o))
H, V, Xv = np.array([h1, h2]), np.array([params["v1"], params["v2"]]), np.array([x1, x2])
dh = delta * V * H * (1 - H)
dW = np.outer(dh, Xv)
grads["v1"], grads["v2"], grads["c"] = delta * h1, delta * h2, delta
grads["b1"], grads["b2"] = dh
grads["w11"], grads["w12"], grads["w21"], grads["w22"] = dW.ravel()
""",
    ],
    "TODO#4": [
        """
h1, h2, o = scalar_forward(params, x1, x2)
total_loss += 0.5 * (o - t) ** 2
grads = scalar_backward(params, x1, x2, t, h1, h2, o)
for k, g in grads.items():
    params[k] = params[k] - learning_rate * g
""",
        """
h = scalar_forward(params, x1, x2)
total_loss = total_loss + (t - h[2]) * (t - h[2]) / 2
g = scalar_backward(params, x1, x2, t, *h)
for n in SCALAR_NAMES:
    params[n] -= learning_rate * g[n]
""",
        """
h1, h2, o = scalar_forward(params, x1, x2)
g = scalar_backward(params, x1, x2, t, h1, h2, o)
params.update({k: v - learning_rate * g[k] for k, v in params.items()})
total_loss += math.pow(o - t, 2) * 0.5
""",
        """
h1, h2, o = scalar_forward(params, x1, x2)
gap = o - t
total_loss += gap * gap / 2.0
for name, slope in scalar_backward(params, x1, x2, t, h1, h2, o).items():
    params[name] += -learning_rate * slope
""",
        """
h1, h2, o = scalar_forward(params=params, x1=x1, x2=x2)
total_loss += ((o - t) ** 2) / 2
g = scalar_backward(params=params, x1=x1, x2=x2, t=t, h1=h1, h2=h2, o=o)
params["w11"] -= learning_rate * g["w11"]
params["w12"] -= learning_rate * g["w12"]
params["b1"] -= learning_rate * g["b1"]
params["w21"] -= learning_rate * g["w21"]
params["w22"] -= learning_rate * g["w22"]
params["b2"] -= learning_rate * g["b2"]
params["v1"] -= learning_rate * g["v1"]
params["v2"] -= learning_rate * g["v2"]
params["c"] -= learning_rate * g["c"]
""",
    ],
    "TODO#5": [
        "S = (1 + np.tanh(Z / 2)) / 2",
        "S = np.where(Z >= 0, 1 / (1 + np.exp(-np.abs(Z))), np.exp(-np.abs(Z)) / (1 + np.exp(-np.abs(Z))))",
        """
S = np.empty_like(Z)
pos = Z >= 0
S[pos] = 1 / (1 + np.exp(-Z[pos]))
e = np.exp(Z[~pos])
S[~pos] = e / (1 + e)
""",
        "S = np.exp(-np.logaddexp(0, -Z))",
        "S = 1 / (1 + np.exp(-np.clip(Z, -500, 500)))",
        """
S = np.tanh(Z * 0.5)
S += 1
S *= 0.5
""",
    ],
    "TODO#6": [
        "dZ = dout * (S - S ** 2)",
        "dZ = np.multiply(dout, np.multiply(S, 1 - S))",
        "dZ = S * (1.0 - S) * dout",
        """
slope = S - np.square(S)
dZ = slope * dout
""",
        """
dZ = dout.copy()
dZ *= S
dZ *= 1 - S
""",
        "dZ = (0.25 - (S - 0.5) ** 2) * dout",
    ],
    "TODO#7": [
        """
model.zero_grad()
scores = model.forward(X_batch)
loss = loss_layer.forward(scores, y_batch)
d = loss_layer.backward() * len(rows)
model.backward(d)
model.step(learning_rate)
""",
        """
loss = loss_layer.forward(model.forward(X_batch), y_batch)
model.zero_grad()
model.backward(X_batch.shape[0] * loss_layer.backward())
model.step(learning_rate)
""",
        """
model.zero_grad()
loss = float(loss_layer.forward(model.forward(X_batch), y_batch))
model.backward(loss_layer.backward())
model.step(learning_rate * len(y_batch))
""",
        """
n = y_batch.size
model.zero_grad()
loss = loss_layer.forward(model.forward(X[rows]), y[rows])
g = loss_layer.backward()
g = g * n
model.backward(g)
model.step(learning_rate)
""",
        """
loss = 0.0
model.zero_grad()
for r in rows:
    loss += loss_layer.forward(model.forward(X[r:r + 1]), y[r:r + 1]) / len(rows)
    model.backward(loss_layer.backward())
model.step(learning_rate)
""",
        """
model.zero_grad()
scores = model.forward(X_batch)
loss = loss_layer.forward(scores, np.eye(scores.shape[1])[y_batch])
model.backward(len(X_batch) * loss_layer.backward())
model.step(learning_rate)
""",
        """
model.zero_grad()
scores = model.forward(X_batch)
loss = loss_layer.forward(scores, y_batch)
model.backward(loss_layer.probs - loss_layer.targets)
model.step(learning_rate)
""",
        """
model.zero_grad()
loss = loss_layer.forward(model.forward(X_batch), y_batch)
model.backward(loss_layer.backward())
for layer in model.layers:
    for name in layer.grads:
        layer.grads[name] *= len(rows)
for layer in model.layers:
    layer.step(learning_rate)
""",
        """
loss = loss_layer.forward(model.forward(X_batch), y_batch)
model.backward(loss_layer.backward() * len(rows))
model.step(learning_rate)
model.zero_grad()
""",
    ],
    "TODO#8": [
        """
scores = model.forward(X)
y_pred = scores.argmax(axis=1)
""",
        "y_pred = np.argmax(model.forward(X), axis=-1).astype(int)",
        "y_pred = np.array([int(np.argmax(row)) for row in model.forward(X)])",
        """
scores = model.forward(X)
y_pred = np.argsort(-scores, axis=1)[:, 0]
""",
        "y_pred = np.array([max(range(len(r)), key=lambda c: r[c]) for r in model.forward(X)])",
        """
scores = model.forward(X)
e = np.exp(scores - scores.max(axis=1, keepdims=True))
y_pred = (e / e.sum(axis=1, keepdims=True)).argmax(1)
""",
        "y_pred = np.concatenate([np.argmax(model.forward(X[i:i + 100]), axis=1) for i in range(0, len(X), 100)])",
        "y_pred = np.array([np.argmax(model.forward(X[i:i + 1])) for i in range(len(X))])",
        """
s = X
for layer in model.layers:
    s = layer.forward(s)
y_pred = s.argmax(1)
""",
    ],
    "TODO#9": [
        "means = np.convolve(np.asarray(values, float), np.full(window, 1 / window), 'valid')",
        """
c = np.cumsum(np.concatenate([[0.0], values]))
means = (c[window:] - c[:-window]) / window
""",
        "means = np.array([np.mean(values[i:i + window]) for i in range(len(values) - window + 1)])",
        "means = np.lib.stride_tricks.sliding_window_view(np.asarray(values, dtype=float), window).mean(axis=1)",
        "means = np.convolve(values, np.ones(window), mode='valid') / window",
        """
full = np.convolve(values, np.ones(window) / window)
means = full[window - 1:len(values)]
""",
    ],
}

# name → several regions together, and (old, new) elsewhere in the files
TOGETHER = {
    "the input kept by forward": (
        {
            "TODO#5": """
self.z = Z
S = 0.5 * (np.tanh(Z / 2) + 1)
""",
            "TODO#6": """
s = 0.5 * (np.tanh(self.z / 2) + 1)
dZ = dout * s * (1 - s)
""",
        },
        [],
    ),
    "float32 inside": (
        {
            "TODO#5": "S = (np.float32(1) + np.tanh(Z.astype(np.float32) / np.float32(2))) / np.float32(2)",
            "TODO#6": "dZ = (dout * S * (1 - S)).astype(np.float32)",
        },
        [],
    ),
    "helper functions": (
        {
            "TODO#5": "S = _sig(Z)",
            "TODO#6": "dZ = dout * _slope(S)",
        },
        [
            (
                "class Sigmoid(Layer):",
                "def _sig(a):\n    return 0.5 * np.tanh(a / 2) + 0.5\n\n\ndef _slope(s):\n    return s * (1 - s)\n\n\nclass Sigmoid(Layer):",
            ),
        ],
    ),
}
