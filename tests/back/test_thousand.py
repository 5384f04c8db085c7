"""A class of a thousand: made from the catalogue, right styles, blanks and hostile files; graded; what the report says is what was planted."""

import json
import random
import subprocess
import sys
from pathlib import Path

import pytest
from courses import course_of
from judging import planted
from lab_styles.two_layer_net import SOLUTION, styles
from notebook_fixtures import LAB
from sampling import sample

from autograder import markers
from autograder.bundle import handed_out
from autograder.solution import patches

COURSE = course_of(LAB)
FILE = "cattern/neural_net.py"


def make_class(folder: Path, students: int, seed: int = 0) -> dict[str, list[str]]:
    """Write `FOLDER/<student>/cattern/neural_net.py` for each; return what was planted: kind or mistake → students."""
    draw, kinds = random.Random(seed), {}
    catalogue = sorted(m.id for m in patches.load(LAB) if m.source == FILE)
    right = [markers.unmarked(text) for text in (SOLUTION, *styles().values())]
    for number in range(students):
        kind = draw.choices(["right", "mistake", "blank", "hostile"], [50, 40, 8, 2])[0]
        text = handed_out(COURSE)[FILE].decode()
        if kind == "right":
            text = draw.choice(right)
        elif kind == "mistake":
            kind = draw.choice(catalogue)
            text = markers.unmarked(planted(LAB, kind)[FILE])
        elif kind == "hostile":
            text = "import os\nos.write(1, b'100 of 100')\nos._exit(0)\n" + text
        name = f"s{number:04d}"
        kinds.setdefault(kind, []).append(name)
        path = folder / name / FILE
        path.parent.mkdir(parents=True)
        path.write_text(text, encoding="utf-8")
    return kinds


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
    assert figures["students"] == students and sum(figures["scores"]["counts"]) == students
    others = {kind: kinds.pop(kind, []) for kind in ("right", "blank", "hostile")}
    assert [t["student"] for t in figures["troubles"]] == others["hostile"]
    named = {m["id"]: set(m["students"]) for m in figures["mistakes"]}
    blamed = set().union(*named.values()) if named else set()
    assert not blamed & {*others["right"], *others["blank"], *others["hostile"]}
    wrong = [s for who in kinds.values() for s in who]
    found = [s for mistake, who in kinds.items() for s in who if s in named.get(mistake, ())]
    # two that raise the same exception at the same place have one name
    assert len(found) >= 0.95 * len(wrong), sorted({*wrong} - {*found})
    first = figures["tasks"][0]
    assert first["statuses"]["missing"] == len(others["blank"])
    assert first["statuses"]["error"] >= len(others["hostile"])


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_the_report_on_a_thousand_says_what_was_planted(tmp_path):
    """A thousand in `make test-all`; CI takes fewer of them."""
    check_report(tmp_path, len(sample(range(1000), 150)))
