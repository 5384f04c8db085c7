"""The place in the student's code, and what belongs there; for what the catalogue does not name."""

import json
import warnings
from dataclasses import replace

import numpy as np
import pytest
from judging import patched, planted, reference, solved, written
from lab_styles import patch_embedding as drawing
from lab_styles import two_layer_net as styles

from autograder import markers
from autograder.solution.reference import load_together
from cattern.checking import run as probing
from cattern.checking.agent.instrument import Place
from cattern.checking.judge import judge_task
from cattern.checking.lab import load_lab
from cattern.checking.locate import explain
from cattern.checking.locate.basis import Basis, Form, Quantity
from cattern.checking.locate.candidates import Repair
from cattern.checking.locate.entries import what_it_is
from cattern.checking.locate.explain import Explainer
from cattern.checking.locate.runner import lightened
from cattern.checking.locate.words import sentences


class WithoutCatalogue:
    """A reference that names no mistake."""

    def __init__(self, lab: str):
        known = reference(lab)
        self.lab, self.probes, self.facts, self.basis = known.lab, known.probes, known.facts, known.basis
        self.hidden = known.hidden

    def mistakes(self, task) -> dict:
        """Return none."""
        return {}

    def computes(self) -> bool:
        """There is nothing to compute."""
        return False


class WithoutPairs(WithoutCatalogue):
    """A reference that names single mistakes."""

    def mistakes(self, task) -> dict:
        """Return the catalogue of a task."""
        return reference(self.lab.name).mistakes(task)


def explained(lab: str, texts: dict[str, str], *tasks: str, known=None) -> dict:
    """Return the verdicts on some tasks, explained without the catalogue, or by another reference: task id → verdict."""
    about, known = load_lab(lab), known or WithoutCatalogue(lab)
    explainer, modules, found, verdicts = Explainer(about, known, texts), load_together(texts), {}, {}
    for task in [t for t in about.tasks if t.id in tasks]:
        module = modules[about.file_of(task)]
        answers = probing.run(task.driver, module, known.probes(task), module.__file__)
        judged, found[task.id] = judge_task(about, task, answers, known, found)
        verdicts[task.id] = explainer.explained(task, judged, answers, found)
        before, after = judged.to_json(), verdicts[task.id].to_json()
        wordy = ("located", "relation", *(["mistakes", "evidence"] if known.mistakes(task) else []))
        before, after = ({k: v for k, v in said.items() if k not in wordy} for said in (before, after))
        assert before == after  # marks and words of the judge are final
    return verdicts


def changed(lab: str, *patches: tuple[str, str]) -> dict[str, str]:
    texts = solved(lab)
    for old, new in patches:
        (file,) = (f for f, text in texts.items() if old in text)
        texts[file] = patched(texts[file], (old, new))
    return texts


def said(verdict) -> str:
    return " ".join(sentences(verdict.to_json()))


def test_what_belongs_to_another_result_is_called_by_its_name():
    verdict = explained("nn_library", planted("nn_library", "hist-sets-swapped"), "TODO#6")["TODO#6"]
    words = said(verdict)
    assert "holds val_loss_history" in words and "holds train_loss_history" in words


def test_what_is_infinite_is_added_up_without_a_word_to_who_grades():
    texts = changed(
        "two_layer_net", ("        grads = {}\n", '        return float("nan"), {"W1": np.inf}\n')
    )
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        verdicts = explained("two_layer_net", texts, "TODO#2", "TODO#3")
    assert not verdicts["TODO#2"].score


