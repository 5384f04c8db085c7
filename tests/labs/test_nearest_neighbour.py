"""The solved file of lab 6, against scikit-learn and against rules that hold for any input."""

import sys
import types

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from judging import grade_files, solved, stubbed

from autograder.solution.reference import SolutionReference
from cattern import nearest_neighbour as lab
from cattern.checking import run as probing
from cattern.checking.judge import judge_task
from cattern.checking.lab import load_lab

seeds = st.integers(0, 10**6)


def problem(seed: int, N: int = 20, M: int = 60, D: int = 4, C: int = 5):
    rng = np.random.default_rng(seed)
    return rng.normal(size=(N, D)), rng.normal(size=(M, D)), rng.permutation(np.resize(np.arange(C), M))


@pytest.mark.parametrize("k", [1, 2, 3, 4, 8, 60])
@given(seed=seeds)
def test_predictions_are_those_of_scikit_learn(k, seed):
    from sklearn.neighbors import KNeighborsClassifier

    X, X_train, y_train = problem(seed)
    other = KNeighborsClassifier(k, algorithm="brute").fit(X_train, y_train)
    mine = lab.predict(lab.squared_distances(X, X_train), y_train, k)
    assert mine.tolist() == other.predict(X).tolist()


@given(seed=seeds)
def test_distances_are_those_of_scikit_learn_and_no_argument_changes(seed):
    from sklearn.metrics import pairwise_distances

    X, X_train, _ = problem(seed)
    before = X.copy(), X_train.copy()
    expected = pairwise_distances(X, X_train) ** 2
    assert np.allclose(lab.squared_distances(X, X_train), expected, rtol=1e-9, atol=1e-9)
    assert np.array_equal(X, before[0]) and np.array_equal(X_train, before[1])


@given(seed=seeds, far=st.sampled_from([0, 100, 10**5]))
def test_no_distance_is_negative_even_where_rows_are_equal(seed, far):
    X = np.random.default_rng(seed).normal(size=(30, 50)) + far
    assert lab.squared_distances(X, X).min() >= 0


@given(seed=seeds, k=st.integers(1, 12))
def test_of_equal_distances_the_lower_row_comes_first(seed, k):
    rng = np.random.default_rng(seed)
    distances, y_train = rng.integers(0, 3, (6, 50)).astype(float), rng.permutation(50)
    expected = [[y_train[j] for j in sorted(range(50), key=lambda j: (row[j], j))[:k]] for row in distances]
    assert lab.nearest_labels(distances, y_train, k).tolist() == expected


def test_the_smallest_label_wins_a_tie():
    assert lab.majority_vote(np.array([[7, 2], [2, 7], [9, 9], [4, 3]]), 10).tolist() == [2, 2, 9, 3]


@given(seed=seeds)
def test_the_chosen_k_is_the_first_of_the_best(seed):
    from sklearn.neighbors import KNeighborsClassifier

    X, X_train, y_train = problem(seed)
    y_val, ks = np.random.default_rng(seed + 1).integers(0, 5, len(X)), [1, 3, 6, 20]
    best_k, accuracies = lab.choose_k(lab.squared_distances(X, X_train), y_train, y_val, ks)
    expected = [KNeighborsClassifier(k).fit(X_train, y_train).score(X, y_val) for k in ks]
    assert accuracies == pytest.approx(expected)
    assert best_k == ks[expected.index(max(expected))]


def test_drawn_rows_differ_and_come_from_the_generator_alone():
    np.random.seed(1)
    before = np.random.get_state()[1].copy()
    rows = [lab.draw_rows(40, 30, np.random.default_rng(s)).tolist() for s in (5, 5, 6)]
    assert rows[0] == rows[1] != rows[2]
    assert len(set(rows[0])) == 30 and set(rows[0]) <= set(range(40))
    assert np.array_equal(np.random.get_state()[1], before)


# What the rubric thinks of other correct styles


def loops(X, X_train):
    return np.array([[np.sum((a - b) ** 2) for b in X_train] for a in X])


def broadcast(X, X_train):
    return ((X[:, None].astype(np.float64) - X_train) ** 2).sum(axis=-1)


def sorted_pairs(distances, y_train, k):
    return [[y for _, _, y in sorted(zip(row, range(len(row)), y_train))[:k]] for row in distances]


def bincount(labels, num_classes):
    return [int(np.bincount(row, minlength=num_classes).argmax()) for row in labels]


def choose_by_loop(distances, y_train, y_val, ks):
    best_k, best, accuracies = None, -1.0, np.zeros(len(ks))
    for i, k in enumerate(ks):
        accuracies[i] = np.mean(np.asarray(bincount(sorted_pairs(distances, y_train, k), 5)) == y_val)
        if accuracies[i] > best:
            best_k, best = k, accuracies[i]
    return best_k, accuracies


def choose_in_two_steps(distances, y_train, y_val, ks):
    here = sys.modules["style"]
    votes = [here.majority_vote(here.nearest_labels(distances, y_train, k), 5) for k in ks]
    accuracies = [sum(map(bool, v == y_val)) / len(y_val) for v in votes]
    return np.int64(ks[accuracies.index(max(accuracies))]), tuple(accuracies)


STYLES = {
    "squared_distances": ("TODO#1", (loops, broadcast)),
    "nearest_labels": ("TODO#2", (sorted_pairs,)),
    "majority_vote": ("TODO#3", (bincount,)),
    "choose_k": ("TODO#4", (choose_by_loop, choose_in_two_steps)),
}
STYLES = [(name, task, style) for name, (task, styles) in STYLES.items() for style in styles]


def judged(task_id, functions, monkeypatch):
    """Return the task and the verdict on a student's file with these functions in it."""
    student = types.ModuleType("style")
    vars(student).update(functions)
    monkeypatch.setitem(sys.modules, "style", student)
    about = load_lab("nearest_neighbour")
    task, reference = about.task(task_id), SolutionReference(about, "styles")
    answers = probing.run(task.driver, student, reference.probes(task), "style.py")
    return task, judge_task(about, task, answers, reference, {})[0]


@pytest.mark.parametrize(("name", "task", "style"), STYLES, ids=lambda x: getattr(x, "__name__", None))
def test_every_correct_style_has_full_marks(name, task, style, monkeypatch):
    solution = {n: v for n, v in vars(lab).items() if not n.startswith("__")}
    task, verdict = judged(task, solution | {name: style}, monkeypatch)
    assert (verdict.status, verdict.score) == ("pass", task.points), verdict


def test_wrong_neighbours_and_votes_do_not_cost_the_choice(monkeypatch):
    wrong = {"nearest_labels": lambda *_: np.zeros((1, 1), int), "majority_vote": lambda *_: np.array([1])}
    task, verdict = judged("TODO#4", wrong | {"choose_k": choose_in_two_steps}, monkeypatch)
    assert verdict.score == task.points


@pytest.mark.parametrize("answer", ["0.0", "np.zeros((len(X), len(X_train)))"])
def test_an_answer_that_says_nothing_of_the_data_earns_nothing(answer):
    file = "cattern/nearest_neighbour.py"
    text = stubbed(solved("nearest_neighbour"), "TODO#1")[file]
    stub = next(line.strip() for line in text.splitlines() if "raise NotImplementedError" in line)
    verdict = grade_files("nearest_neighbour", {file: text.replace(stub, f"return {answer}")})["TODO#1"]
    assert verdict.score == 0 and verdict.status == "fail"
