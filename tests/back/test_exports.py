"""Results for other systems: what each wants in its table, filled and read back; Gradescope's zip, run in its folders."""

import csv
import io
import json
import os
import shutil
import subprocess
import sys
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest
from courses import course_of
from notebook_fixtures import LAB

from autograder.back.exports import sheets
from autograder.back.exports.gradescope import write_autograder
from autograder.back.final import Final, final_marks
from autograder.choices import Student
from cattern.errors import CatternError

COURSE = course_of(LAB)
FINALS = [
    Final(
        "ada", "Ada Low", "101", points={"TODO#1": 10.0, "T4": 4.5}, max_score=100, comment="T4: <b>good</b>"
    ),
    Final("ben", "Ben Ode", "102", "not handed in", max_score=100),
    Final("=cmd()", "=cmd()", "103", points={"TODO#1": 8.0}, max_score=100, penalty=3.0, open=("T4",)),
]


def rows(table) -> list[dict]:
    """Return a table as a spreadsheet or an LMS reads it."""
    return list(csv.DictReader(io.StringIO(sheets.written(table))))


def test_plain_csv_has_everybody_and_no_formula():
    read = rows(sheets.plain(COURSE, FINALS))
    assert [r["status"] for r in read] == ["graded", "not handed in", "graded"]
    assert [r["score"] for r in read] == ["14.5", "", "5"] and read[1]["TODO#1"] == ""
    assert read[2]["student"] == "'=cmd()" and read[2]["to_mark_by_hand"] == "T4"


def test_canvas_gets_its_columns_and_an_empty_cell_changes_nothing():
    table = sheets.canvas(COURSE, FINALS, "Lab 1")
    assert table[0] == ["Student", "ID", "SIS User ID", "SIS Login ID", "Section", "Lab 1"]
    assert table[1][0] == "    Points Possible" and table[1][5] == "100"
    assert [(r["ID"], r["Lab 1"]) for r in rows(table)[1:]] == [("101", "14.5"), ("102", ""), ("103", "5")]


def test_canvas_own_export_comes_back_with_one_column_changed():
    given = (
        "\ufeffStudent,ID,SIS Login ID,Section,Lab 1 (1234),Essay (99)\r\n"
        "    Points Possible,,,,100,10\r\n"
        '"Low, Ada",9001,ada,S1,,7\r\n'
        '"Ode, Ben",102,x,S1,55,8\r\n'
        '"Gone, Guy",7,guy,S1,3,9\r\n'
    )
    table = sheets.canvas(COURSE, FINALS, "Lab 1", sheets.read(given))
    read = rows(table)
    assert [r["Lab 1 (1234)"] for r in read] == [
        "100",
        "14.5",
        "55",
        "3",
    ]  # Ben handed in nothing: his cell stays
    assert [r["Essay (99)"] for r in read] == ["10", "7", "8", "9"] and read[1]["Student"] == "Low, Ada"
    assert sheets.unplaced(FINALS, table) == ["=cmd()"]
    assert table == sheets.canvas(COURSE, FINALS, "Lab 1", sheets.read(sheets.written(table)))
    assert sheets.canvas(COURSE, FINALS, "Lab 2", sheets.read(given))[0][-1] == "Lab 2"
    with pytest.raises(CatternError, match="it has no column 'Student'"):
        sheets.canvas(COURSE, FINALS, "Lab 1", [["Identifier", "Grade"]])


def test_moodles_worksheet_comes_back_with_grade_and_reasons():
    given = (
        "Identifier,Full name,Email address,Status,Grade,Maximum Grade,Grade can be changed,"
        "Last modified (submission),Last modified (grade),Feedback comments\r\n"
        'Participant 101,Ada Low,a@x.org,Submitted for grading,,100.00,Yes,"Monday, 1 March",-,\r\n'
        "Participant 103,Cem,c@x.org,Submitted for grading,,100.00,No,-,-,\r\n"
        "Participant 7,Guy,g@x.org,No submission,,100.00,Yes,-,-,kept\r\n"
    )
    table = sheets.moodle(COURSE, FINALS, sheets.read(given))
    read = rows(table)
    assert [r["Grade"] for r in read] == ["14.50", "", ""]  # the second is locked, the third is not ours
    assert read[0]["Feedback comments"] == "<p>T4: &lt;b&gt;good&lt;/b&gt;</p>"
    assert (
        read[0]["Last modified (submission)"] == "Monday, 1 March" and read[2]["Feedback comments"] == "kept"
    )
    assert table == sheets.moodle(COURSE, FINALS, sheets.read(sheets.written(table)))
    assert rows(sheets.moodle(COURSE, FINALS))[0]["Identifier"] == "Participant 101"
    with pytest.raises(CatternError, match="--sheet"):
        sheets.moodle(COURSE, [replace(FINALS[0], lms_id="")])


