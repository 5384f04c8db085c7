"""What a mistake costs beyond its own task: nothing that was earned."""

import numpy as np
import pytest
from judging import book, grade_files, grade_text, lost, patched, solved
from styles import SOLUTION

from autograder import mistakes as catalogue
from cattern.checking import probing
from cattern.checking.facts import Answer
from cattern.checking.judge import judge_task
from cattern.checking.rubric import load_lab

BY_ID = {m.id: m for m in catalogue.load("two_layer_net")}


def with_(*patches: tuple[str, str]) -> str:
    return patched(SOLUTION, *patches)


def test_a_gradient_that_fits_the_students_own_loss_earns_its_points():
    text = with_(
        ("reg_loss = 0.5 * reg", "reg_loss = reg"),
        ("dscores + reg * W2", "dscores + 2 * reg * W2"),
        ("dhidden + reg * W1", "dhidden + 2 * reg * W1"),
    )
    verdicts = grade_text(text)
    assert verdicts["TODO#2"].score == 8
    assert verdicts["TODO#3"].status == "pass" and "earlier" in verdicts["TODO#3"].rationale


def test_a_gradient_in_another_convention_than_the_loss_is_a_mistake():
    text = with_(
        ("dscores + reg * W2", "dscores + 2 * reg * W2"), ("dhidden + reg * W1", "dhidden + 2 * reg * W1")
    )
    verdicts = grade_text(text)
    assert verdicts["TODO#2"].status == "pass"
    assert verdicts["TODO#3"].score == 10 and verdicts["TODO#3"].mistakes


def test_a_loss_that_is_always_zero_earns_no_gradient_by_zeros():
    text = with_(("loss = data_loss + reg_loss", "loss = 0.0"))
    text = text.replace(
        '        grads["b1"] = np.sum(dhidden, axis=0)\n',
        '        grads["b1"] = np.sum(dhidden, axis=0)\n        grads = {k: 0 * v for k, v in grads.items()}\n',
    )
    verdicts = grade_text(text)
    assert verdicts["TODO#2"].score <= 1
    assert verdicts["TODO#3"].score <= 2  # fresh arrays they are


def test_what_was_computed_before_a_line_that_raises_still_counts():
    verdicts = grade_text(with_(('grads["W1"] = X.T @ dhidden', 'grads["W1"] = X @ dhidden')))
    assert verdicts["TODO#2"].status == "pass"
    assert verdicts["TODO#3"].status == "partial" and "ValueError" in verdicts["TODO#3"].rationale
    properties = verdicts["TODO#3"].evidence["properties"]
    assert properties["gradient of W2"] == [5, 5] and properties["gradient of W1"] == [0, 5]


@pytest.mark.parametrize("first", ["scores-no-relu", "scores-no-b1", "scores-no-b2"])
def test_a_wrong_score_costs_nothing_downstream(first):
    if first not in BY_ID:
        first = next(m.id for m in BY_ID.values() if m.task == "TODO#1" and "relu" in m.id)
    verdicts = grade_text(catalogue.apply(SOLUTION, [BY_ID[first]]))
    assert lost(verdicts).keys() == {"TODO#1"}


def test_a_renamed_parameter_is_named_first():
    verdicts = grade_text(SOLUTION.replace('params["W1"]', 'params["w1"]'))
    assert "has no 'W1'" in verdicts["TODO#1"].rationale and "w1" in verdicts["TODO#1"].rationale


def test_two_mistakes_in_one_task_are_both_named_and_one_is_preferred_to_two():
    both = [BY_ID["relu-mask-missing"], BY_ID["dW2-no-reg"]]
    assert {m.id for m in grade_text(catalogue.apply(SOLUTION, both))["TODO#3"].mistakes} == {
        m.id for m in both
    }
    assert len(grade_text(catalogue.apply(SOLUTION, both[:1]))["TODO#3"].mistakes) == 1


