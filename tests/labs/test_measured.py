"""A gradient that is measured by differences, whoever's function and step they are, is no derivation. A derived one always is."""

import pytest
from judging import grade_files, patched, solved

from autograder import markers
from cattern.checking.lab import lab_names, load_lab

DIFFERENCES = """
        def differences(f, x, df=1.0):
            grad = np.zeros(x.shape)
            for at in np.ndindex(x.shape):
                kept, sides = x[at], []
                for step in (H, -H):
                    x[at] = kept + step
                    sides.append(np.array(f()))
                x[at] = kept
                grad[at] = np.sum((sides[0] - sides[1]) * df) / (2 * H)
            return grad
"""
# lab, task, where it stands → what is written there
LOSS = "        x = np.array(logits)\n        dlogits = differences(lambda: self.loss_by_index(x, label), x)"
MAP = """
        W, b, x = self.params["W"], self.params["b"], np.array(h)
        db = differences(lambda: x @ W + b, b, dlogits)
        dW, dh = (differences(lambda: {0}, array, dlogits) for array in (W, x))"""
NETWORK = """
        kept = np.array(self.linear1.X)
        dX = differences(lambda: self.forward(kept), kept, dlogits)
        for layer in self.layers:
            for name, array in layer.params.items():
                layer.grads[name] += differences(lambda: self.forward(kept), array, dlogits)"""
SCALARS = """
        names = list(params)
        x = np.array([params[name] for name in names])
        def loss():
            return (scalar_forward(dict(zip(names, x.tolist())), x1, x2)[2] - t) ** 2 / 2
        grads = dict(zip(names, differences(loss, x).tolist()))"""
LAYER = "        x = np.array(self.Z)\n        S = self.S\n        dZ = differences(lambda: self.forward(x), x, dout)\n        self.S = S"
ANSWERS = {
    "one example's loss": ("binary_mlp", "TODO#2", LOSS),
    "a map": ("binary_mlp", "TODO#3", MAP.format("x @ W + b")),
    "a map, its bias left out": ("binary_mlp", "TODO#3", MAP.format("x @ W")),
    "one hidden layer": ("binary_mlp", "TODO#5", NETWORK),
    "two hidden layers": ("binary_mlp", "TODO#9", NETWORK),
    "plain numbers": ("sigmoid_net", "TODO#3", SCALARS),
    "a sigmoid": ("sigmoid_net", "TODO#6", LAYER),
}


def answered(lab: str, task: str, answer: str, step: float) -> dict[str, str]:
    """Return a lab's solved files with measured gradients in a task."""
    texts = solved(lab)
    for file, text in texts.items():
        for region in markers.regions(text, file):
            if region.task == task:
                lines = text.splitlines()
                depth = len(lines[region.begin - 1]) - len(lines[region.begin - 1].lstrip())
                body = (DIFFERENCES.replace("H", str(step)) + answer).splitlines()
                lines[region.begin : region.end - 1] = [line[8 - depth :] for line in body]
                texts[file] = "\n".join(lines) + "\n"
    if lab == "sigmoid_net":
        keeps = ("self.S = S\n        return S", "self.S, self.Z = S, np.array(Z)\n        return S")
        texts["cattern/sigmoid_net.py"] = patched(texts["cattern/sigmoid_net.py"], keeps)
    return texts


@pytest.mark.parametrize("step", [1e-4, 1e-5, 1e-7])
@pytest.mark.parametrize("name", ANSWERS)
def test_what_is_measured_earns_next_to_nothing(name, step):
    lab, task, answer = ANSWERS[name]
    task = load_lab(lab).task(task)
    before = [*load_lab(lab).upstream(task), task]
    verdict = grade_files(lab, answered(lab, task.id, answer, step), before)[task.id]
    assert verdict.score <= 2 and "measured" in verdict.rationale, verdict


def test_what_is_derived_is_never_called_measured():
    for lab in lab_names():
        for verdict in grade_files(lab, solved(lab)).values():
            assert verdict.status == "pass" and "measured" not in verdict.rationale, verdict


def test_what_is_no_derivative_anywhere_is_not_said_to_be_measured():
    texts = solved("patch_embedding")
    texts["cattern/layers.py"] = patched(texts["cattern/layers.py"], ("dout * (Z > 0)", "dout * (Z > 1)"))
    verdict = grade_files("patch_embedding", texts)["TODO#8"]
    assert verdict.status == "partial" and "measured" not in verdict.rationale
