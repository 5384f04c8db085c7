"""A course draws its inputs from a seed of its own: under any seed every mistake shows, and no two of a task give the same numbers."""

import pytest
from sampling import sample

from autograder.solution.reference import SolutionReference
from cattern.checking.diagnose import some
from cattern.checking.facts import changed
from cattern.checking.index import compared
from cattern.checking.judge import holds
from cattern.checking.lab import lab_names, load_lab
from cattern.checking.reference import expectation

# A course chooses a seed like these; `make test-all` looks at every one.
SEEDS = [f"{season} {year}" for year in range(2024, 2031) for season in ("spring", "autumn")]


@pytest.mark.slow
@pytest.mark.parametrize("seed", sample(SEEDS, 1))
@pytest.mark.parametrize("name", lab_names())
@pytest.mark.long
def test_every_mistake_shows_and_is_told_from_the_others(name, seed):
    lab = load_lab(name)
    reference, alike = SolutionReference(lab, seed), []
    for task in [t for t in lab.tasks if t.source == "module"]:
        earned = [p for p in task.properties if p.points]

        def facts(*mistakes, task=task):
            return some(expectation(task, reference, frozenset(mistakes)), compared(task))

        right, seen = facts(), {}
        for mistake in reference.mistakes(task):
            seen[mistake] = facts(mistake)
            if all(holds(p.facts, right, seen[mistake]) for p in earned):
                alike.append((mistake, "the solution"))
            alike += [(mistake, m) for m in seen if m != mistake and not any(changed(seen[m], seen[mistake]))]
    assert alike == []
