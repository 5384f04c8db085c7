"""In every lab, files that a platform or a student renamed are found; cells without tags are found by place and text."""

import json
from pathlib import PurePosixPath

import pytest
from courses import course_of

from autograder import markers
from autograder.bundle import handed_out
from autograder.course import ROOT
from autograder.notebook import solution_cells
from autograder.submission import read_submission
from autograder.submission.cells import tidy
from cattern.checking.lab import lab_names, load_lab

STYLES = [
    "{}",
    "{}-1",
    "doejane_1234_987654_{}-2",
    "jane_doe_{}",
    "{}_final",
    "{} (2)",
    "Copy of {}",
    "my {} v3",
]
LAB = load_lab("two_layer_net")


def solved(file):
    return markers.unmarked((ROOT / file).read_text(encoding="utf-8")).encode()


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("lab", lab_names())
def test_python_files_are_known_by_name_and_content(lab, style, tmp_path):
    about = load_lab(lab)
    for file in about.student_files:
        (tmp_path / (style.format(PurePosixPath(file).stem) + ".py")).write_bytes(solved(file))
    read = read_submission("ada", tmp_path, about, handed_out(course_of(lab)))
    assert {file: read.files[file] for file in about.student_files} == {
        f: solved(f) for f in about.student_files
    }


@pytest.mark.parametrize("lab", lab_names())
def test_python_files_are_known_by_content_alone(lab, tmp_path):
    about = load_lab(lab)
    for number, file in enumerate(about.student_files):
        (tmp_path / f"homework{number}.py").write_bytes(solved(file))
    read = read_submission("ada", tmp_path, about, handed_out(course_of(lab)))
    assert {file: read.files[file] for file in about.student_files} == {
        f: solved(f) for f in about.student_files
    }


@pytest.mark.parametrize("style", [*STYLES, "weights"])
def test_data_files_are_known_by_name_and_content(style, tmp_path):
    (tmp_path / (style.format("best_net") + ".npz")).write_bytes(b"PK weights")
    read = read_submission("ada", tmp_path, LAB, handed_out(course_of()))
    assert read.data == {"best_net.npz": b"PK weights"}


def test_which_of_two_data_files_is_meant_is_not_guessed(tmp_path):
    for name, data in {"a.npz": b"PK1", "b.npz": b"PK2", "neural_net.py": b"x = 1"}.items():
        (tmp_path / name).write_bytes(data)
    read = read_submission("ada", tmp_path, LAB, handed_out(course_of()))
    assert not read.data
    assert "ignored 'a.npz', 'b.npz': none of them is called best_net.npz" in read.repairs
    (tmp_path / "best_net_final.npz").write_bytes(b"PK3")
    assert read_submission("ada", tmp_path, LAB, handed_out(course_of())).data == {"best_net.npz": b"PK3"}


def grade_id(cell):
    return cell["metadata"].get("nbgrader", {}).get("grade_id")


def answered(lab):
    """Return the released notebook with every answer in it, and the release."""
    release = json.loads(handed_out(course_of(lab))[f"{lab}.ipynb"])
    answers = {name: markers.unmarked(text) for name, text in solution_cells(course_of(lab)).items()}
    cells = [
        {**cell, "source": answers.get(grade_id(cell), cell["source"]).replace("YOUR ANSWER HERE", "because")}
        for cell in release["cells"]
    ]
    return {**release, "cells": cells}, release


def bare(cell):
    return {**{k: v for k, v in cell.items() if k != "id"}, "metadata": {}}


@pytest.mark.parametrize("lab", lab_names())
def test_cells_without_tags_and_ids_are_found(lab):
    book, release = answered(lab)
    wanted = {grade_id(cell): cell["source"] for cell in book["cells"] if grade_id(cell)}
    _, found, done = tidy({**book, "nbformat_minor": 2, "cells": [bare(c) for c in book["cells"]]}, release)
    assert found == wanted
    assert any("known by place and text" in what for what in done)


def test_one_cell_without_a_tag_is_found_by_what_it_keeps_of_the_release():
    book, release = answered(LAB.name)
    for cell in book["cells"]:
        if grade_id(cell) == "t1-answer":
            stub = next(c for c in release["cells"] if grade_id(c) == "t1-answer")
            first = "".join(stub["source"]).splitlines()[0]
            cell["source"] = f"{first}\n{cell['source']}"
            answer = cell["source"]
            cell["metadata"] = {}
            del cell["id"]
    assert tidy(book, release)[1]["t1-answer"] == answer


def test_an_untagged_cell_that_shares_nothing_is_no_answer():
    book, release = answered(LAB.name)
    kept = [cell for cell in book["cells"] if grade_id(cell) != "t4"]
    kept.append({"cell_type": "markdown", "metadata": {}, "source": "my notes"})
    assert "t4" not in tidy({**book, "cells": kept}, release)[1]


def test_a_tag_that_the_release_lacks_is_dropped_and_named():
    book, release = answered(LAB.name)
    about = {
        "schema_version": 3,
        "grade_id": "of-another-lab",
        "grade": False,
        "solution": True,
        "locked": False,
    }
    pasted = {
        "cell_type": "code",
        "id": "p",
        "metadata": {"nbgrader": about},
        "outputs": [],
        "source": "f = 1",
    }
    notebook, found, done = tidy({**book, "cells": [*book["cells"], pasted]}, release)
    assert "of-another-lab" not in found and notebook["cells"][-1]["metadata"] == {}
    assert "tags of another notebook, dropped: 'of-another-lab'" in done
