"""Instrumented code does what the plain code does; its values can be seen, and others put in their place."""

import ast
from itertools import chain

import numpy as np
import pytest
from judging import solved

from autograder.solution.reference import PUBLIC_SEED, SolutionReference
from cattern.checking import run as probing
from cattern.checking.agent.instrument import instrumented
from cattern.checking.agent.watch import Filling, OutOfSteps, Watch, read_plan, read_told, told, told_plan
from cattern.checking.facts import agree, read
from cattern.checking.lab import lab_names, load_lab
from cattern.checking.locate.basis import pairs
from cattern.checking.locate.runner import Here, lightened


def loaded(source: str) -> tuple[dict, Watch, list]:
    watch = Watch()
    tree, names = watch.made(source)
    exec(compile(tree, "instrumented", "exec"), names)
    return names, watch, watch.places


def number_of(places, code: str, kind: str = "expression") -> int:
    return next(n for n, p in enumerate(places) if p.code == code and p.kind == kind)


@pytest.mark.parametrize("lab", lab_names())
def test_the_solution_gives_the_same_facts_with_and_without(lab):
    about, known = load_lab(lab), SolutionReference(load_lab(lab), PUBLIC_SEED)
    for task in [t for t in about.tasks if t.source == "module"]:
        runner = Here(about, task, solved(lab))
        for probe in map(lightened, known.probes(task)):
            expected = known.facts(task, frozenset(), probe)
            answers = probing.run(task.driver, runner._module, [probe], runner._module.__file__)
            got = read(task, {probe.id: probe.inputs}, answers)
            slopes = {key for key in expected if key not in got}  # what only `own` asks for
            assert all(agree(value, got[key]) for key, value in expected.items() if key not in slopes)
            assert all(key[1].startswith("own") or "own" in key[1] for key in slopes)


SYNTAX = '''
import math
from dataclasses import dataclass

LIMIT: int = 3


@dataclass
class Point:
    x: float = 0.5

    def moved(self, *by, scale=1.0, **more):
        """Move."""
        nonlocal_value = [0]

        def inner(value):
            nonlocal_value[0] += value
            return nonlocal_value[0]

        self.x += inner(sum(by)) * scale
        first, *rest = by or (0.0,)
        match rest:
            case []:
                kind = "one"
            case [other]:
                kind = f"two {other:.1f}"
            case _:
                kind = "many"
        if (n := len(rest)) > 1:
            kind += str(n)
        del first
        try:
            1 / (len(rest) - 1)
        except ZeroDivisionError as error:
            kind += type(error).__name__
        finally:
            self.last = kind
        pairs = {k: v for k, v in sorted(more.items()) if v}
        return (self.x, kind, pairs, [*rest], (lambda z: z + 1)(math.floor(self.x)), by[-1:] if by else None)


def numbers(upto):
    for i in range(upto):
        yield i * 2
    else:
        yield -1


def total(upto):
    out = 0
    while upto:
        upto -= 1
        if upto % 2:
            continue
        out += sum(numbers(upto))
    return out
'''


def test_all_of_the_language_means_the_same():
    plain: dict = {}
    exec(SYNTAX, plain)
    names, _, _ = loaded(SYNTAX)
    for args, more in (
        ((), {}),
        ((1.5,), {}),
        ((1.0, 2.0), {"scale": 2.0, "b": 1, "a": 0}),
        ((1, 2, 3, 4), {}),
    ):
        a, b = plain["Point"](), names["Point"]()
        assert a.moved(*args, **more) == b.moved(*args, **more)
        assert vars(a) == vars(b)
    assert plain["total"](7) == names["total"](7) and names["Point"].moved.__doc__ == "Move."


def test_an_exception_has_the_line_it_has_without():
    source = "def f(x):\n    y = x + 1\n    return y / (x -\n        x)\n"
    names, _, _ = loaded(source)
    with pytest.raises(ZeroDivisionError) as caught:
        names["f"](1.0)
    assert caught.traceback[-1].lineno + 1 == 3


def test_values_are_seen_by_call_and_copied():
    names, watch, places = loaded("def f(a):\n    b = a * 2\n    b[0] = 9\n    return b\n")
    watch.start(keep=True)
    names["f"](np.array([1.0, 2.0]))
    names["f"](np.array([3.0, 4.0]))
    seen = watch.seen[number_of(places, "a * 2", "whole")]
    assert [[v.tolist() for v in call] for call in seen] == [[[2, 4]], [[6, 8]]]
    after = watch.seen[number_of(places, "b", "after")]
    assert [[v.tolist() for v in call] for call in after] == [[[9, 4]], [[9, 8]]]


