"""What a mistake costs beyond its own task: nothing that was earned."""

import json

import numpy as np
import pytest
from judging import (
    LAB,
    TASKS,
    WithoutDiagnosis,
    grade_files,
    grade_text,
    lost,
    patched,
    planted,
    reference,
    solved,
)
from lab_styles.two_layer_net import SOLUTION
from sampling import a_quarter

from autograder import markers
from autograder.solution import patches as catalogue
from autograder.solution.reference import SolutionReference
from cattern.checking import run as probing
from cattern.checking.facts import Answer
from cattern.checking.judge import judge_task
from cattern.checking.lab import load_lab

BY_ID = {m.id: m for m in catalogue.load("two_layer_net")}


def with_(*patches: tuple[str, str], text: str = SOLUTION) -> str:
    return patched(text, *patches)


def points_of(text: str, *tasks: str):
    """Return the verdicts on a file, without a search for what went wrong; of these tasks, if any are named."""
    chosen = [t for t in TASKS if not tasks or t.id in tasks]
    return grade_text(text, chosen, WithoutDiagnosis(reference()))


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
    verdicts = points_of(text)
    assert verdicts["TODO#2"].score <= 1
    assert verdicts["TODO#3"].score <= 2  # fresh arrays they are


def test_what_was_computed_before_a_line_that_raises_still_counts():
    verdicts = grade_text(with_(('grads["W1"] = X.T @ dhidden', 'grads["W1"] = X @ dhidden')))
    assert verdicts["TODO#2"].status == "pass"
    assert verdicts["TODO#3"].status == "partial" and "ValueError" in verdicts["TODO#3"].rationale
    properties = verdicts["TODO#3"].evidence["properties"]
    assert properties["gradient of W2"] == [5, 5] and properties["gradient of W1"] == [0, 5]


def test_a_wrong_derivation_is_not_called_measured():
    """Only a gradient that is right elsewhere can have been measured."""
    wrong = grade_text(
        planted(LAB.name, "relu-mask-signed")["cattern/neural_net.py"], using=WithoutDiagnosis(reference())
    )["TODO#3"]
    assert wrong.score < wrong.max_score and "measured" not in json.dumps(wrong.to_json())


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


def test_nothing_is_earned_behind_a_line_that_raises():
    """TODO#1 and TODO#4 raise, as known mistakes do; nobody has seen the rest, which is not even written."""
    stubs = markers.regions(SOLUTION, "neural_net.py")
    text = markers.replaced(SOLUTION, [r for r in stubs if r.task not in ("TODO#1", "TODO#4")])
    text = with_(
        ("np.maximum(0, pre_activation)\n        scores = hidden @ W2 + b2", "scores = X @ W1 @ W2 + b1"),
        ("np.random.choice(N_train, batch_size)", "np.random.choice(X, batch_size)"),
        text=text,
    )
    verdicts = grade_text(text)
    assert sum(v.score for v in verdicts.values()) == 0
    assert all(v.mistakes == () for v in verdicts.values() if v.id not in ("TODO#1", "TODO#4"))


def test_a_task_behind_a_known_mistake_that_raises_says_so():
    verdicts = grade_text(catalogue.apply(SOLUTION, [BY_ID["scores-b1-in-second-layer"]]))
    assert verdicts["TODO#2"].status == "skipped"
    assert "never comes this far" in verdicts["TODO#2"].rationale and "shapes" in verdicts["TODO#2"].rationale


@pytest.mark.parametrize(
    ("loss", "grad"),
    [
        ("sum(np.sum(p) for p in self.params.values())", "np.ones(p.shape)"),
        ("np.sum(X) * sum(np.sum(p**2) for p in self.params.values())", "np.sum(X) * 2 * p"),
    ],
)
def test_the_derivative_of_a_loss_that_knows_no_labels_earns_nothing(loss, grad):
    lines = markers.regions(SOLUTION, "neural_net.py")[2].lines
    text = with_(
        ("loss = data_loss + reg_loss", f"loss = {loss}"),
        ("\n".join(lines), f"        grads = {{k: {grad} for k, p in self.params.items()}}"),
    )
    assert points_of(text)["TODO#3"].score <= 2  # fresh arrays they are


