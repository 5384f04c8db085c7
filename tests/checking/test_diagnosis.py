"""Every mistake of lab 1's catalogue, planted alone and in pairs, is named from its numbers."""

import contextlib
from collections.abc import Iterator
from functools import cache
from itertools import combinations

import pytest
from courses import course_of
from judging import LAB, TASKS, downstream, grade_text, lost, patched, reference
from lab_styles.two_layer_net import SOLUTION
from sampling import a_quarter, sample

from autograder.solution import patches as catalogue
from autograder.solution.reference import public_fingerprints
from cattern.checking.diagnose import some
from cattern.checking.facts import changed
from cattern.checking.fingerprints import FingerprintReference
from cattern.checking.index import compared

CATALOGUE = catalogue.load("two_layer_net")
BY_TASK = {t.id: [m for m in CATALOGUE if m.task == t.id] for t in TASKS}


def planted(*mistakes) -> str:
    return catalogue.apply(SOLUTION, list(mistakes))


@pytest.mark.parametrize("mistake", a_quarter(CATALOGUE), ids=lambda m: m.id)
def test_a_mistake_alone_loses_points_and_is_named_first(mistake):
    verdicts = grade_text(planted(mistake))
    own = verdicts[mistake.task]
    assert own.score < own.max_score
    assert own.mistakes and own.mistakes[0].id == mistake.id, own
    assert len(own.mistakes) == 1
    assert lost(verdicts).keys() <= {mistake.task} | downstream(LAB, mistake.task)


# The same mistakes in other words than the catalogue's: only the wording of the exception differs, or the random numbers.
OTHER_WORDS = {
    "scores-first-product-reversed": [("X @ W1 + b1", "W1.dot(X) + b1")],
    "scores-random": [("hidden @ W2 + b2", "hidden @ W2 + b2 + np.random.normal(scale=0.1)")],
    "dW1-not-transposed": [("X.T @ dhidden", "X.dot(dhidden)")],
    "grad-one-hot-width-from-labels": [
        ("dscores[np.arange(N), y] -= 1", "dscores = -np.eye(y.max() + 1)[y] + probs")
    ],
    "loss-one-hot-ten-classes": [("np.log(probs[np.arange(N), y])", "np.eye(10)[y] * np.log(probs)")],
    "sample-never-redrawn": [
        ("            batch = np.random", "            np.random.seed(42)\n            batch = np.random"),
        ("np.random.choice(N_train, batch_size)", "np.random.randint(N_train, size=batch_size)"),
    ],
    "sample-run-of-rows": [
        (
            "batch = np.random.choice(N_train, batch_size)",
            "start = int(np.random.rand() * (max(N_train - batch_size, 0) + 1))",
        ),
        ("X[batch]", "X[start : start + batch_size]"),
        ("y[batch]", "y[start : start + batch_size]"),
    ],
    "batch-labels-reordered": [("y[batch]", "np.random.permutation(y[batch])")],
    "update-gradients-swapped": [
        ("for name in self.params:", "for name, grad in zip(self.params, grads.values()):"),
        ("learning_rate * grads[name]", "learning_rate * grad"),
    ],
    "update-W1-twice": [
        (
            "-= learning_rate * grads[name]",
            '-= learning_rate * grads[name]\n            self.params["W1"] -= learning_rate * grads["W1"]',
        )
    ],
}


@pytest.mark.parametrize("name", OTHER_WORDS)
def test_a_mistake_is_named_in_other_words_too(name):
    task = next(m.task for m in CATALOGUE if m.id == name)
    verdicts = grade_text(patched(SOLUTION, *OTHER_WORDS[name]))
    assert [m.id for m in verdicts[task].mistakes] == [name]


def test_there_are_enough_mistakes():
    assert len(CATALOGUE) >= 150
    assert all(BY_TASK[t.id] for t in TASKS)


def pairs_across_tasks():
    for a, b in combinations(TASKS, 2):
        for first in BY_TASK[a.id]:
            for second in BY_TASK[b.id]:
                yield first, second


def unnamed(pairs) -> list[tuple]:
    """Return the pairs of which one half is not named at its own task."""
    found = []
    for first, second in pairs:
        wanted = {first.task, second.task}
        tasks = [
            t for t in TASKS if t.id in wanted | {u.id for w in wanted for u in LAB.upstream(LAB.task(w))}
        ]
        verdicts = grade_text(planted(first, second), tasks)
        named = {m.id for v in verdicts.values() for m in v.mistakes}
        if not {first.id, second.id} <= named:
            found.append((first, second))
    return found


