"""Mutation testing of lab 1's probes: every mechanical mutant of the solution loses points, or is explained."""

import mutants
import pytest
from judging import WithoutDiagnosis, grade_text, reference

# A softmax is the same for any shift of a row, so every way to compute `shifted` from `scores` is right.
SHIFT = "np.max(scores, axis=1, keepdims=True)"
EQUIVALENT = {
    f"`scores - {SHIFT}` → `(scores + {SHIFT})`": "another shift",
    f"`scores - {SHIFT}` → `(scores)`": "no shift",
    f"`{SHIFT}` → `np.min(scores, axis=1, keepdims=True)`": "another shift",
    f"`{SHIFT}` → `np.mean(scores, axis=1, keepdims=True)`": "another shift",
    f"`{SHIFT}` → `np.sum(scores, axis=1, keepdims=True)`": "another shift",
    f"`{SHIFT}` → `np.max(scores, keepdims=True)`": "one shift for all rows",
    "`shifted` → `scores`": "no shift",
    "`scores` → `hidden`": "the hidden layer's maximum is a shift too",
    "`pre_activation <= 0` → `pre_activation < 0`": "the ReLU has no derivative at exactly 0",
    "`1` → `-1`": "the last axis of a matrix is axis 1",
}


def test_every_mutant_loses_points_or_is_equivalent(capsys):
    plain = WithoutDiagnosis(reference())
    all_mutants = mutants.mutants()
    survivors = [
        m for m in all_mutants if all(v.status == "pass" for v in grade_text(m.text, using=plain).values())
    ]
    unexplained = [str(m) for m in survivors if f"`{m.old}` → `{m.new}`" not in EQUIVALENT]
    killed = len(all_mutants) - len(survivors)
    with capsys.disabled():
        print(f"\n{killed} of {len(all_mutants)} mutants lose points; {len(survivors)} are equivalent:")
        for m in survivors:
            print(f"    {m}: {EQUIVALENT.get(f'`{m.old}` → `{m.new}`', 'UNEXPLAINED')}")
    assert len(all_mutants) > 250
    assert not unexplained


@pytest.mark.parametrize("todo", [f"TODO#{n}" for n in range(1, 8)])
def test_every_region_has_mutants(todo):
    assert any(m.todo == todo for m in mutants.mutants())
