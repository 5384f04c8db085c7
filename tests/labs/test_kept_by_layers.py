"""Lab 2: what a layer's forward pass keeps wrongly costs that forward pass one point, and the way back nothing."""

import pytest
from judging import WithoutDiagnosis, grade_files, planted, reference, stubbed
from sampling import sample
from test_styles import nothing_lost, written

from cattern.checking.facts import Answer, read
from cattern.checking.lab import load_lab
from notebooks import Notebook

LAB = "patch_embedding"
LINEAR = "out = X @ W + b\n"
EMBEDDING = "features = (patches @ W + b).transpose(0, 2, 1).reshape(N, F * P)\n"
RELU = "out = np.maximum(Z, 0)\n"
LOSS = """
shifted = scores - np.max(scores, axis=1, keepdims=True)
log_probs = shifted - np.log(np.sum(np.exp(shifted), axis=1, keepdims=True))
probs = np.exp(log_probs)
loss = -np.sum(targets * log_probs) / N
"""
# forward task → its body, the task that goes back, the mistake, and ways to lose what backward reads
OVERWRITTEN = {
    "TODO#3": (EMBEDDING, "TODO#4", "embedding-patches-overwritten", [
        "self.patches = 1.5 * patches", "self.patches = patches[::-1]", "self.patches = features", "self.patches = None",
        "self.patches = patches.ravel()", "self.patches = patches.tolist()", "del self.patches", "patches *= 2",
    ]),
    "TODO#5": (LINEAR, "TODO#6", "linear-X-overwritten", [
        "self.X = 1.5 * X", "self.X = X[::-1]", "self.X = out", "self.X = None", "self.X = X.T", "self.X = X.tolist()",
        "self.X = 'X'", "del self.X", "X += 1",
    ]),
    "TODO#7": (RELU, "TODO#8", "relu-Z-overwritten", [
        "self.Z = -Z", "self.Z = Z[::-1]", "self.Z = np.maximum(Z, 0) + 1", "self.Z = None", "self.Z = Z <= 0",
        "self.Z = Z.ravel()", "self.Z = Z.tolist()", "del self.Z",
    ]),
    "TODO#9": (LOSS, "TODO#10", "loss-targets-overwritten", [
        "self.targets = y", "self.targets = 2 * targets", "self.targets = targets[::-1]", "self.targets = None",
        "self.targets = targets.T", "self.targets = probs", "del self.targets",
    ]),
}  # fmt: skip
WAYS = [(task, line) for task, (*_, lines) in OVERWRITTEN.items() for line in lines]
# Right, whatever is kept and wherever.
RIGHT = {
    "a mask where the input was": {"TODO#7": RELU + "self.Z = Z > 0", "TODO#8": "dZ = dout * Z"},
    "a mask of numbers": {"TODO#7": RELU + "self.Z = (Z > 0).astype(float)", "TODO#8": "dZ = dout * Z"},
    "the closed places": {"TODO#7": RELU + "self.Z = Z <= 0", "TODO#8": "dZ = dout * ~Z"},
    "the output where the input was": {"TODO#7": RELU + "self.Z = out"},
    "a flat input": {
        "TODO#7": RELU + "self.Z = Z.ravel()",
        "TODO#8": "dZ = dout * (Z > 0).reshape(dout.shape)",
    },
    "a transposed input": {
        "TODO#5": LINEAR + "self.X = X.T",
        "TODO#6": """
self.grads["W"] += X @ dout
self.grads["b"] += dout.sum(0)
dX = dout @ W.T
""",
    },
    "an input with a column of ones": {
        "TODO#5": LINEAR + "self.X = np.hstack([X, np.ones((len(X), 1))])",
        "TODO#6": """
both = X.T @ dout
self.grads["W"] += both[:-1]
self.grads["b"] += both[-1]
dX = dout @ W.T
""",
    },
    "a copy in single precision": {"TODO#5": LINEAR + "self.X = X.astype(np.float32)"},
    "twice the patches, undone by backward": {
        "TODO#3": EMBEDDING + "self.patches = 2 * patches",
        "TODO#4": """
G = dout.reshape(N, F, P)
self.grads["W"] += np.einsum("npk,nfp->kf", patches / 2, G)
self.grads["b"] += G.sum((0, 2))
dpatches = np.einsum("nfp,kf->npk", G, W)
""",
    },
    "the input under another name": {
        "TODO#5": LINEAR + "self.X, self.by = X + 1, X",
        "TODO#6": """
self.grads["W"] += self.by.T @ dout
self.grads["b"] += dout.sum(0)
dX = dout @ W.T
""",
    },
    "labels for targets": {
        "TODO#9": LOSS + "self.targets = np.argmax(targets, axis=1)",
        "TODO#10": """
dscores = probs.copy()
dscores[np.arange(N), targets] -= 1
dscores /= N
""",
    },
    "targets as lists": {"TODO#9": LOSS + "self.targets = targets.tolist()"},
    "the difference for targets": {"TODO#9": LOSS + "self.targets = probs - targets", "TODO#10": "dscores = targets / N"},
    "the whole gradient": {
        "TODO#9": LOSS + "self.targets, self.ready = None, (probs - targets) / N",
        "TODO#10": "dscores = self.ready.copy()",
    },
}  # fmt: skip


