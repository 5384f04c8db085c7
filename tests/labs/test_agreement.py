"""What the notebook's test cell passes, `check` passes, and the other way round: every mistake of the catalogue, every correct style."""

import pytest
from judging import WithoutDiagnosis, grade_files, patched, planted, reference, written
from lab_styles import two_layer_net
from sampling import a_quarter, sample
from test_styles import SINGLE, STYLES, TOGETHER

from notebooks import Notebook

NOTEBOOKS = {
    "binary_mlp": ("check-tools", "tiny-net", "tiny-deep-net"),
    "nearest_neighbour": (),
    "nn_library": ("stand-ins",),
    "patch_embedding": ("check-tools", "stand-ins"),
    "sigmoid_net": ("check-tools",),
    "two_layer_net": ("rel-error", "check-tools", "toy", "scores"),
}
EVERY = 9  # of a lab's mistakes, in the ordinary suite
PROBABILITY = "probs[np.arange(N), y]"
DRAW = "np.random.choice(N_train, batch_size)"
# Ways that the cell or the check once took the wrong way; True where they are right.
SEEN = {
    "no b1": (False, [("X @ W1 + b1", "X @ W1")]),
    "b1 after the ReLU": (False, [("X @ W1 + b1", "X @ W1"), ("(0, pre_activation)", "(0, pre_activation) + b1")]),
    "all probabilities": (False, [(f"np.log({PROBABILITY})", "np.log(probs[:, y])")]),
    "three classes": (False, [("dscores[np.arange(N), y] -= 1", "dscores -= np.eye(3)[y]")]),
    "as many classes as labels": (False, [("dscores[np.arange(N), y] -= 1", "dscores -= np.eye(y.max() + 1)[y]")]),
    "no row twice": (False, [(DRAW, "np.random.choice(N_train, batch_size, replace=False)")]),
    "shuffled and cut": (False, [(DRAW, "np.random.permutation(N_train)[:batch_size]")]),
    "all rows where there are few": (
        False,
        [(f"batch = {DRAW}", f"batch = {DRAW} if N_train >= batch_size else np.arange(N_train)")],
    ),
    "the first rows only": (False, [(DRAW, "np.random.choice(batch_size, batch_size)")]),
    "all rows but the last": (False, [(DRAW, "np.random.choice(N_train - 1, batch_size)")]),
    "a row that is not there": (False, [(DRAW, "np.random.choice(N_train + 1, batch_size)")]),
    "the rest of the decay": (False, [("*= learning_rate_decay", "*= 1 - learning_rate_decay")]),
    "bias gradients as rows": (False, [("np.sum(dhidden, axis=0)", "np.sum(dhidden, axis=0, keepdims=True)")]),
    "bias gradients as rows, new arrays": (
        True,
        [
            ("np.sum(dhidden, axis=0)", "np.sum(dhidden, axis=0, keepdims=True)"),
            ("self.params[name] -= learning_rate * grads[name]", "self.params[name] = self.params[name] - learning_rate * grads[name]"),
        ],
    ),
    "W2 in the wrong shape": (
        False,
        [("hidden.T @ dscores + reg * W2", "(hidden.T @ dscores + reg * W2).reshape(W2.shape[::-1])")],
    ),
    "a gradient as a list": (False, [("np.sum(dhidden, axis=0)", "np.sum(dhidden, axis=0).tolist()")]),
    "the pair as a list": (True, [("        return loss, grads\n\n    def train", "        return [loss, grads]\n\n    def train")]),
    "labels as a tuple": (True, [("np.argmax(scores, axis=1)", "tuple(np.argmax(scores, axis=1))")]),
    "labels as a list": (True, [("np.argmax(scores, axis=1)", "np.argmax(scores, axis=1).tolist()")]),
    "a little in the logarithm": (True, [(f"np.log({PROBABILITY})", f"np.log({PROBABILITY} + 1e-8)")]),
}  # fmt: skip


def disagreements(lab: str, ways: dict[str, dict[str, str]]) -> list[tuple[str, str, str]]:
    """Return (way, task, why) wherever a cell, as students get it, and the check say different things of files."""
    notebook, using, found = Notebook(lab, *NOTEBOOKS[lab]), WithoutDiagnosis(reference(lab)), []
    for way, texts in ways.items():
        cells = notebook.failures(texts, hidden=False)
        for task, verdict in grade_files(lab, texts, using=using).items():
            if (task in cells) != (verdict.status != "pass"):
                found.append((way, task, cells.get(task) or verdict.rationale))
    print(f"{lab}: {len(ways)} ways, {len(found)} disagreements")
    return found


def mistakes(lab: str, every: int) -> dict[str, dict[str, str]]:
    return {mistake: planted(lab, mistake) for mistake in list(reference(lab).patches)[::every]}


def styles(lab: str) -> dict[str, dict[str, str]]:
    """Return every correct style of a lab, name → its files."""
    if lab == "two_layer_net":
        return {name: {"cattern/neural_net.py": text} for name, text in two_layer_net.styles().items()}
    found = {f"{t} {i}": written(lab, {t: STYLES[lab].BODIES[t][i]}) for name, t, i in SINGLE if name == lab}
    return found | {n: written(lab, *STYLES[lab].TOGETHER[n]) for name, n in TOGETHER if name == lab}


@pytest.mark.parametrize("lab", a_quarter(NOTEBOOKS))
def test_cells_and_checks_agree_on_some_mistakes_and_some_styles(lab):
    some = dict(list(styles(lab).items())[:: EVERY // 3]) if lab != "nearest_neighbour" else {}
    assert disagreements(lab, mistakes(lab, EVERY) | some) == []


@pytest.mark.slow
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("lab", NOTEBOOKS)
@pytest.mark.long
def test_cells_and_checks_agree_on_everything(lab):
    """On a sample that changes by commit; `make test-all` takes every mistake and every style."""
    known = styles(lab) if lab != "nearest_neighbour" else {}
    ways = mistakes(lab, 1) | known
    assert disagreements(lab, {way: ways[way] for way in sample([*ways], 40)}) == []


@pytest.mark.parametrize("way", SEEN)
def test_cells_and_checks_agree_on_what_was_seen(way):
    right, patches = SEEN[way]
    texts = {"cattern/neural_net.py": patched(two_layer_net.SOLUTION, *patches)}
    assert disagreements("two_layer_net", {way: texts}) == []
    verdicts = grade_files("two_layer_net", texts, using=WithoutDiagnosis(reference()))
    assert all(v.status == "pass" for v in verdicts.values()) == right
