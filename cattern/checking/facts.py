"""Facts: named arrays that every correct style of code agrees on, and how two of them are compared.

Two numbers agree when their difference is small against the largest number in either array. That forgives what is
harmless (a 1e-8 inside a logarithm, another order of summation) and nothing else.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from cattern.checking.lab import TOLERANCE, Task, Values

# (probe id, fact name) → array, or a sentence when there is no array; the name "!" holds what was raised
Facts = dict[tuple[str, str], "np.ndarray | str"]
RAISED = "!"
MISSING = "is missing"  # what is said of a fact that is not there


@dataclass(frozen=True)
class Failure:
    """An exception that student code raised.

    Attributes:
        type: class name, "ValueError".
        message: its text, on one line, without memory addresses.
        line: line number in the student's file, or None.
        code: the source of that line, or None.
        todo: the task named by a stub's NotImplementedError ("TODO#3"), or None.
    """

    type: str
    message: str
    line: int | None = None
    code: str | None = None
    todo: str | None = None

    def __str__(self) -> str:
        """Return what was raised and where, in words: "ValueError: … in line 7 (`…`)", or what the file lacks."""
        where = f" in line {self.line}" if self.line else ""
        code = f" (`{self.code}`)" if self.code else ""
        name = "" if self.lacks else self.type
        return f"{': '.join(filter(None, [name, self.message]))}{where}{code}"

    def to_json(self) -> dict:
        """Return what was raised, and where, each by itself."""
        return {"type": self.type, "message": self.message, "line": self.line, "code": self.code}

    @property
    def lacks(self) -> bool:
        """Tell whether nothing went wrong inside: the file lacks a name, or has another form, than the lab asks for."""
        return self.type == "ApiError"


@dataclass(frozen=True)
class Answer:
    """What one probe gave: raw values, and the exception that ended it, if any."""

    probe: str
    values: Values
    failure: Failure | None = None


@dataclass(frozen=True)
class Difference:
    """How a fact differs from what was expected.

    Attributes:
        probe: the probe's id.
        fact: the fact's name.
        words: one clause: "got …, expected …".
        error: the largest relative error, or None where there is no number to compare.
        got: the number that came, alone; "" where that is not the trouble.
    """

    probe: str
    fact: str
    words: str
    error: float | None = None
    got: str = ""


def read(task: Task, inputs: Mapping[str, Mapping], answers: list[Answer]) -> Facts:
    """Turn a task's answers into facts, on the trusted side.

    Args:
        task: whose reading is used.
        inputs: probe id → the inputs that were sent.
        answers: what came back, at most one for each probe.
    """
    facts: Facts = {}
    for answer in answers:
        values = answer.values
        if task.reading:
            try:
                with np.errstate(all="ignore"):
                    values = task.reading(inputs[answer.probe], values)
            except Exception:  # arrays of absurd shapes from hostile code: no facts, no points, no stop
                values = {}
        for name, value in values.items():
            facts[answer.probe, name] = value if isinstance(value, str) else np.asarray(value)
        if answer.failure:
            # The message is part of what is reproduced; the line is not: everyone's file has other lines.
            facts[answer.probe, RAISED] = f"{answer.failure.type}: {gist(answer.failure.message)}"
    return facts


def gist(message: str) -> str:
    """Return an exception's message, or what all of NumPy's wordings of the same misfit have in common."""
    if product := re.search(r"size (\d+) is different from (\d+)", message):  # @
        return f"no product of {product[2]} and {product[1]}"
    if product := re.search(r"not aligned: (\d+) \(dim \d+\) != (\d+) \(dim \d+\)", message):  # np.dot
        return f"no product of {product[1]} and {product[2]}"
    if "broadcast" in message:
        shapes = sorted(set(re.findall(r"\(\d*(?:,\d*)*\)", message)))
        return f"no broadcast of {' and '.join(shapes)}" if shapes else message
    return re.sub(r"index -?\d+ is out of bounds", "index is out of bounds", message)


def agree(expected: "np.ndarray | str", got: "np.ndarray | str | None", tolerance: float = TOLERANCE) -> bool:
    """Tell whether two facts are the same, within `tolerance` of the larger one's scale."""
    if isinstance(expected, str) or isinstance(got, str) or got is None:
        return isinstance(expected, str) and isinstance(got, str) and expected == got
    if expected.shape != got.shape:
        return False
    both_nan = np.isnan(expected) & np.isnan(got)
    same = both_nan | (expected == got)
    if same.all():
        return True
    if not (np.isfinite(expected[~same]).all() and np.isfinite(got[~same]).all()):
        return False
    with np.errstate(all="ignore"):
        scale = np.max(np.abs(expected[~both_nan & np.isfinite(expected)]), initial=0.0)
        scale = max(scale, np.max(np.abs(got[~both_nan & np.isfinite(got)]), initial=0.0))
        return bool(np.max(np.abs(expected[~same] - got[~same])) <= tolerance * max(scale, 1e-8))


def changed(before: Facts, after: Facts) -> Iterator[tuple[str, str]]:
    """Yield the keys under which only one of the two has a fact, or the two do not agree."""
    for key in before.keys() | after.keys():
        if key not in before or key not in after or not agree(before[key], after[key]):
            yield key


def difference(probe: str, fact: str, expected: "np.ndarray | str | None", got) -> Difference:
    """Say how a fact differs: shapes first, then the worst element."""
    if got is None:
        return Difference(probe, fact, MISSING)
    if isinstance(got, str):
        return Difference(
            probe, fact, f"is {got}" + (f", expected {expected}" if isinstance(expected, str) else "")
        )
    if isinstance(expected, str) or expected is None:
        return Difference(probe, fact, f"is {show(got)}, expected {show(expected)}")
    if expected.shape != got.shape:
        return Difference(probe, fact, f"has shape {got.shape}, expected {expected.shape}")
    if expected.ndim == 0:
        return Difference(
            probe,
            fact,
            f"is {show(got)}, expected {show(expected)}",
            relative_error(expected, got),
            show(got),
        )
    with np.errstate(all="ignore"):
        gap = np.abs(expected - got)
    gap = np.where(np.isfinite(gap), gap, np.inf)
    gap[np.isnan(expected) & np.isnan(got)] = 0
    worst = tuple(int(i) for i in np.unravel_index(np.argmax(gap), gap.shape))
    error = relative_error(expected[worst], got[worst])
    at = ", ".join(map(str, worst))
    words = f"is {show(got[worst])} at [{at}], expected {show(expected[worst])}"
    return Difference(probe, fact, words, error, show(got[worst]))


def relative_error(x, y) -> float | None:
    """Return |x − y| / max(1e-8, |x| + |y|) of two numbers, or None when one is not finite."""
    x, y = float(x), float(y)
    if not (np.isfinite(x) and np.isfinite(y)):
        return None
    return abs(x - y) / max(1e-8, abs(x) + abs(y))


def show(value) -> str:
    """Return a number or a small array as text: a whole number with all its digits, any other with five."""
    if value is None or isinstance(value, str):
        return str(value)
    value = np.asarray(value)
    if value.ndim == 0:
        number = float(value)
        return str(int(number)) if number.is_integer() and abs(number) < 1e15 else f"{number:.5g}"
    if value.size <= 8:
        return np.array2string(value, precision=5, separator=", ", suppress_small=False).replace("\n", "")
    return f"an array of shape {value.shape}"