@pytest.mark.parametrize("seed", a_quarter(range(8)))
def test_the_solution_follows_itself(seed):
    """What may be earned in place of the right numbers is true of the solution, on any seed: else it is no condition."""
    reference = SolutionReference(LAB, str(seed))
    own = [
        (task.id, probe.id, fact, value)
        for task in TASKS
        for probe in reference.probes(task)
        for (_, fact), value in reference.facts(task, frozenset(), probe).items()
        if fact.startswith("own_")
    ]
    assert {task for task, *_ in own} == {"TODO#2", "TODO#3", "TODO#4", "TODO#7"}
    assert not [each for each in own if each[-1] != 1]


def test_what_follows_from_scores_of_an_unknown_kind_is_worth_what_they_earned():
    text = with_(("hidden @ W2 + b2", "hidden @ W2 * np.cos(np.arange(len(b2))) + b2"))
    verdicts = grade_text(text, [LAB.task(f"TODO#{n}") for n in (1, 2, 7)])
    assert verdicts["TODO#1"].score == verdicts["TODO#7"].score == 0 and verdicts["TODO#1"].mistakes == ()
    assert verdicts["TODO#2"].score == 5


def test_the_right_loss_of_scores_that_are_all_equal_is_not_seen():
    verdicts = grade_text(with_(("hidden @ W2 + b2", "np.zeros((N, len(b2)))")))
    assert verdicts["TODO#2"].score < 12
    assert verdicts["TODO#7"].score == 0 and verdicts["TODO#7"].mistakes == ()


@pytest.mark.parametrize(
    "noise", ["* (np.random.rand(*hidden.shape) < 0.8) / 0.8", "+ 0.01 * np.random.randn(*hidden.shape)"]
)
def test_random_scores_are_named_whatever_their_numbers(noise):
    verdicts = grade_text(with_(("scores = hidden @ W2", f"scores = (hidden {noise}) @ W2")))
    assert [m.id for m in verdicts["TODO#1"].mistakes] == ["scores-random"]
    assert "random" in verdicts["TODO#1"].rationale
    assert verdicts["TODO#2"].status == verdicts["TODO#7"].status == "pass"


def test_inputs_changed_in_place_cost_nothing_of_the_training():
    verdicts = grade_text(with_(("        pre_activation = X", "        X /= 3\n        pre_activation = X")))
    assert "`loss` changes X" in verdicts["TODO#1"].rationale
    assert all(verdicts[task].status == "pass" for task in ("TODO#4", "TODO#5", "TODO#6"))


def test_weights_of_another_shape_are_named_and_cost_what_depends_on_it():
    text = with_(
        ("randn(input_size, hidden_size)", "randn(hidden_size, input_size)"),
        ('W1, b1 = self.params["W1"]', 'W1, b1 = self.params["W1"].T'),
    )
    verdicts = points_of(text)
    assert verdicts["TODO#1"].rationale == "self.params['W1'] has shape (6, 4), expected (4, 6)"
    assert {v.id for v in verdicts.values() if v.status != "pass"} == {"TODO#1", "TODO#2", "TODO#3", "TODO#7"}


def test_a_dict_that_is_made_anew_is_named():
    text = with_(
        ("        self.params = {}\n", "        self.kept = {}\n"),
        *(
            (f'        self.params["{name}"] = {value}', f'        self.kept["{name}"] = {value}')
            for name, value in {"W1": "std", "b1": "np", "W2": "std", "b2": "np"}.items()
        ),
        ("    def loss(", "    params = property(lambda self: dict(self.kept))\n\n    def loss("),
    )
    assert "another dict each time" in points_of(text)["TODO#1"].rationale


def test_a_rate_that_no_step_feels_is_no_decay():
    text = with_(
        (
            "        for it in updates:",
            "        rate = learning_rate\n        for it in updates:",
        ),
        ("-= learning_rate * grads[name]", "-= rate * grads[name]"),
    )
    verdicts = grade_text(text)
    assert verdicts["TODO#5"].status == "pass"
    assert verdicts["TODO#6"].score == 0 and [m.id for m in verdicts["TODO#6"].mistakes] == ["decay-never"]


