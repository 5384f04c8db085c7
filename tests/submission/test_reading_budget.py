"""What a submission can cost before it is graded: each of these took minutes, or a gigabyte."""

import json
import time
import zipfile
from functools import cache

import pytest

from autograder import bundle
from autograder.course import Course
from autograder.submission import Unreadable, read_submission

MOST = 8.0  # CPU seconds; today each takes less than one
COURSE = Course.open("two_layer_net", secret="a test's")
NOTEBOOK = "two_layer_net.ipynb"
ANSWER = {
    "cell_type": "code",
    "metadata": {"nbgrader": {"grade_id": "t1-answer", "grade": False, "solution": True, "locked": False}},
    "outputs": [],
}


@cache
def release() -> dict[str, bytes]:
    return bundle.handed_out(COURSE)


def notebook(cells) -> bytes:
    return json.dumps({"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": cells}).encode()


def names(count: int, prefix: str) -> str:
    return "\n".join(f"{prefix}_{i} = {i}" for i in range(count))


TABS = "class TwoLayerNet:\n" + "\tdef f(self):\n        return 1\n" * 3000
LONG_LINE = "class TwoLayerNet:\n\tx = 1\n        y = " + "1+" * 60_000 + "1"
CASES = {
    "neighbours of one id": {
        NOTEBOOK: notebook([{**ANSWER, "source": names(200, f"a{i}")} for i in range(1900)])
    },
    "neighbours without a tag": {
        NOTEBOOK: notebook(
            [{**ANSWER, "source": "z = ("}] + [{**ANSWER, "metadata": {}, "source": "#" + "x" * 2000}] * 1500
        )
    },
    "an answer in many cells": {
        NOTEBOOK: notebook(
            [{**ANSWER, "source": ""}]
            + [{**ANSWER, "metadata": {}, "source": names(50, f"b{i}")} for i in range(1500)]
        )
    },
    "values without end": {NOTEBOOK: b'{"cells": [' + b"{}," * 1_000_000 + b"{}]}"},
    "numbers without end": {NOTEBOOK: b'{"cells": [], "metadata": {"x": [' + b"0.1," * 3_000_000 + b"1]}}"},
    "a notebook in pieces": {
        NOTEBOOK: b'{"cells": ['
        + b'{"cell_type": "code", "source": "a"},' * 9000
        + b'{"cell_type": ,' * 100_000
    },
    "mixed tabs in many files": {f"d{i}/neural_net.py": f"{TABS}# {i}".encode() for i in range(100)},
    "a line that is deep": {"neural_net.py": LONG_LINE.encode()},
    "modules without end": {f"m{i}/helper.py": b"x = 1\n" * 40_000 for i in range(300)},
    "conflicts without end": {"neural_net.py": b"<<<<<<< a\nx\n=======\ny\n>>>>>>> b\n" * 25_000},
}


@pytest.mark.parametrize("name", CASES)
def test_reading_has_a_budget(name, tmp_path):
    folder = tmp_path / "doe"
    for file, content in CASES[name].items():
        (folder / file).parent.mkdir(parents=True, exist_ok=True)
        (folder / file).write_bytes(content)
    release()
    start = time.process_time()
    try:
        said = read_submission("doe", folder, COURSE.lab, release()).repairs
    except Unreadable as error:
        said = (str(error),)
    assert time.process_time() - start < MOST
    assert said, "what was left out is named"


def test_a_member_of_an_archive_that_overlaps_another_is_not_read(tmp_path):
    path = tmp_path / "doe.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("neural_net.py", "class TwoLayerNet:\n    pass\n")
        archive.filelist.append(archive.filelist[0])  # a second entry of the directory on the same bytes
    said = read_submission("doe", path, COURSE.lab, release()).repairs
    assert any("more than once" in sentence for sentence in said)