def same_numbers(task, one, other) -> bool:
    """Tell whether the solution with some mistakes gives the same facts of a task as with others."""
    for probe in reference().probes(task):
        facts = [
            reference().facts(task, frozenset(m.id for m in mistakes), probe) for mistakes in (one, other)
        ]
        if None in facts or any(changed(*(some(f, compared(task)) for f in facts))):
            return False
    return True


def masked(first, second) -> bool:
    """Tell whether the first mistake hides the second: with both, the second's task has the same facts as with the first alone.

    A loss that raises, say, never comes to its gradients. Nobody could tell then.
    """
    return same_numbers(LAB.task(second.task), (first, second), (first,))


def assert_named(pairs) -> None:
    """Assert that both halves of every pair are named, but for a few in which the first makes the second look like another.

    Then what is named gives the very same numbers, or nothing is named: it is never a wrong number.
    """
    pairs = list(pairs)
    lost = [(a.id, b.id) for a, b in unnamed(pairs) if not masked(a, b)]
    print(
        f"{len(pairs) - len(lost)} of {len(pairs)} pairs named (or hidden by the first of the two); not: {lost}"
    )
    assert len(lost) <= len(pairs) / 50


# All pairs are some 88 000, more than an hour's work: `make test-all` takes them.
EVERY = list(pairs_across_tasks())


def test_a_sample_of_pairs_on_different_tasks_is_named():
    assert_named(EVERY[:: len(EVERY) // 50])


@pytest.mark.slow
@pytest.mark.timeout(0)
@pytest.mark.long
def test_pairs_on_different_tasks_are_named():
    assert_named(sample(EVERY, 400))


# Two mistakes in one task


def pairs_within(task, count: int = 4) -> Iterator:
    """Yield some pairs from all over the task's catalogue that can stand in one file: (first, second, the file's text)."""
    every = list(combinations(BY_TASK[task.id], 2))
    texts = []
    for first, second in every[:: len(every) // 100 or 1]:
        with contextlib.suppress(catalogue.Conflict):
            texts.append((first, second, planted(first, second)))
    yield from texts[:: len(texts) // count or 1]


def upstream_and(task) -> list:
    return [t for t in TASKS if t == task or t in LAB.upstream(task)]


@pytest.mark.parametrize(
    "task", [t for t in TASKS if t.id != "TODO#6"], ids=lambda t: t.id
)  # that is one line
@pytest.mark.parametrize("count", [4, pytest.param(10, marks=pytest.mark.slow)])
def test_two_mistakes_in_one_task_are_named_or_others_that_give_the_same_numbers(task, count):
    tried = 0
    for first, second, text in pairs_within(task, count):
        verdict = grade_text(text, upstream_and(task))[task.id]
        if verdict.status == "pass":  # the second undoes the first
            continue
        tried += 1
        assert 1 <= len(verdict.mistakes) <= 2, (first.id, second.id)
        assert same_numbers(task, (first, second), verdict.mistakes), (first.id, second.id, verdict.mistakes)
    assert tried >= count / 2


@cache
def fingerprints_of_lab_1() -> FingerprintReference:
    return FingerprintReference(LAB, public_fingerprints(course_of()))


def test_a_students_check_names_two_mistakes_that_leave_each_others_numbers_alone():
    text = planted(*(m for m in CATALOGUE if m.id in ("dW2-no-reg", "relu-mask-missing")))
    verdicts = grade_text(text, using=fingerprints_of_lab_1())
    assert {m.id for m in verdicts["TODO#3"].mistakes} == {"dW2-no-reg", "relu-mask-missing"}


def test_a_students_check_names_no_pair_that_gives_other_numbers():
    pairs = both = 0
    for task in TASKS:
        for first, second, text in pairs_within(task):
            pairs += 1
            verdict = grade_text(text, upstream_and(task), fingerprints_of_lab_1())[task.id]
            both += {m.id for m in verdict.mistakes} == {first.id, second.id}
            for row in verdict.evidence.get("lost", []):
                names = {f for p in task.properties if p.name == row["property"] for f in p.facts}
                assert not row["mistakes"] or gives(task, (first, second), row["mistakes"], names), row
    assert both >= pairs / 10, f"{both} of {pairs}"


def gives(task, made, named, facts: set[str]) -> bool:
    """Tell whether the mistakes named for a property give its facts as those that were made do, as far as anybody knows."""
    for probe in reference().probes(task):
        one = reference().facts(task, frozenset(m.id for m in made), probe)
        other = reference().facts(task, frozenset(named), probe)
        if other is not None and any(changed(some(one, facts), some(other, facts))):
            return False
    return True
