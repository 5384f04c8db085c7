"""Exact relations between wrong and right values, and no others."""

import tomllib
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import autograder.labs
from cattern.checking.locate.relations import COEFFICIENTS, FACTORS, Pair, relation
from cattern.checking.locate.words import sentences

LABS = Path(autograder.labs.__file__).parent
RNG = np.random.default_rng(5)
RIGHT = [RNG.normal(size=(3, 4)), RNG.normal(size=(5, 2))]
SIZES = [{"N": 3}, {"N": 5}]
TERMS = [{"reg·W": RNG.normal(size=a.shape), "the scores": RNG.normal(size=a.shape)} for a in RIGHT]


def related(change) -> str | None:
    return relation([Pair(a, change(a, s, t), s, t) for a, s, t in zip(RIGHT, SIZES, TERMS, strict=True)])


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda a, s, t: 2 * a, "is twice as large"),
        (lambda a, s, t: -a, "has the wrong sign"),
        (lambda a, s, t: a * s["N"], "is too large by a factor of N"),
        (lambda a, s, t: -a / s["N"], "is too small by a factor of N and has the wrong sign"),
        (lambda a, s, t: a.T, "is right, but transposed"),
        (lambda a, s, t: a.reshape(1, -1), "has the right numbers in shape (1, 12), where (3, 4) is needed"),
        (lambda a, s, t: a[::-1], "has the right numbers in another order"),
        (lambda a, s, t: a + 2 * t["reg·W"], "is right plus twice reg·W"),
        (lambda a, s, t: a - t["reg·W"], "is right minus reg·W"),
        (lambda a, s, t: t["the scores"], "holds the scores"),
        (lambda a, s, t: 0 * a, "is 0 everywhere"),
        (lambda a, s, t: a, None),
        (lambda a, s, t: a * 1.7, None),
        (lambda a, s, t: a + 1.37 * t["reg·W"], None),
    ],
)
def test_a_relation_is_named_when_it_is_exact(change, said):
    assert related(change) == said


@pytest.mark.parametrize(
    ("kept", "said"),
    [
        (lambda a: a[-1], "holds only the last of the right numbers, and no list"),
        (lambda a: a[-2:], "holds only the last of the right numbers"),
        (lambda a: a[:2], "holds only the first of the right numbers"),
        (lambda a: a[1:3], None),
    ],
)
def test_a_list_that_was_written_over_or_ended_too_early_is_told(kept, said):
    lists = [RNG.normal(size=4), RNG.normal(size=6)]
    assert relation([Pair(a, kept(a), {}, {}) for a in lists]) == said


def test_what_is_said_of_calls_is_said_once_for_all_that_comes_of_them():
    entries = [
        ("updates", "`step` is called twice"),
        ("losses", "`step` is called twice"),
        ("losses", "yours is 0"),
    ]
    verdict = {"relation": [{"property": p, "fact": "W", "relation": r} for p, r in entries]}
    assert sentences(verdict) == ["Updates and losses: `step` is called twice.", "Losses: yours is 0."]


def test_no_word_of_a_lab_is_doubled_by_any_relation():
    tables = [tomllib.loads(path.read_text(encoding="utf-8")) for path in LABS.glob("*/words.toml")]
    functions = [f for table in tables for f in table.values()]
    entries = [e for f in functions for e in (f, f.get("given", {})) for e in e.values()]
    names = {name for name in entries if isinstance(name, str)}
    assert any(name.startswith("twice ") for name in names)
    doubled = []
    for name in sorted(names):
        for coefficient in COEFFICIENTS:
            pairs = [
                Pair(a, a + coefficient * t["reg·W"], {}, {name: t["reg·W"]})
                for a, t in zip(RIGHT, TERMS, strict=True)
            ]
            said = relation(pairs)
            words = said.split()
            if any(a == b for a, b in pairwise(words)) or "half of twice" in said:
                doubled.append(said)
    assert not doubled


def test_a_multiple_of_what_is_called_twice_something_is_one_factor():
    terms = [{"twice the products": t["reg·W"]} for t in TERMS]
    said = {
        c: relation(
            [Pair(a, a + c * t["twice the products"], {}, t) for a, t in zip(RIGHT, terms, strict=True)]
        )
        for c in (1.0, -1.0, 2.0, -0.5, 1.5)
    }
    assert said == {
        1.0: "is right plus twice the products",
        -1.0: "is right minus twice the products",
        2.0: "is right plus 4 times the products",
        -0.5: "is right minus the products",
        1.5: "is right plus 3 times the products",
    }


def test_one_that_holds_on_one_input_only_is_none():
    assert relation([Pair(RIGHT[0], 2 * RIGHT[0]), Pair(RIGHT[1], 3 * RIGHT[1])]) is None


def test_a_number_on_one_input_or_a_yes_and_no_are_too_little():
    assert relation([Pair(np.array(1.5), np.array(3.0))]) is None
    assert relation([Pair(np.array(1.0), np.array(0.0)), Pair(np.array(1.0), np.array(0.0))]) is None


@settings(max_examples=30, deadline=None)
@given(st.floats(0.1, 9).filter(lambda c: all(abs(c - f) > 1e-3 for f in (1.0, *FACTORS))))
def test_a_factor_that_is_no_simple_one_is_not_named(factor):
    assert relation([Pair(a, factor * a) for a in RIGHT]) is None