def test_a_value_can_be_put_in_a_loop_turn_by_turn_and_shape_by_shape():
    names, watch, places = loaded(
        "def f(xs):\n    out = []\n    for x in xs:\n        out.append(x + 1.0)\n    return out\n"
    )
    place = number_of(places, "x + 1.0", "whole")
    wide, narrow = np.array([1.0, 1.0]), np.array([7.0])
    watch.start({place: Filling([[wide, narrow, 2 * wide]], [], [True])})
    got = names["f"]([narrow, wide, wide])
    assert [v.tolist() for v in got] == [[7], [1, 1], [2, 2]]
    watch.start({place: Filling([[wide, narrow]], [], [False])})  # the shapes tell nothing
    assert [v.tolist() for v in names["f"]([narrow, wide])] == [[1, 1], [7]]


def test_rows_are_told_by_their_shapes_only_where_all_shapes_fit():
    three, four, five = (np.arange(float(n)) for n in (3, 4, 5))
    assert [when for *_, when in pairs([[four, three]], [[three, four]])] == [(0, 0), (0, 1)]
    assert [len(right) for _, right, _ in pairs([[four, three]], [[three, four]])] == [4, 3]
    assert [len(right) for _, right, _ in pairs([[three, three]], [[five, three]])] == [5, 3]


def test_a_list_of_numbers_is_seen_and_stays_a_list():
    names, watch, places = loaded("def f(xs):\n    ys = [x for x in xs]\n    return ys + [9]\n")
    watch.start(keep=True)
    names["f"]([1, 2])
    place = number_of(places, "[x for x in xs]", "whole")
    assert watch.seen[place][0][0].tolist() == [1, 2]
    watch.start({place: Filling([[np.array([3, 4, 5])]], [True], [False])})
    assert names["f"]([1, 2]) == [3, 4, 5, 9]


def test_what_raises_can_be_given_its_value():
    names, watch, places = loaded("def f(a):\n    b = a @ a\n    b += 1\n    return b\n")
    watch.start({number_of(places, "a @ a", "whole"): Filling([[np.eye(2)]], [], [], blind=True)})
    assert names["f"](np.zeros((2, 3))).tolist() == [[2, 1], [1, 2]]


def test_a_run_that_never_ends_is_given_up():
    names, watch, _ = loaded("def f(x):\n    while x < 1.0:\n        x = x * 1.0\n    return x\n")
    watch.start(limit=1000)
    with pytest.raises(OutOfSteps):
        names["f"](0.5)


def test_what_was_seen_and_a_plan_cross_a_pipe_unchanged():
    names, watch, places = loaded(
        "def f(a, n):\n    b = a * n\n    m = b > 2.5\n    return b.sum(), m, n + 1\n"
    )
    watch.start(keep=True)
    names["f"](np.array([[1.0, 2.0]], np.float32), 3)
    steps, called, times, seen = read_told(*told(watch))
    assert (steps, called, times) == (watch.steps, watch.called, watch.times)
    assert [places[n].calls for n in called] == ["sum"]
    for number, calls in watch.seen.items():
        for ours, theirs in zip(chain(*calls), chain(*seen[number]), strict=True):
            assert np.array_equal(ours, theirs) and isinstance(theirs, np.ndarray) == isinstance(
                ours, np.ndarray
            )
    plan = {7: Filling([[np.eye(2), 1.5], []], [False, True], [True, False], True)}
    again = read_plan(*told_plan(plan))[7]
    assert again.values[0][0].tolist() == [[1, 0], [0, 1]] and again.values[0][1] == 1.5
    assert (again.once, again.by_shape, again.blind) == ([False, True], [True, False], True)


@pytest.mark.parametrize(
    "text", ["", "[]", '[1,[],{},{"0":[[["f",[5]]]]}]', '[1,[],{"0":[[]]},{"0":[[["f",[]]]]}]', "[[[", "{}"]
)
def test_a_forged_record_is_refused(text):
    with pytest.raises(ValueError):
        read_told(text, np.zeros(1))


def test_what_an_empty_array_has_the_shape_of_is_no_place():
    _, places = instrumented("def f(Z):\n    return np.empty_like(Z + 1.0), np.zeros_like(Z)\n")
    assert {p.code for p in places} == {"np.empty_like(Z + 1.0)", "np.zeros_like(Z)", "Z"}


def test_places_quote_the_code_as_it_was_written():
    source = "def f(größe, b):\n    return (größe  +\n            b) * 2.0\n"
    _, places = instrumented(source)
    assert {p.code for p in places} >= {"größe", "b", "(größe + b) * 2.0"}
    assert all(ast.parse(p.code, mode="eval") for p in places)