def test_final_marks_are_the_verdicts_and_the_roster_has_nobody_left_out(tmp_path, graded_class):
    _, grades = graded_class(LAB)
    (tmp_path / "notebooks").mkdir()
    people = (Student("ada", "Ada Low", "101"), Student("zoe", "Zoe"))
    course = replace(COURSE, folder=tmp_path, choices=replace(COURSE.choices, roster=people))
    finals = {f.student: f for f in final_marks(course, grades)}
    assert finals["zoe"].status == "not handed in" and finals["ada"].lms_id == "101"
    verdict = json.loads((grades / "dora.json").read_text(encoding="utf-8"))
    assert finals["dora"].total == verdict["score"] and "twice" not in finals["ada"].comment
    assert "TODO#2 loss, 8 of 12" in finals["dora"].comment


def test_the_command_writes_the_table(tmp_path, graded_class):
    _, grades = graded_class(LAB)
    (tmp_path / "course.toml").write_text("", encoding="utf-8")
    shutil.copytree(COURSE.notebook.parent, tmp_path / "notebooks" / LAB)
    command = [sys.executable, "-m", "cattern", "export", LAB, "--to", "canvas", "--grades", str(grades)]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    table = (tmp_path / "export" / f"{LAB}-canvas.csv").read_text(encoding="utf-8")
    assert "dora" in table and COURSE.lab.title in table
    assert "13 students have something" in done.stderr or "to be marked by hand" in done.stderr
    assert not (tmp_path / "gradebook.db").exists()  # looking for it makes none


def test_gradescopes_zip_grades_in_gradescopes_folders(tmp_path, graded_class):
    handed_in, grades = graded_class(LAB)
    archive = write_autograder(COURSE, tmp_path)
    home = tmp_path / "autograder"
    with zipfile.ZipFile(archive) as packed:
        assert {"setup.sh", "run_autograder"} <= {*packed.namelist()}
        assert not [n for n in packed.namelist() if "__pycache__" in n or n.endswith((".gz", ".npz"))]
        packed.extractall(home / "source")
    shutil.copy(home / "source" / "run_autograder", home / "run_autograder")
    shutil.copytree(handed_in / "dora" / LAB, home / "submission")
    environment = {**os.environ, "CATTERN_AUTOGRADER": str(home), "CATTERN_PYTHON": sys.executable}
    environment |= {"PYTHONPATH": str(home / "source")}
    done = subprocess.run(
        ["sh", home / "run_autograder"], env=environment, capture_output=True, text=True, check=False, cwd="/"
    )
    assert done.returncode == 0, done.stderr[-2000:]
    said = json.loads((home / "results" / "results.json").read_text(encoding="utf-8"))
    verdict = json.loads((Path(grades) / "dora.json").read_text(encoding="utf-8"))
    assert said["score"] == verdict["score"]
    tests = {test["name"].split()[0]: test for test in said["tests"]}
    assert "T4" not in tests and tests["TODO#2"]["score"] == 8 and tests["TODO#2"]["status"] == "failed"
    assert "The L2 term is twice as large" in " ".join(tests["TODO#2"]["output"].split())


@pytest.mark.slow
@pytest.mark.long
def test_gradescopes_set_up_installs_what_run_autograder_needs(tmp_path, graded_class):
    """Real: the zip in /autograder, setup.sh, its virtual environment, pip, run_autograder. Not real: apt-get, and what pip would
    download (the packages of this environment stand in for them)."""
    handed_in, grades = graded_class(LAB)
    home, tools = tmp_path / "autograder", tmp_path / "tools"
    with zipfile.ZipFile(write_autograder(COURSE, tmp_path, walls=False)) as packed:
        packed.extractall(home / "source")
    shutil.copy(home / "source" / "run_autograder", home)
    shutil.copytree(handed_in / "dora" / LAB, home / "submission")
    (home / "results").mkdir()
    tools.mkdir()
    (tools / "apt-get").write_text('#!/bin/sh\necho "$*" >>/autograder/apt.log\n')
    (tools / "apt-get").chmod(0o755)
    root = ["bwrap", "--tmpfs", "/", "--dev", "/dev", "--proc", "/proc", "--tmpfs", "/tmp", "--chdir", "/"]
    for top in Path("/").iterdir():
        if top.name not in ("dev", "proc", "tmp", "autograder"):
            root += ["--symlink", top.readlink(), top] if top.is_symlink() else ["--ro-bind", top, top]
    root += ["--bind", home, "/autograder", "--bind", tools, "/tools"]
    variables = {
        "PATH": f"/tools:{Path(sys.executable).parent}:/usr/bin:/bin",
        "PYTHONPATH": str(Path(pytest.__file__).parents[1]),
        "HOME": "/tmp",
        "PIP_NO_INDEX": "1",
        "PIP_NO_DEPS": "1",
        "PIP_NO_BUILD_ISOLATION": "0",
        "PIP_NO_CACHE_DIR": "1",
    }
    for script in ("source/setup.sh", "run_autograder"):
        command = [*map(str, root), "sh", f"/autograder/{script}"]
        done = subprocess.run(command, env=variables, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr[-2000:]
    assert "install -y -qq python3 python3-venv bubblewrap" in (home / "apt.log").read_text()
    [installed] = (home / "venv" / "lib").glob("python*/site-packages/cattern-*.dist-info")
    assert "/autograder/source" in (installed / "direct_url.json").read_text()
    said = json.loads((home / "results" / "results.json").read_text(encoding="utf-8"))
    assert said["score"] == json.loads((Path(grades) / "dora.json").read_text(encoding="utf-8"))["score"]
