"""A class of a thousand: made from the catalogue, right styles, blanks and hostile files; graded; what the report says is what was planted."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from classes import LAB, make_class
from sampling import sample


def check_report(folder: Path, students: int) -> None:
    """Make, grade and report on a class in a folder; compare with what was planted."""
    kinds = make_class(folder / "submitted", students)
    for words in (
        ("grade", LAB, "submitted", "--out", "grades"),
        ("report", LAB, "--submitted", "submitted"),
    ):
        command = [sys.executable, "-m", "cattern", *words]
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr[-2000:]
    figures = json.loads((folder / "report" / f"{LAB}.json").read_text(encoding="utf-8"))
    page = (folder / "report" / f"{LAB}.html").read_text(encoding="utf-8")
    assert figures["students"] == students and sum(figures["scores"]["counts"]) == students
    right, blank, hostile = (kinds.pop(kind, []) for kind in ("right", "blank", "hostile"))
    assert [t["student"] for t in figures["troubles"]] == hostile
    assert "The process ended without an answer" in page
    named = {m["id"]: set(m["students"]) for m in figures["mistakes"]}
    blamed = set().union(*named.values())
    assert not blamed & {*right, *blank, *hostile}
    wrong = [student for who in kinds.values() for student in who]
    found = [s for mistake, who in kinds.items() for s in who if s in named.get(mistake, ())]
    # two that raise the same exception at the same place have one name
    assert len(found) >= 0.95 * len(wrong), sorted({*wrong} - {*found})
    first, most = figures["mistakes"][0], max(map(len, kinds.values()))
    assert first["count"] == len(kinds[first["id"]]) == most and first["section"]
    groups = {s for group in figures["unexplained"] for s in group["students"]}
    assert len(groups) <= 0.05 * len(wrong) and not groups & {*right, *blank, *hostile}
    for task in figures["tasks"]:
        if task["id"] in ("TODO#1", "TODO#4"):
            passed = students * task["pass_rate"]
            assert task["statuses"]["missing"] == len(blank)
            assert task["statuses"]["error"] >= len(hostile)
            assert len(right) - 0.5 <= passed <= students - len(blank) - len(hostile) + 0.5


def test_the_report_on_a_few_says_what_was_planted(tmp_path):
    check_report(tmp_path, 8)


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_the_report_on_a_thousand_says_what_was_planted(tmp_path):
    """A thousand in `make test-all`; CI takes fewer of them."""
    check_report(tmp_path, len(sample(range(1000), 150)))