def of(*tasks: str):
    return [load_lab(LAB).task(task) for task in tasks]


@pytest.mark.parametrize(("task", "line"), WAYS)
def test_what_is_overwritten_costs_the_forward_pass_a_point_and_the_way_back_none(task, line):
    body, back, mistake, _ = OVERWRITTEN[task]
    verdicts = grade_files(LAB, written(LAB, {task: body + line}), of(task, back))
    assert verdicts[task].score == verdicts[task].max_score - 1
    assert [m.id for m in verdicts[task].mistakes] == [mistake]
    assert verdicts[task].rationale.startswith("`backward` does not find")
    assert verdicts[back].rationale == "right", verdicts[back]


@pytest.mark.parametrize("way", RIGHT)
def test_whoever_keeps_something_else_and_goes_back_with_it_loses_nothing(way):
    nothing_lost(LAB, written(LAB, RIGHT[way]), of(*[f"TODO#{n}" for n in range(3, 11)]))


@pytest.mark.parametrize("task", OVERWRITTEN)
def test_a_way_back_that_is_not_written_says_nothing_against_the_forward_pass(task):
    body, back, _, (line, *_) = OVERWRITTEN[task]
    verdicts = grade_files(LAB, stubbed(written(LAB, {task: body + line}), back), of(task, back))
    assert (verdicts[task].rationale, verdicts[back].status) == ("right", "missing")


@pytest.mark.parametrize("task", OVERWRITTEN)
def test_a_forward_pass_that_raises_earns_nothing_for_the_way_back_and_is_not_blamed_for_it(task):
    verdict = grade_files(LAB, written(LAB, {task: "out = 1 / 0"}), of(task))[task]
    assert verdict.score == 0 and "ZeroDivisionError" in verdict.rationale
    facts = read(of(task)[0], {"plain": reference(LAB).probes(of(task)[0])[0].inputs}, [Answer("plain", {})])
    assert facts["plain", "goes_back"] == 1  # else places are found that only let the code come to its end


@pytest.mark.parametrize("task", OVERWRITTEN)
def test_mistakes_of_the_way_back_are_judged_with_what_should_be_kept(task):
    _, back, overwritten, _ = OVERWRITTEN[task]
    alone = sample(list(reference(LAB).mistakes(load_lab(LAB).task(back))), 3)
    for mistake in alone:
        texts = planted(LAB, mistake), planted(LAB, overwritten, mistake)
        one, both = (
            grade_files(LAB, text, of(task, back), WithoutDiagnosis(reference(LAB)))[back] for text in texts
        )
        assert both.score == one.score, mistake


def test_changing_the_probabilities_costs_a_point_whatever_form_the_targets_have():
    texts = written(
        LAB,
        {
            "TODO#9": LOSS + "self.targets = np.argmax(targets, axis=1)",
            "TODO#10": "probs[np.arange(N), targets] -= 1\ndscores = probs / N",
        },
    )
    verdict = grade_files(LAB, texts, of("TODO#9", "TODO#10"))["TODO#10"]
    assert (verdict.score, verdict.max_score) == (4, 5)
    assert verdict.rationale == "`backward` changes self.probs: work on a new array"


@pytest.mark.parametrize("hidden", [False, True])
def test_the_cells_say_the_same(hidden):
    notebook = Notebook(LAB, "check-tools", "stand-ins")
    for task, (body, _, _, (line, *_)) in OVERWRITTEN.items():
        failed = notebook.failures(written(LAB, {task: body + line}), hidden)
        assert list(failed) == [task], failed
        assert "`backward` does not find" in failed[task]
