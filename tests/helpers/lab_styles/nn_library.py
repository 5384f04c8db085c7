"""Lab 3 written in other ways than ours: none of them may lose a point."""

# task → what may stand in its region
BODIES = {
    "TODO#1": [
        """
rows = rng.permutation(len(images))[:num_samples]
X = (images[rows] / 255).reshape(num_samples, -1).astype(np.float32)
y = labels[rows].astype(np.int64)
""",
        """
idx = np.arange(images.shape[0])
rng.shuffle(idx)
idx = idx[:num_samples]
X = images[idx].reshape(len(idx), images.shape[1] * images.shape[2]).astype('float32')
X /= 255.0
y = labels[idx].astype('int64')
""",
        """
idx = rng.choice(images.shape[0], size=num_samples, replace=False)
X = np.array([images[i].ravel() / np.float32(255) for i in idx], dtype=np.float32)
y = np.array([labels[i] for i in idx], dtype=np.int64)
""",
        """
idx = np.argsort(rng.random(len(images)))[:num_samples]
X = np.multiply(images[idx].reshape(num_samples, -1), 1 / 255, dtype=np.float32)
y = labels[idx].astype(int)
""",
        """
idx = np.sort(rng.choice(len(images), num_samples, replace=False))
X = np.zeros((num_samples, images[0].size), dtype=np.float32)
for k, i in enumerate(idx):
    X[k] = images[i].flatten() / 255
y = np.int64(labels[idx])
""",
        """
flat = images.reshape(len(images), -1)
idx = rng.choice(np.arange(len(images)), num_samples, False)
X = np.divide(flat[idx], 255, dtype=np.float32)
y = np.take(labels, idx).astype(np.int64)
""",
        """
idx = rng.choice(len(images), num_samples, replace=False, shuffle=False)
X = np.asarray(images[idx], dtype=np.float32).reshape(num_samples, -1) * (1 / 255)
y = labels[idx].astype(np.int64)
""",
    ],
    "TODO#2": [
        "Y = np.eye(num_classes, dtype=np.float32)[y]",
        "Y = (y[:, None] == np.arange(num_classes)).astype(np.float32)",
        """
Y = np.zeros((y.shape[0], num_classes), np.float32)
for i, c in enumerate(y):
    Y[i, c] = 1.0
""",
        "Y = np.array([[1 if c == label else 0 for c in range(num_classes)] for label in y], dtype=np.float32)",
        """
Y = np.zeros((len(y), num_classes)).astype('float32')
np.put_along_axis(Y, y[:, np.newaxis], 1, axis=1)
""",
        """
Y = np.zeros(len(y) * num_classes, np.float32)
Y[np.arange(len(y)) * num_classes + y] = 1
Y = Y.reshape(len(y), num_classes)
""",
    ],
    "TODO#3": [
        """
array = rng.normal(0.0, std, size=shape)
array /= np.linalg.norm(array)
array = array.astype(np.float32)
""",
        """
array = std * rng.standard_normal(shape)
array = (array / np.linalg.norm(array.ravel())).astype(np.float32)
""",
        """
array = rng.standard_normal(size=shape, dtype=np.float32) * np.float32(std)
array = array / np.sqrt((array ** 2).sum())
""",
        """
draw = rng.normal(loc=0, scale=std, size=int(np.prod(shape)))
array = np.float32(draw / np.sqrt(draw @ draw)).reshape(shape)
""",
        """
array = rng.normal(size=shape) * std
norm = 0
for v in array.flat:
    norm += v * v
array = np.asarray(array / norm ** 0.5, dtype='float32')
""",
        """
array = rng.normal(0, std, shape).astype(np.float32)
array *= 1 / np.sqrt(np.sum(np.square(array)))
""",
    ],
    "TODO#4": [
        """
model.zero_grad()
scores = model.forward(X_batch)
loss = loss_layer.forward(scores, Y_batch)
accuracy = np.mean(scores.argmax(axis=1) == Y_batch.argmax(axis=1))
model.backward(loss_layer.backward())
model.step(learning_rate)
losses.append(loss)
accuracies.append(accuracy)
""",
        """
scores = model.forward(X_batch)
losses.append(float(loss_layer.forward(scores, Y_batch)))
right = 0
for s, t in zip(scores, Y_batch):
    right += int(np.argmax(s) == np.argmax(t))
accuracies.append(right / len(X_batch))
model.zero_grad()
model.backward(loss_layer.backward())
model.step(learning_rate)
""",
        """
scores = model.forward(X_batch)
losses += [loss_layer.forward(scores, Y_batch)]
accuracies += [float((np.argmax(scores, 1) == np.argmax(Y_batch, 1)).sum() / scores.shape[0])]
dscores = loss_layer.backward()
model.backward(dscores)
model.step(learning_rate)
model.zero_grad()
""",
        """
model.zero_grad()
out = model.forward(X_batch)
losses.append(np.float32(loss_layer.forward(out, Y_batch)))
accuracies.append(np.float32(np.mean(Y_batch[np.arange(len(rows)), out.argmax(1)])))
model.backward(loss_layer.backward())
model.step(learning_rate=learning_rate)
""",
        """
model.zero_grad()
scores = model.forward(X_batch)
losses.append(loss_layer.forward(scores, Y_batch))
labels = np.where(Y_batch == 1)[1]
accuracies.append(1 - np.count_nonzero(np.argmax(scores, axis=1) - labels) / len(labels))
grad = loss_layer.backward()
model.backward(grad)
model.step(learning_rate)
""",
        """
model.zero_grad()
scores = model.forward(X[rows, :])
loss = loss_layer.forward(scores, Y[rows, :])
pred = np.array([list(s).index(max(s)) for s in scores])
accuracies.append(np.average(pred == Y[rows].argmax(-1)))
model.backward(loss_layer.backward())
model.step(learning_rate)
losses.append(loss)
""",
        """
model.zero_grad()
scores = model.forward(X_batch)
losses.append(loss_layer.forward(scores, Y_batch.argmax(axis=1)))
accuracies.append((scores.argmax(1) == Y_batch.argmax(1)).mean())
model.backward(loss_layer.backward())
model.step(learning_rate)
""",
        """
model.zero_grad()
scores = model.forward(X_batch)
losses.append(loss_layer.forward(scores, Y_batch))
accuracies.append(np.mean(np.argmax(loss_layer.probs, 1) == np.argmax(loss_layer.targets, 1)))
model.backward((loss_layer.probs - loss_layer.targets) / len(rows))
model.step(learning_rate)
""",
    ],
    "TODO#5": [
        """
scores = model.forward(X)
loss = float(loss_layer.forward(scores, Y))
accuracy = np.sum(scores.argmax(1) == Y.argmax(1)) / len(X)
""",
        """
out = model.forward(X)
loss, accuracy = loss_layer.forward(out, Y), float(np.mean(np.argmax(out, axis=-1) == np.argmax(Y, axis=-1)))
""",
        """
out = model.forward(X)
loss = loss_layer.forward(out, Y)
accuracy = sum(int(np.argmax(o)) == int(np.argmax(t)) for o, t in zip(out, Y)) / Y.shape[0]
""",
        """
s = model.forward(X)
loss = np.float64(loss_layer.forward(s, Y))
accuracy = 1 - np.count_nonzero(s.argmax(1) != Y.argmax(1)) / s.shape[0]
""",
        """
s = model.forward(X)
loss = loss_layer.forward(s, np.argmax(Y, axis=1))
accuracy = np.mean(np.argmax(s, axis=1) == np.argmax(Y, axis=1)).item()
""",
        """
s = model.forward(X)
loss = loss_layer.forward(s, Y)
accuracy = Y[range(len(Y)), s.argmax(1)].mean()
""",
    ],
    "TODO#6": [
        """
losses, accuracies = train_epoch(model, loss_layer, X, Y, batches, learning_rate)
history["loss_history"] += losses
history["acc_history"] += accuracies
tl, ta = evaluate(model, loss_layer, X, Y)
vl, va = evaluate(model, loss_layer, X_val, Y_val)
history["train_loss_history"].append(tl)
history["train_acc_history"].append(ta)
history["val_loss_history"].append(vl)
history["val_acc_history"].append(va)
""",
        """
epoch = train_epoch(model, loss_layer, X, Y, batches, learning_rate=learning_rate)
for name, values in zip(("loss_history", "acc_history"), epoch):
    for v in values:
        history[name].append(v)
for part, data in {"train": (X, Y), "val": (X_val, Y_val)}.items():
    for kind, value in zip(("loss", "acc"), evaluate(model, loss_layer, *data)):
        history[part + "_" + kind + "_history"].append(value)
""",
        """
for rows in batches:
    l, a = train_epoch(model, loss_layer, X, Y, [rows], learning_rate)
    history["loss_history"].append(l[0])
    history["acc_history"].append(a[0])
l, a = evaluate(model, loss_layer, X_val, Y_val)
history["val_loss_history"].append(l)
history["val_acc_history"].append(a)
l, a = evaluate(model, loss_layer, X, Y)
history["train_loss_history"].append(l)
history["train_acc_history"].append(a)
""",
        """
batch_losses, batch_accs = train_epoch(model, loss_layer, X, Y, batches, learning_rate)
history["loss_history"] = history["loss_history"] + list(batch_losses)
history["acc_history"] = history["acc_history"] + list(batch_accs)
on_train = evaluate(model=model, loss_layer=loss_layer, X=X, Y=Y)
on_val = evaluate(model=model, loss_layer=loss_layer, X=X_val, Y=Y_val)
history["train_loss_history"] += [on_train[0]]
history["train_acc_history"] += [on_train[1]]
history["val_loss_history"] += [on_val[0]]
history["val_acc_history"] += [on_val[1]]
""",
        """
l, a = train_epoch(model, loss_layer, X, Y, batches, learning_rate)
history["loss_history"] = np.concatenate([history["loss_history"], l])
history["acc_history"] = np.concatenate([history["acc_history"], a])
t, v = evaluate(model, loss_layer, X, Y), evaluate(model, loss_layer, X_val, Y_val)
for key, value in [("train_loss_history", t[0]), ("train_acc_history", t[1]), ("val_loss_history", v[0]), ("val_acc_history", v[1])]:
    history[key] = np.append(history[key], value)
""",
        """
result = train_epoch(model, loss_layer, X, Y, batches, learning_rate)
history["loss_history"].extend(np.array(result[0]).tolist())
history["acc_history"].extend(np.array(result[1]).tolist())
train_loss, train_acc = evaluate(model, loss_layer, X.copy(), Y.copy())
val_loss, val_acc = evaluate(model, loss_layer, X_val, Y_val)
for k, v in dict(train_loss=train_loss, train_acc=train_acc, val_loss=val_loss, val_acc=val_acc).items():
    history[k + "_history"].append(float(v))
""",
    ],
}

# name → several regions together, and (old, new) elsewhere in the files
TOGETHER = {
    "the accuracy by a function of one's own": (
        {
            "TODO#4": """
model.zero_grad()
Z = model.forward(X_batch)
losses.append(loss_layer.forward(Z, Y_batch))
accuracies.append(evaluate_hits(Z, Y_batch))
model.backward(loss_layer.backward())
model.step(learning_rate)
""",
        },
        [
            (
                "def train_epoch(\n",
                "def evaluate_hits(Z, T):\n    return float(np.mean(np.argmax(Z, axis=1) == np.argmax(T, axis=1)))\n\n\ndef train_epoch(\n",
            ),
        ],
    ),
}
