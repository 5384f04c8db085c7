"""The verdicts of the sample classes, word for word and number for number, as they were.

A change that means to change verdicts says so by new golden files: CATTERN_GOLDEN=write pytest tests/grading/test_golden.py
"""

import json
import os
from pathlib import Path

import pytest

from cattern.checking.lab import lab_names

GOLDEN = Path(__file__).with_name("golden")
# What need not be the same: wall time, and what later versions add to a verdict.
SINCE = {"seconds", "course"}


def without_time(verdict: dict) -> dict:
    return {name: value for name, value in verdict.items() if name not in SINCE}


def cut_to(said, golden):
    """Return a value without the fields that its golden counterpart lacks."""
    if isinstance(said, dict) and isinstance(golden, dict):
        return {name: cut_to(value, golden[name]) for name, value in said.items() if name in golden}
    if isinstance(said, list) and isinstance(golden, list) and len(said) == len(golden):
        return [cut_to(*pair) for pair in zip(said, golden, strict=True)]
    return said


@pytest.mark.parametrize("lab_name", lab_names())
def test_the_verdicts_are_as_they_were(lab_name, graded_class):
    _, grades = graded_class(lab_name)
    said = {
        path.stem: without_time(json.loads(path.read_text(encoding="utf-8")))
        for path in sorted(grades.glob("*.json"))
    }
    file = GOLDEN / f"{lab_name}.json"
    if os.environ.get("CATTERN_GOLDEN") == "write":
        rows = [f"{json.dumps(s)}: {json.dumps(v, ensure_ascii=False)}" for s, v in said.items()]
        file.write_text("{\n" + ",\n".join(rows) + "\n}\n", encoding="utf-8")
    golden = json.loads(file.read_text(encoding="utf-8"))
    assert said.keys() == golden.keys()
    for student, verdict in said.items():
        assert json.dumps(cut_to(verdict, golden[student])) == json.dumps(golden[student]), student


def test_another_word_or_number_shows():
    golden = {"tasks": [{"score": 1.0, "rationale": "right"}]}
    assert cut_to({"tasks": [{"score": 1.0, "rationale": "right", "new": 1}]}, golden) == golden
    assert cut_to({"tasks": [{"score": 0.5, "rationale": "right"}]}, golden) != golden
    assert cut_to({"tasks": []}, golden) != golden
