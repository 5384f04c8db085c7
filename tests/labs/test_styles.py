"""No correct style loses a point."""

from importlib import import_module

import pytest
from judging import grade_files, grade_text, lost, written
from lab_styles import two_layer_net as styles

from cattern.checking.lab import load_lab

LABS = ("patch_embedding", "nn_library", "binary_mlp", "sigmoid_net")
STYLES = {lab: import_module(f"lab_styles.{lab}") for lab in LABS}
SINGLE = [
    (lab, task, i) for lab in LABS for task, all_ in STYLES[lab].BODIES.items() for i in range(len(all_))
]
TOGETHER = [(lab, name) for lab in LABS for name in STYLES[lab].TOGETHER]
REMARKS = {
    "float labels from predict": "integers, not floats",
    "per-example loops": "slow",
    "no shift": "overflows",
}


@pytest.mark.parametrize("name", styles.PATCHES)
def test_a_correct_style_has_full_marks(name):
    verdicts = grade_text(styles.styles()[name])
    assert lost(verdicts) == {}
    remarks = [r for v in verdicts.values() for r in v.remarks]
    assert len(remarks) == (name in REMARKS) and all(REMARKS[name] in r for r in remarks)


def test_the_solution_has_full_marks_and_no_remark():
    verdicts = grade_text(styles.SOLUTION).values()
    assert sum(v.score for v in verdicts) == 72
    assert not any(v.remarks for v in verdicts)


def nothing_lost(lab: str, texts: dict[str, str], tasks=None) -> None:
    verdicts = grade_files(lab, texts, tasks)
    assert {v.id: v.rationale for v in verdicts.values() if v.rationale != "right"} == {}
    assert {v.id: v.remarks for v in verdicts.values() if v.remarks} == {}


@pytest.mark.parametrize(("lab", "task", "number"), SINGLE)
def test_another_way_to_write_a_task_has_full_marks(lab, task, number):
    about = load_lab(lab)
    own = about.task(task)
    tasks = [t for t in about.tasks if t is own or own in about.upstream(t)]
    nothing_lost(lab, written(lab, {task: STYLES[lab].BODIES[task][number]}), tasks)


@pytest.mark.parametrize(("lab", "name"), TOGETHER)
def test_other_ways_for_several_tasks_have_full_marks(lab, name):
    nothing_lost(lab, written(lab, *STYLES[lab].TOGETHER[name]))


# A training step in other orders than ours, and by hand; a mistake in it must be named all the same.
LOOPS = {
    "gradients forgotten last": "{loss}\n{back}\nmodel.step({rate})\nmodel.zero_grad()",
    "gradients forgotten in between": "{loss}\nmodel.zero_grad()\n{back}\nmodel.step({rate})",
    "a step by hand": """
model.zero_grad()
{loss}
{back}
for layer in model.layers:
    for name in layer.params:
        layer.params[name] = layer.params[name] - {rate} * layer.grads[name]
""",
    "a step with the parameters of the network, which has none": """
model.zero_grad()
{loss}
{back}
for name in model.params:
    model.params[name] -= {rate} * model.grads[name]
""",
}
STEPS = {
    "patch_embedding": ("TODO#13", "train", "X_batch", "y_batch", ""),
    "nn_library": ("TODO#4", "epoch", "X_batch", "Y_batch", ""),
    "binary_mlp": ("TODO#6", "train", "X[rows]", "y[rows]", ""),
    "sigmoid_net": ("TODO#7", "train", "X_batch", "y_batch", " * len(rows)"),
}


@pytest.mark.parametrize("lab", STEPS)
@pytest.mark.parametrize("loop", LOOPS)
def test_a_mistake_is_named_whatever_the_style_of_the_step(lab, loop):
    task, prefix, X, y, times = STEPS[lab]
    loss = f"scores = model.forward({X})\nloss = loss_layer.forward(scores, {y})"
    if lab == "nn_library":
        loss += "\nlosses.append(loss)\naccuracies.append(np.mean(scores.argmax(1) == Y_batch.argmax(1)))"
    parts = {"loss": loss, "back": f"model.backward(loss_layer.backward(){times})"}
    own = [load_lab(lab).task(task)]

    def verdict(rate: str):
        return grade_files(lab, written(lab, {task: LOOPS[loop].format(**parts, rate=rate)}), own)[task]

    if "which has none" in loop:
        assert [m.id for m in verdict("learning_rate").mistakes] == [f"{prefix}-no-step"]
    else:
        assert verdict("learning_rate").status == "pass"
        assert [m.id for m in verdict("-learning_rate").mistakes] == [f"{prefix}-uphill"]
