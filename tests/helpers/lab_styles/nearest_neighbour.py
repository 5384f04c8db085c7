"""Lab 6 written in other ways than ours: none of them may lose a point."""

# task → what may stand in its region
BODIES = {
    "TODO#1": [
        """
cross = np.dot(X, X_train.T)
distances = (X**2).sum(1)[:, None] - 2 * cross + (X_train**2).sum(1)[None, :]
distances[distances < 0] = 0
""",
        """
a2 = np.einsum("nd,nd->n", X, X).reshape(-1, 1)
b2 = np.einsum("md,md->m", X_train, X_train).reshape(1, -1)
distances = np.clip(a2 + b2 - 2 * X.dot(X_train.T), 0, None)
""",
        """
difference = X[:, None, :] - X_train[None, :, :]
distances = np.sum(difference**2, axis=2)
""",
    ],
    "TODO#2": [
        "labels = y_train[np.argsort(distances, axis=1, kind='stable')][:, :k]",
        """
rows = []
for row in distances:
    nearest = np.argsort(row, kind="mergesort")[:k]
    rows.append(y_train[nearest])
labels = np.array(rows)
""",
        """
number = np.arange(distances.shape[1])
labels = np.stack([y_train[np.lexsort((number, row))[:k]] for row in distances])
""",
    ],
    "TODO#3": [
        "y_pred = np.array([np.bincount(row, minlength=num_classes).argmax() for row in labels])",
        """
counts = np.zeros((len(labels), num_classes), dtype=int)
for c in range(num_classes):
    counts[:, c] = (labels == c).sum(axis=1)
y_pred = counts.argmax(axis=1)
""",
        """
one_hot = np.eye(num_classes)[labels]
totals = one_hot.sum(axis=1)
y_pred = np.argmax(totals, axis=-1)
""",
    ],
    "TODO#4": [
        """
accuracies = []
best_k, best = None, -1.0
for k in ks:
    guess = predict(distances, y_train, k)
    accuracy = float((guess == y_val).mean())
    accuracies.append(accuracy)
    if accuracy > best:
        best_k, best = k, accuracy
""",
        """
accuracies = [np.count_nonzero(predict(distances, y_train, k) == y_val) / len(y_val) for k in ks]
best_k = ks[accuracies.index(max(accuracies))]
""",
        """
hits = np.array([(predict(distances, y_train, k) == y_val).sum() for k in ks])
accuracies = (hits / y_val.size).tolist()
best_k = ks[int(hits.argmax())]
""",
    ],
}
TOGETHER: dict[str, tuple] = {}