CASES = {
    "a value nobody knows": (
        "two_layer_net",
        "TODO#2",
        [("np.exp(shifted)", "np.exp(shifted) ** 1.1")],
        ["`np.exp(shifted) ** 1.1`", "the exponentials of the scores", "data loss"],
    ),
    "a wrong variable": (
        "two_layer_net",
        "TODO#3",
        [("X.T @ dhidden", "X.T @ (dscores @ W2.T)")],
        ["`X.T @ (dscores @ W2.T)`", "the data loss's gradient in W1"],
    ),
    "a factor that is another number on every test": (
        "two_layer_net",
        "TODO#3",
        [("dscores[np.arange(N), y] -= 1", "dscores[np.arange(N), y] = 5")],
        ["the gradient in the scores, times the number of examples N", "With it, gradient of b2"],
    ),
    "a list of NumPy's numbers": (
        "sigmoid_net",
        "TODO#9",
        [
            (
                'np.convolve(values, np.ones(window) / window, mode="valid")',
                "[np.mean(values[i - window:i]) for i in range(len(values))]",
            )
        ],
        ["`[np.mean(values[i - window:i]) for i in range(len(values))]`", "the means of all whole windows"],
    ),
    "a shape that does not fit": (
        "two_layer_net",
        "TODO#1",
        [("hidden @ W2 + b2", "hidden @ W2.T + b2")],
        ["`W2.T` is W2, transposed", "Needed here: W2, shape (6, 5)"],
    ),
    "a term too much": (
        "two_layer_net",
        "TODO#3",
        [('grads["b2"] = np.sum(dscores, axis=0)', 'grads["b2"] = np.sum(dscores, axis=0) + 2 * reg * b2')],
        ["`np.sum(dscores, axis=0) + 2 * reg * b2` is right plus twice reg·b2"],
    ),
    "steps of a training loop": (
        "two_layer_net",
        "TODO#5",
        [("learning_rate * grads[name]", "learning_rate * np.tanh(grads[name])")],
        ["`np.tanh(grads[name])`", "the parameter's own gradient"],
    ),
    "the decayed rate": (
        "two_layer_net",
        "TODO#6",
        [("learning_rate *= learning_rate_decay", "learning_rate *= learning_rate_decay**3")],
        ["`learning_rate_decay**3`", "the factor learning_rate_decay"],
    ),
    "what forward keeps for backward": (
        "sigmoid_net",
        "TODO#6",
        [("dZ = dout * S * (1 - S)", "dZ = dout * S * (2 - S)")],
        ["`2 - S`", "1 − S"],
    ),
    "a loop over classes": (
        "binary_mlp",
        "TODO#2",
        [("p_j = math.exp(logits[j]) / total", "p_j = math.exp(logits[j] / 2) / total")],
        ["`math.exp(logits[j] / 2)`", "the exponential of"],
    ),
    "both branches": (
        "sigmoid_net",
        "TODO#1",
        [("s = 1 / (1 + math.exp(-z))", "s = 1 / (1.5 + math.exp(-z))"), ("s = math.exp(z) / (1 + math.exp(z))", "s = math.exp(z) / (1.5 + math.exp(z))")],
        ["and line", "mended", "σ(z)"],
    ),
    "whole numbers": (
        "nearest_neighbour",
        "TODO#2",
        [("order[:, :k]", "order[:, 1 : k + 1]")],
        ["`order[:, 1 : k + 1]`", "the row numbers of the k nearest"],
    ),
    "a call that is missing": (
        "nn_library",
        "TODO#4",
        [("        model.zero_grad()\n", "")],
        ["`zero_grad` is never called"],
    ),
    "a call too early": (
        "patch_embedding",
        "TODO#13",
        [("        model.step(learning_rate)\n", ""), ("        model.zero_grad()\n", "        model.zero_grad()\n        model.step(learning_rate)\n")],
        ["`step` is called right after `zero_grad`"],
    ),
    "two values of one line": (
        "nn_library",
        "TODO#4",
        [("X_batch, Y_batch = X[rows], Y[rows]", "X_batch, Y_batch = X[rows][:-1], Y[rows][:-1]")],
        ["`X[rows][:-1]` has shape (6, 4)", "`Y[rows][:-1]`", "the minibatch's one-hot rows, shape (7, 5)", "the rest of the line mended, updates and accuracies are"],
    ),
    "two values of a loop": (
        "patch_embedding",
        "TODO#14",
        [("X_batch, y_batch = X[start : start + batch_size], y[start : start + batch_size]", "X_batch = X[start : start + batch_size - 1]\n        y_batch = y[start : start + batch_size - 1]")],
        ["With it and line 283 mended, mean loss and error are right", "With it and line 282 mended"],
    ),
    "what each turn of a loop stores anew": (
        "patch_embedding",
        "TODO#6",
        [('self.grads["W"] += X.T @ dout', 'for n in range(len(X)):\n            self.grads["W"] = np.outer(X[n], dout[n])')],
        ["`np.outer(X[n], dout[n])` has a wrong value. Needed here: the gradient of W, added up"],
    ),
    "rows drawn at random": (
        "patch_embedding",
        "TODO#1",
        [("rng.choice(rows_of_class, len(rows_of_class) // 2, replace=False)", "rng.permutation(rows_of_class)[: len(rows_of_class) // 3]")],
        ["`rng.permutation(rows_of_class)[: len(rows_of_class) // 3]`", "half of the rows of one class", "half of every class"],
    ),
    "rows drawn twice": (
        "patch_embedding",
        "TODO#1",
        [("len(rows_of_class) // 2, replace=False)", "len(rows_of_class) // 2)")],
        ["`rng.choice(rows_of_class, len(rows_of_class) // 2)` has a wrong value", "drawn without replacement"],
    ),
    "rows in a list": (
        "patch_embedding",
        "TODO#1",
        [("rng.choice(rows_of_class, len(rows_of_class) // 2, replace=False)", "[int(i) for i in rng.permutation(rows_of_class)][: len(rows_of_class) // 3]")],
        ["`[int(i) for i in rng.permutation(rows_of_class)][: len(rows_of_class) // 3]`", "half of the rows of one class"],
    ),
    "known rows, too many of them": (
        "patch_embedding",
        "TODO#1",
        [("rng.choice(rows_of_class, len(rows_of_class) // 2, replace=False)", "rng.choice(rows_of_class, len(rows_of_class), replace=False)")],
        ["`rows` has shape (9,). Needed here: half of the rows of every class", "half of every class"],
    ),
    "another quantity under its own name": (
        "two_layer_net",
        "TODO#1",
        [("scores = hidden @ W2 + b2", "scores = hidden")],
        ["`hidden` is the hidden layer (after the ReLU). Needed here: the scores, shape (7, 5)"],
    ),
    "a key that is missing": (
        "two_layer_net",
        "TODO#3",
        [('        grads["b1"] = np.sum(dhidden, axis=0)\n', "")],
        ["no line of `loss` stores 'b1'"],
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_the_place_is_found_and_what_belongs_there(case):
    lab, task, patches, parts = CASES[case]
    found = said(explained(lab, changed(lab, *patches), task)[task])
    assert all(part in found for part in parts), found


def test_one_place_is_enough_where_it_mends_alone():
    """What comes of it lacks what has its own name, too, and is not blamed."""
    patch = ("X_batch, Y_batch = X[rows], Y[rows]", "X_batch, Y_batch = X[rows], Y[: len(rows)]")
    found = said(explained("nn_library", changed("nn_library", patch), "TODO#4")["TODO#4"])
    assert "Line 149: `Y" in found and "mended" not in found and "forward" not in found


MINIBATCHES = {
    "batches[:-1]": "left out",
    "batches + batches[-1:]": "too many",
    "batches + [batches[-1][:0]]": "of 0 rows",
}
LOOPS = {
    "nn_library": ("TODO#4", "for rows in batches:", "a minibatch of 2 rows is"),
    "binary_mlp": ("TODO#6", "for rows in epoch_batches(len(X), batch_size, rng):", "2 minibatches of 3 rows are"),
    "sigmoid_net": ("TODO#7", "for rows in epoch_batches(len(X), batch_size, rng):", "2 minibatches of 3 rows are"),
}  # fmt: skip


@pytest.mark.parametrize("lab", LOOPS)
@pytest.mark.parametrize("minibatches", MINIBATCHES)
def test_minibatches_left_out_or_too_many_are_counted_with_their_rows_and_blamed_for_nothing_else(
    lab, minibatches
):
    task, loop, short = LOOPS[lab]
    right = loop.removeprefix("for rows in ").removesuffix(":")
    wrong = f"for rows in (lambda batches: {minibatches})(list({right})):"
    verdict = explained(lab, changed(lab, (loop, wrong)), task)[task]
    assert MINIBATCHES[minibatches] in said(verdict), said(verdict)
    assert "of 0 rows" in said(verdict) or f"{short} {MINIBATCHES[minibatches]}" in said(verdict)
    assert not any("forward pass" in remark for remark in verdict.remarks)


def test_a_second_forward_pass_is_still_remarked():
    patch = (
        "model.backward(loss_layer.backward())",
        "model.forward(X_batch)\n        model.backward(loss_layer.backward())",
    )
    verdict = explained("nn_library", changed("nn_library", patch), "TODO#4")["TODO#4"]
    assert any("more forward passes than updates" in remark for remark in verdict.remarks)


def test_what_a_place_holds_is_said_in_other_words_than_what_it_needs():
    place = Place(1, "wrong", "validate", 5)
    right, first = np.array([3.0, 1.0, 2.0]), np.array([1.0, 5.0, 0.5])
    basis = Basis({"validate: wrong": Quantity("the number of wrong examples", [[first, right]])})
    repair = Repair(0, place, "validate: wrong", "the number of wrong examples", Form(), first, right)
    for held in (repair, replace(repair, holds=repair.words)):
        assert what_it_is(held, [(first, right, basis)]) == "has a wrong value"
    assert what_it_is(replace(repair, words="the error"), [(first, right, basis)]) == f"holds {repair.words}"


def test_the_line_is_the_students_own():
    texts = changed("two_layer_net", ("np.exp(shifted)", "np.exp(shifted) ** 1.1"))
    entry = explained("two_layer_net", texts, "TODO#2")["TODO#2"].located[0]
    lines = texts["cattern/neural_net.py"].splitlines()
    assert entry["code"] in lines[entry["line"] - 1] and entry["verified"] is True


def test_two_mistakes_get_two_places_and_the_next_task_follows():
    texts = changed(
        "two_layer_net",
        ("np.maximum(0, pre_activation)", "np.maximum(0, pre_activation) ** 1.5"),
        ("np.sum(dhidden, axis=0)", "np.sum(dhidden[1:], axis=0)"),
    )
    verdicts = explained("two_layer_net", texts, "TODO#1", "TODO#3")
    assert "** 1.5` has a wrong value" in said(verdicts["TODO#1"])
    last = said(verdicts["TODO#3"])
    assert "right once line" in last and "`np.sum(dhidden[1:], axis=0)`" in last


def test_a_mistake_of_the_catalogue_beside_one_that_nobody_knows_is_named_once_the_place_of_that_is_found():
    texts = changed(
        "two_layer_net",
        ("dscores /= N", "dscores = np.sin(dscores)"),
        ("X.T @ dhidden + reg * W1", "X.T @ dhidden + 2 * reg * W1"),
    )
    known = WithoutPairs("two_layer_net")
    verdict = explained("two_layer_net", texts, "TODO#1", "TODO#2", "TODO#3", known=known)["TODO#3"]
    assert [m.id for m in verdict.mistakes] == ["dW1-reg-doubled"]
    rows = {row["property"]: row["mistakes"] for row in verdict.evidence["lost"]}
    assert rows.pop("gradient of W1") == ["dW1-reg-doubled"] and not any(rows.values())
    assert "`np.sin(dscores)`" in said(verdict) and "gradient of W1" not in said(verdict)


def test_what_a_search_may_cost_is_counted_for_all_tasks_together():
    texts = changed("two_layer_net", ("batch = np.random.choice(", "batch = np.random.permutation("))
    about, known = load_lab("two_layer_net"), WithoutCatalogue("two_layer_net")
    explainer, module = Explainer(about, known, texts), load_together(texts)["cattern/neural_net.py"]
    left = [explainer.budget]
    for task in (about.task(f"TODO#{n}") for n in (4, 5, 6)):
        answers = probing.run(task.driver, module, known.probes(task), module.__file__)
        verdict, _ = judge_task(about, task, answers, known, {})
        assert verdict.evidence["raised"]
        explainer.explained(task, verdict, answers, {})
        left.append(explainer.budget)
    assert left[1] < left[0] and left[1] == left[2] == left[3]  # the same exception is not looked into again


def test_the_same_file_gets_the_same_words_and_a_budget_that_is_spent_ends_the_search(monkeypatch):
    texts = changed("two_layer_net", ("dscores /= N", "dscores /= N + 1"))
    first, again = (explained("two_layer_net", texts, "TODO#3")["TODO#3"].to_json() for _ in range(2))
    assert json.dumps(first) == json.dumps(again) and first["located"]
    monkeypatch.setattr(explain, "SUBMISSION", 100)
    assert not explained("two_layer_net", texts, "TODO#3")["TODO#3"].located


def by_another_hand(style: int) -> str:
    """Return the file of lab 1 in a correct style by another hand."""
    bodies = styles.WHOLE[style]
    text = solved("two_layer_net")["cattern/neural_net.py"]
    lines = text.splitlines(keepends=True)
    for region in reversed(markers.regions(text, "neural_net.py")):
        body = "".join(
            region.indent + line + "\n" if line else "\n" for line in bodies[region.task].strip().split("\n")
        )
        lines[region.begin : region.end - 1] = [body]
    return "".join(lines)


@pytest.mark.parametrize("style", range(3))
def test_a_mistake_in_a_style_by_another_hand_is_found(style):
    text = by_another_hand(style)
    right = explained("two_layer_net", {"cattern/neural_net.py": text}, "TODO#1", "TODO#2", "TODO#3")
    assert all(v.status == "pass" and not v.located for v in right.values())
    old = ("a1 = z1 * (z1 > 0)", "relu[relu < 0] = 0", "active = np.maximum(first, 0)")[style]
    new = ("a1 = z1 * (z1 > 0.5)", "relu[relu < 0.5] = 0", "active = np.maximum(first, 0.5)")[style]
    wrong = explained("two_layer_net", {"cattern/neural_net.py": patched(text, (old, new))}, "TODO#1")
    assert "the hidden layer (after the ReLU)" in said(wrong["TODO#1"])


def test_what_comes_late_in_a_long_function_is_found_since_what_feeds_right_values_is_left_alone():
    text = patched(by_another_hand(0), ("ds = (p - target) / N", "ds = (p - target) * N"))
    verdict = explained("two_layer_net", {"cattern/neural_net.py": text}, "TODO#3")["TODO#3"]
    assert {entry["code"] for entry in verdict.located} == {"(p - target) * N"}


# Values that mend by accident: in these lines nothing is wrong. Last comes where something is, or "".
ACCIDENTS = {
    "a loop that returns in its first turn": (
        "patch_embedding",
        "TODO#14",
        [("    loss = total_loss / N\n", "        return total_loss / N, num_wrong / N\n    loss = total_loss / N\n")],
        "",
    ),
    "a loop that an exception ends": (
        "patch_embedding",
        "TODO#6",
        [
            ('        self.grads["W"] += X.T @ dout\n', '        for n in range(len(X)):\n            self.grads["W"] += np.outer(X[n], dout[n])\n'),
            ('        self.grads["b"] += np.sum(dout, axis=0)\n        dX = dout @ W.T\n', '            self.grads["b"] += dout[n]\n            dX[n] = W @ dout[n]\n'),
        ],
        "",
    ),
    "what another line needs as it is": (
        "nearest_neighbour",
        "TODO#3",
        [
            ("    votes = np.sum(labels[:, :, None] == np.arange(num_classes), axis=1)\n", "    one_hot = np.eye(num_classes)[labels]\n    votes = one_hot.sum(axis=1)\n"),
            ("y_pred = np.argmax(votes, axis=1)\n", "y_pred = np.argmax(one_hot, axis=1)\n"),
        ],
        "np.argmax(one_hot, axis=1)",
    ),
    "rows that come in no known order": (
        "patch_embedding",
        "TODO#1",
        [("rng.choice(rows_of_class, len(rows_of_class) // 2, replace=False)", "rng.permutation(rows_of_class)[: len(y) // 2]")],
        "rng.permutation(rows_of_class)[: len(y) // 2]",
    ),
    "a method that a stand-in lacks": (
        "patch_embedding",
        "TODO#1",
        [("rng.choice(rows_of_class, len(rows_of_class) // 2, replace=False)", "rows_of_class[np.argsort(rng.normal(size=len(rows_of_class)))][: len(rows_of_class) // 3]")],
        "",
    ),
    "an index out of range": (
        "patch_embedding",
        "TODO#12",
        [("for layer in reversed(self.layers):\n            dX = layer.backward(dX)", "for i in range(len(self.layers), -1, -1):\n            dX = self.layers[i].backward(dX)")],
        "",
    ),
    "another quantity in another shape": (
        "two_layer_net",
        "TODO#3",
        [("dhidden = dscores @ W2.T", 'dhidden = (hidden.T @ dscores) @ W2.T')],
        "(hidden.T @ dscores) @ W2.T",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", ACCIDENTS)
def test_a_place_where_nothing_is_wrong_is_not_blamed(case):
    lab, task, patches, place = ACCIDENTS[case]
    verdict = explained(lab, changed(lab, *patches), task)[task]
    assert verdict.status != "pass" and {entry["code"] for entry in verdict.located} <= {place}


def test_a_place_that_only_the_mistake_of_an_earlier_task_makes_look_wrong_is_not_blamed():
    texts = changed("two_layer_net", ("hidden @ W2 + b2", "pre_activation @ W2 + b2"))
    known = reference("two_layer_net")
    verdicts = explained("two_layer_net", texts, "TODO#1", "TODO#2", "TODO#3", known=known)
    assert [m.id for m in verdicts["TODO#1"].mistakes] and verdicts["TODO#3"].status == "partial"
    assert not any("np.maximum" in entry["code"] for entry in verdicts["TODO#3"].located)


def test_what_only_an_earlier_mistake_makes_wrong_is_right_once_the_place_of_that_is_mended():
    texts = changed("two_layer_net", ("scores = hidden @ W2 + b2", "scores = pre_activation @ W2 + b2"))
    known = WithoutPairs("two_layer_net")
    verdicts = explained("two_layer_net", texts, "TODO#1", "TODO#2", "TODO#3", known=known)
    assert [m.id for m in verdicts["TODO#1"].mistakes] == ["scores-no-relu"]
    found = verdicts["TODO#3"].located
    assert [(e["code"], e["property"], e["is"]) for e in found] == [("pre_activation", "gradient of W2", "")]
    assert "Gradient of W2 is right once line 74 is mended" in said(verdicts["TODO#3"])


def test_with_a_generator_that_draws_in_order_all_correct_ways_of_drawing_give_the_same_rows():
    lab = "patch_embedding"
    known = reference(lab)
    task = known.lab.task("TODO#1")
    probes = [lightened(probe) for probe in known.probes(task)]
    rows = []
    for texts in [solved(lab), *(written(lab, {task.id: body}) for body in drawing.BODIES[task.id])]:
        module = load_together(texts)[known.lab.file_of(task)]
        rows.append(
            [a.values["rows"].tolist() for a in probing.run(task.driver, module, probes, module.__file__)]
        )
    assert rows.count(rows[0]) >= len(rows) - 1  # one takes the last half of what it has shuffled
    assert rows[0][2] == [0, 1, 2, 3]


HOSTILE = {
    "changes the helpers": "_see_ = _may_ = _give_ = None",
    "has its own names for them": "globals()['_enter_'] = 7",
}


@pytest.mark.parametrize("line", HOSTILE.values(), ids=HOSTILE)
def test_code_that_works_against_it_has_no_place_and_nothing_breaks(line):
    texts = changed("two_layer_net", ("np.exp(shifted)", "np.exp(shifted) ** 1.1"))
    texts = {file: f"{text}\n{line}\n" for file, text in texts.items()}
    verdict = explained("two_layer_net", texts, "TODO#2")["TODO#2"]
    assert verdict.status == "partial" and not verdict.located


def test_nothing_is_said_of_a_file_that_cannot_be_loaded_or_is_right():
    about, known = load_lab("two_layer_net"), WithoutCatalogue("two_layer_net")
    explainer = Explainer(about, known, {"cattern/neural_net.py": "def broken(:\n"})
    task = about.task("TODO#2")
    answers = [probing.Answer(p.id, {}, None) for p in known.probes(task)]
    judged, _ = judge_task(about, task, answers, known, {})
    assert explainer.explained(task, judged, answers, {}).located == ()
    assert said(explained("two_layer_net", solved("two_layer_net"), "TODO#2")["TODO#2"]) == ""


def test_entries_hold_plain_values_only():
    texts = changed("two_layer_net", ("dscores /= N", "dscores /= N + 1"))
    for entry in explained("two_layer_net", texts, "TODO#3")["TODO#3"].to_json()["located"]:
        assert {type(v) for v in entry.values()} <= {str, int, bool, list}
        assert not isinstance(entry["line"], np.integer)
