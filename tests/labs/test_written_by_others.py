"""Wrong work as people write it, two mistakes at a time too: it costs its own points, and what is said of it is true."""

import pytest
from judging import grade_files, reference
from test_styles import written

from autograder.solution.trial import verdicts
from cattern.checking.lab import load_lab
from cattern.checking.locate.words import sentences

# (lab, task, what is written there, points, the mistakes named, a piece of the reason)
WRONG = {
    "pixels without their mean: labels and choice are right": (
        "nn_library",
        "TODO#1",
        """
rows = rng.permutation(len(images))[:num_samples]
X = images[rows].reshape(num_samples, -1).astype(np.float32)
X = (X - X.mean()) / 255
y = labels[rows].astype(np.int64)
""",
        8,
        [],
        "not an image with all pixels divided by one number",
    ),
    "pieces of several images in a row": (
        "nn_library",
        "TODO#1",
        """
rows = rng.choice(len(images), num_samples, replace=False)
X = images[rows].reshape(-1, num_samples).astype(np.float32) / 255
y = labels[rows].astype(np.int64)
""",
        8,
        ["sample-pixels-mixed-up"],
        "the shape of X",
    ),
    "labels shuffled by themselves": (
        "nn_library",
        "TODO#1",
        """
rows = rng.choice(len(images), num_samples, replace=False)
X = images[rows].reshape(num_samples, -1).astype(np.float32) / 255
y = rng.permutation(labels[rows]).astype(np.int64)
""",
        9,
        ["sample-labels-in-another-order"],
        "the labels in y do not belong to the rows of X",
    ),
    "nothing is returned, so nothing is said of dtypes": (
        "nn_library",
        "TODO#2",
        "return None",
        0,
        [],
        "one_hot returns an array, but here it returned None: is a `return` missing?",
    ),
    "nothing is returned, so nothing is said of seeds": (
        "nn_library",
        "TODO#3",
        "return None",
        0,
        [],
        "normalised_gaussian returns an array, but here it returned None: is a `return` missing?",
    ),
    "an exception before the update is no missing update": (
        "nn_library",
        "TODO#4",
        """
model.zero_grad()
scores = model.forward(X_batch)
losses.append(loss_layer.forward(scores, Y_batch))
accuracies.append(np.mean(np.argmax(scores, 1) == np.argmax(Y_batch, 1)))
model.backward(loss_layer.backward(scores))
model.step(learning_rate)
""",
        0,
        [],
        "it raised TypeError: ",
    ),
    "four mistakes in a loop": (
        "nn_library",
        "TODO#4",
        """
model.zero_grad()
scores = model.forward(X_batch)
losses.append(loss_layer.forward(scores, Y_batch) * len(rows))
accuracies.append(np.sum(np.argmax(scores, 1) == np.argmax(Y_batch, 1)) / 32)
model.backward(-loss_layer.backward())
model.step(learning_rate / len(rows))
""",
        0,
        ["epoch-accuracy-fixed-size", "epoch-rate-by-batch-size", "epoch-summed-loss", "epoch-uphill"],
        "the weights after the epoch",
    ),
    "two numbers exchanged, and nothing trained": (
        "nn_library",
        "TODO#5",
        """
scores = model.forward(X)
accuracy = loss_layer.forward(scores, Y)
loss = np.mean(np.argmax(scores, axis=1) == np.argmax(Y, axis=1))
""",
        1,
        ["eval-swapped"],
        "the loss is",
    ),
    "slices that run off the end are no exception": (
        "two_layer_net",
        "TODO#4",
        """
X_batch = X[it * batch_size:(it + 1) * batch_size]
y_batch = y[it * batch_size:(it + 1) * batch_size]
""",
        4,
        ["sample-runs-off-the-end"],
        "the minibatches are runs of neighbouring rows, not random ones",
    ),
    "two numbers exchanged, and nothing trained either": (
        "binary_mlp",
        "TODO#7",
        """
logits = model.forward(X)
accuracy = loss_layer.forward(logits, y)
loss = float(np.mean(np.argmax(logits, axis=1) == y))
""",
        1,
        [],
        "the loss is",
    ),
    "an exception before the first update is no missing step": (
        "binary_mlp",
        "TODO#6",
        """
model.zero_grad()
loss = loss_layer.forward(model.forward(X[rows]), y[rows])
model.backward(loss_layer.backward(loss))
model.step(learning_rate)
""",
        0,
        [],
        "it raised TypeError: ",
    ),
    "ties in the order of a set": (
        "nearest_neighbour",
        "TODO#3",
        "y_pred = np.array([max(set(row), key=list(row).count) for row in labels.tolist()])",
        14,
        [],
        "where the vote is tied",
    ),
    "who is there, not how often": (
        "nearest_neighbour",
        "TODO#3",
        """
votes = np.zeros((len(labels), num_classes))
for i in range(len(labels)):
    votes[i, labels[i]] += 1
y_pred = np.argmax(votes, axis=1)
""",
        0,
        [],
        "where the vote is tied",
    ),
    "zeros that an exception left are no layer left out": (
        "binary_mlp",
        "TODO#9",
        """
d = self.linear3.backward(dlogits)
d = self.relu2.backward(d)
d = self.linear2.backward(dlogits)
d = self.relu1.backward(d)
dX = self.linear1.backward(d)
""",
        2,
        [],
        "it raised ValueError: ",
    ),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_mistake_costs_its_own_points_and_is_called_by_its_name(name):
    lab, task, body, points, named, reason = WRONG[name]
    verdict = grade_files(lab, written(lab, {task: body}), [load_lab(lab).task(task)])[task]
    assert (verdict.score, [m.id for m in verdict.mistakes]) == (points, named)
    assert reason in verdict.rationale
    if "nothing is returned" in name:
        assert verdict.remarks == ()


def test_a_fact_that_is_one_number_has_its_relation_too():
    body = """
total = sum(math.exp(v) for v in logits)
for j in range(C):
    dlogits[j] = math.exp(logits[j]) / total
    if j == label:
        dlogits[j] = 1 - dlogits[j]
"""
    lab = "binary_mlp"
    said = {v.id: v for v, _ in verdicts(load_lab(lab), written(lab, {"TODO#2": body}), reference(lab))}[
        "TODO#2"
    ]
    assert [e["relation"] for e in said.relation] == ["yours has the wrong sign, on every test"]


def test_a_place_that_mends_a_part_of_a_property_is_said_to_mend_a_part():
    body = """
delta = (t - o)
grads["c"], grads["v1"], grads["v2"] = delta, delta * h1, delta * h2
for k, h in (("1", h1), ("2", h2)):
    slope = delta * params["v" + k] * h * (1 - h)
    grads["w" + k + "1"], grads["w" + k + "2"], grads["b" + k] = slope * x1, slope * x2, 1
"""
    lab = "sigmoid_net"
    said = {v.id: v for v, _ in verdicts(load_lab(lab), written(lab, {"TODO#3": body}), reference(lab))}[
        "TODO#3"
    ]
    assert "a part of first hidden unit and a part of second hidden unit are right" in " ".join(
        sentences(said.to_json())
    )


def test_minibatches_that_run_out_cost_the_decay_nothing():
    lab, body = "two_layer_net", WRONG["slices that run off the end are no exception"][2]
    assert grade_files(lab, written(lab, {"TODO#4": body}))["TODO#6"].rationale == "right"