def test_training_a_copy_moves_nothing():
    text = with_(
        (
            "        N_train = examples_per_epoch",
            "        import copy\n        self = copy.deepcopy(self)\n        N_train = examples_per_epoch",
        )
    )
    assert points_of(text)["TODO#5"].score == 0


def test_train_without_a_call_of_loss_is_named():
    text = with_(
        (
            "loss, grads = self.loss(X_batch, y=y_batch, reg=reg)",
            "loss, grads = self.both(X_batch, y_batch, reg)",
        ),
        (
            "    def loss(",
            "    def loss(self, X, y=None, reg=0.0):\n        return self.both(X, y, reg)\n\n    def both(",
        ),
    )
    verdicts = points_of(text)
    assert all("never called self.loss" in verdicts[f"TODO#{n}"].rationale for n in (4, 5, 6))


def test_what_loss_returns_is_named_when_it_is_no_pair():
    verdicts = points_of(with_(("        grads = {}\n", "        return loss\n        grads = {}\n")))
    assert "`loss` returned" in verdicts["TODO#2"].rationale and "pair" in verdicts["TODO#2"].rationale


def test_remarks_are_about_what_was_seen():
    assert not any(v.remarks for v in grade_text("import nothing_of_that_name\n").values())


def test_a_stub_left_behind_the_code_is_pointed_at():
    text = with_(
        (
            "        # Stage 2 ends here",
            '        raise NotImplementedError("TODO#2: compute loss")\n        # Stage 2 ends here',
        )
    )
    assert "remove it" in grade_text(text)["TODO#2"].rationale


@pytest.mark.parametrize(
    ("task", "old", "new"),
    [
        ("TODO#5", "-= learning_rate * grads[name]", "-= eta * grads[name]"),
        ("TODO#6", "learning_rate *= learning_rate_decay\n", "learning_rate *= learning_rate_deacy\n"),
    ],
)
def test_a_run_that_was_cut_short_says_by_what(task, old, new):
    rationale = grade_text(with_((old, new)))[task].rationale
    assert "NameError" in rationale and "shape" not in rationale


# What a mistake of the catalogue is not: its facts are near, its words would be false.
FALSE_NAMES = {
    "noise for rows": ("TODO#4", "X_batch = X[batch]", "X_batch = np.random.randn(batch_size, X.shape[1])"),
    "standardised rows": ("TODO#4", "X_batch = X[batch]", "X_batch = (X[batch] - X.mean(0)) / X.std(0)"),
    "labels of the next rows": ("TODO#4", "y_batch = y[batch]", "y_batch = y[(batch + 1) % N_train]"),
    "a decay when the accuracy does not rise": (
        "TODO#6",
        "learning_rate *= learning_rate_decay\n",
        "if len(val_acc_history) > 1 and val_acc_history[-1] <= val_acc_history[-2]:\n                    learning_rate *= learning_rate_decay\n",
    ),
    "a loss that raises as a gradient would": ("TODO#3", "np.sum(W1 * W1)", "np.sum((W1 + W2) ** 2)"),
    "no scores to predict from": (
        "TODO#7",
        "        if y is None:\n",
        "        if y is None:\n            return None\n",
    ),
}


@pytest.mark.parametrize("name", FALSE_NAMES)
def test_nothing_is_named_falsely(name):
    task, old, new = FALSE_NAMES[name]
    verdict = grade_text(with_((old, new)))[task]
    assert verdict.score < verdict.max_score and verdict.mistakes == ()


def test_every_probe_has_biases_and_both_sides_of_the_relu():
    for task in ("TODO#1", "TODO#2", "TODO#3", "TODO#7"):
        for probe in reference().probes(reference().lab.task(task)):
            given = probe.inputs
            assert np.abs(given["b1"]).min() > 0 and np.abs(given["b2"]).min() > 0
            before = given["X"] @ given["W1"] + given["b1"]
            assert (before > 0).any() and (before < 0).any() and np.abs(before).min() > 1e-3