def test_numbers_that_no_mistake_gives_are_shown_and_not_explained():
    verdicts = grade_text(
        with_(("data_loss + reg_loss", "data_loss + reg_loss + 0.0123 * np.sum(np.sin(X))"))
    )
    verdict = verdicts["TODO#2"]
    assert verdict.status in ("fail", "partial") and verdict.mistakes == ()
    assert verdict.evidence["max_rel_error"] > verdict.evidence["tolerance"]


def test_every_probe_has_biases_and_both_sides_of_the_relu():
    for task in ("TODO#1", "TODO#2", "TODO#3", "TODO#7"):
        for probe in book().probes(book().lab.task(task)):
            given = probe.inputs
            assert np.abs(given["b1"]).min() > 0 and np.abs(given["b2"]).min() > 0
            before = given["X"] @ given["W1"] + given["b1"]
            assert (before > 0).any() and (before < 0).any() and np.abs(before).min() > 1e-3


def test_what_raised_is_said_before_the_numbers_that_were_left_by_it():
    files = solved("patch_embedding")
    files["cattern/layers.py"] = patched(
        files["cattern/layers.py"], ('self.grads["W"] += X.T @ dout', 'self.grads["W"] += dout.T @ X')
    )
    verdict = grade_files("patch_embedding", files)["TODO#6"]
    assert verdict.rationale.startswith("it raised ValueError: operands could not be broadcast")
    assert "; until then, gradient of W is 0 at " in verdict.rationale


def test_a_call_that_raises_is_not_blamed_for_its_style_too():
    (file, text), *_ = solved("nn_library").items()
    wrong = patched(text, ("Y[np.arange(len(y)), y] = 1", "Y = one_hot_encode(y)"))
    verdict = grade_files("nn_library", {file: wrong})["TODO#2"]
    assert verdict.status == "error"
    assert verdict.remarks == ()


def test_a_syntax_error_in_another_file_is_found_there(tmp_path):
    (tmp_path / "own.py").write_text("import broken_neighbour\n", encoding="utf-8")
    (tmp_path / "broken_neighbour.py").write_text("x = 1\ny = (\n", encoding="utf-8")
    source = str(tmp_path / "own.py")
    with pytest.MonkeyPatch.context() as patch, pytest.raises(SyntaxError) as caught:
        patch.syspath_prepend(tmp_path)
        exec(compile("import broken_neighbour\n", source, "exec"), {})
    failure = probing.describe(caught.value, source)
    assert "(broken_neighbour.py, line 2)" in failure.message
    assert failure.line == 1


@pytest.mark.parametrize(
    ("value", "said"),
    [(None, "NoneType"), ([None, 1.0], "list of NoneType"), ([[1], [1, 2]], "list of list (ValueError)")],
)
def test_what_is_not_numbers_is_called_by_its_type(value, said):
    assert probing.numbers(value) == f"not numbers but {said}"


@pytest.mark.parametrize(
    ("lab", "task", "right", "close", "wrong"),
    [
        ("two_layer_net", "T3", 557057, 557057.0, 557056),
        ("nn_library", "T2", 187600, 187600.0, 187599),
        ("nn_library", "T3", 0.01129385, 0.0113, 0.0115),
        ("binary_mlp", "T1", np.log(4), 1.386, 1.38),
        ("sigmoid_net", "T1", 0.03125, 0.03125, 0.0313),
    ],
)
def test_a_count_is_exact_and_a_rounded_number_is_good_enough_where_it_takes_a_calculator(
    lab, task, right, close, wrong
):
    about = load_lab(lab).task(task)
    name = next(p.name for p in about.properties if abs(answer(lab, about, p.name) - right) < 1e-6)
    for value, points in ((close, 1), (wrong, 0)):
        verdict, _ = judge_task(
            load_lab(lab), about, [Answer("answer", {name: np.asarray(float(value))})], book(lab), {}
        )
        assert (verdict.evidence["properties"][name][0] > 0) == points, value


def answer(lab: str, task, name: str) -> float:
    facts = book(lab).facts(task, frozenset(), book(lab).probes(task)[0])
    return float(facts["answer", name])