def test_what_raised_is_said_before_the_numbers_that_were_left_by_it():
    files = solved("patch_embedding")
    files["cattern/layers.py"] = patched(
        files["cattern/layers.py"],
        ('self.grads["W"] += X.T @ dout', 'self.grads["W"] += 2 * X.T @ dout\n        dout.T @ dout.T'),
    )
    verdict = grade_files("patch_embedding", files)["TODO#6"]
    assert verdict.rationale.startswith("it raised ValueError: matmul")
    assert "; until then, gradient of W is " in verdict.rationale
    assert "gradient of b" not in verdict.rationale  # that is 0 because nothing was computed


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
    [
        (None, "None (is a `return` missing?)"),
        (np.array(None), "None (is a `return` missing?)"),
        ([None, 1.0], "not numbers but list of NoneType"),
        ([[1], [1, 2]], "not numbers but list of list (ValueError)"),
    ],
)
def test_what_is_not_numbers_is_called_by_its_type(value, said):
    assert probing.numbers(value) == said


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
            load_lab(lab), about, [Answer("answer", {name: np.asarray(float(value))})], reference(lab), {}
        )
        assert (verdict.evidence["properties"][name][0] > 0) == points, value


def answer(lab: str, task, name: str) -> float:
    facts = reference(lab).facts(task, frozenset(), reference(lab).probes(task)[0])
    return float(facts["answer", name])


NO_RATE = ("self.params[name] -= learning_rate * grads[name]", "self.params[name] -= grads[name]")
DECAY = "                learning_rate *= learning_rate_decay\n"


def test_an_earlier_mistake_that_hides_a_task_earns_nothing_for_a_stub_and_costs_nothing_who_wrote_it():
    assert grade_text(with_(NO_RATE))["TODO#6"].score == 8
    verdicts = grade_text(with_(NO_RATE, (DECAY, "                pass\n")))
    assert verdicts["TODO#5"].mistakes and verdicts["TODO#6"].score == 0


def test_a_loss_that_says_nothing_about_the_data_earns_no_gradient():
    loss = "loss = np.mean(y) * sum(p.sum() for p in self.params.values())"
    text = with_(("loss = data_loss + reg_loss", loss))
    text = text.replace(
        "        return loss, grads\n\n    def train",
        "        grads = {n: np.full(p.shape, np.mean(y)) for n, p in self.params.items()}\n        return loss, grads\n\n    def train",
    )
    verdicts = grade_text(text)
    assert verdicts["TODO#2"].score <= 1 and verdicts["TODO#3"].score <= 2


NUMERIC = """
        def moved(array, at, step):
            array[at] += step
            value = self.loss(X, y, reg)[0]
            array[at] -= step
            return value

        self.wants_grads = False
        try:
            for name, p in self.params.items():
                grads[name] = np.zeros(p.shape)
                for at in np.ndindex(p.shape):
                    grads[name][at] = (moved(p, at, RIGHT) - moved(p, at, LEFT)) / (RIGHT - LEFT)
        finally:
            self.wants_grads = True
"""


@pytest.mark.parametrize("sides", [(1e-5, -1e-5), (1e-6, 0.0), (0.0, -1e-6), (1e-8, -1e-8)])
@pytest.mark.parametrize("reg_loss", ["0.5 * reg", "0.7 * reg"])
def test_gradients_that_are_measured_are_told_from_those_that_are_derived(sides, reg_loss):
    text = with_(("reg_loss = 0.5 * reg", f"reg_loss = {reg_loss}"))
    start = text.index("        dscores = probs.copy()")
    end = text.index("        ### END SOLUTION", start)
    right, left = map(repr, sides)
    text = text[:start] + NUMERIC.replace("RIGHT", right).replace("LEFT", left) + text[end:]
    verdict = grade_text(text)["TODO#3"]
    assert verdict.score <= 2 and "measured" in verdict.rationale, verdict
