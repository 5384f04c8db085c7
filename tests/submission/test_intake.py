"""A class comes in as platforms hand it out: grouped by student, newest first, late ones marked, and nobody vanishes."""

import io
import json
import zipfile

import pytest
from courses import course_of

from autograder.bundle import handed_out
from autograder.submission import Unreadable, find_submissions, read_submission, take_in
from autograder.submission.layouts import RULES, aliases, identify, read_name
from cattern.checking.lab import lab_names, load_lab
from cattern.errors import CatternError

LAB = load_lab("two_layer_net")
NET = "cattern/neural_net.py"
CODE = b"class TwoLayerNet:\n    pass\n"
NEWER = b"class TwoLayerNet:\n    newer = True\n"
BOOK = json.dumps(
    {"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": [{"cell_type": "code", "source": "1"}]}
)
ROSTER = aliases(
    [("s1", "Jane Doe", "1234"), ("s2", "Ann O'Neil", "77"), ("s3", "Lee, Bo", ""), ("1234", "Zoe Z", "")]
)


def place(top, files):
    for name, data in files.items():
        file = top / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(data if isinstance(data, bytes) else data.encode())
    return top


def zipped(files):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return buffer.getvalue()


CANVAS = {
    "doejane_LATE_1234_500_two_layer_net.ipynb": BOOK,
    "doejane_LATE_1234_501_neural_net.py": CODE,
    "doejane_LATE_1234_600_neural_net-1.py": NEWER,
    "doejane_LATE_1234_602_best_net-1.npz": b"PK",
    "oneilann_77_510_neural_net.py": CODE,
}
MOODLE = {
    f"Jane Doe_900001_assignsubmission_file_/{NET}": CODE,
    "Jane Doe_900001_assignsubmission_onlinetext_/onlinetext.html": b"<p>hello",
    f"Group 7-Ann O'Neil_900002_assignsubmission_file/{NET}": CODE,
}
MOODLE_FLAT = {
    "Jane Doe_900001_assignsubmission_file_neural_net.py": CODE,
    "Jane Doe_900001_assignsubmission_file_two_layer_net.ipynb": BOOK,
    "Ann O'Neil_900002_assignsubmission_file_neural_net.py": CODE,
}
GRADESCOPE = {
    "assignment_55_export/submission_metadata.yml": b"""---
submission_301:
  :submitters:
  - :name: Jane Doe
    :sid: '1234567'
    :email: jane@example.org
  :created_at: 2026-03-01 10:00:00.000000000 Z
submission_302:
  :submitters:
  - :name: Ann O'Neil
    :email: ann@example.org
  :created_at: 2026-03-01 11:00:00.000000000 Z
submission_303:
  :submitters:
  - :name: Ann O'Neil
    :email: ann@example.org
  :created_at: 2026-03-01 12:00:00.000000000 Z
""",
    f"assignment_55_export/submission_301/{NET}": CODE,
    f"assignment_55_export/submission_302/{NET}": CODE,
    f"assignment_55_export/submission_303/{NET}": NEWER,
}
CLASSROOM = {
    f"two-layer-net-submissions/two-layer-net-jane-doe/{name}": data
    for name, data in {".git/HEAD": b"", NET: CODE}.items()
} | {
    "two-layer-net-submissions/two-layer-net-ann/.git/HEAD": b"",
    f"two-layer-net-submissions/two-layer-net-ann/{NET}": CODE,
}
INBOUND = {
    f"jane+two_layer_net+2026-03-01 10:00:00.5 UTC+aGVsbG8/{NET}": CODE,
    f"jane+two_layer_net+2026-03-02 09:00:00.1 UTC+d29ybGQ/{NET}": NEWER,
    f"ann+two_layer_net+2026-03-01 10:00:00.5 UTC/{NET}": CODE,
    f"bob+nn_library+2026-03-01 10:00:00.5 UTC/{NET}": CODE,
}


@pytest.mark.parametrize(
    ("files", "students"),
    [
        (CANVAS, ["doejane_1234", "oneilann_77"]),
        (MOODLE, ["Group 7-Ann O'Neil_900002", "Jane Doe_900001"]),
        (MOODLE_FLAT, ["Ann O'Neil_900002", "Jane Doe_900001"]),
        (GRADESCOPE, ["1234567", "ann@example.org"]),
        (CLASSROOM, ["ann", "jane-doe"]),
        (INBOUND, ["ann", "jane"]),
        ({f"jane/two_layer_net/{NET}": CODE, f"ann/{NET}": CODE}, ["ann", "jane"]),
        (
            {f"class of 2026/jane/{NET}": CODE, "class of 2026/ann.zip": zipped({NET: CODE})},
            ["class of 2026"],
        ),
        ({f"class of 2026/jane/{NET}": CODE, f"class of 2026/ann/{NET}": CODE}, ["ann", "jane"]),
        ({f"jane/{NET}": CODE, "jane/two_layer_net.ipynb": BOOK}, ["jane"]),
    ],
    ids=[
        "canvas",
        "moodle",
        "moodle flat",
        "gradescope",
        "classroom",
        "inbound",
        "folders",
        "mixed",
        "wrapped",
        "one",
    ],
)
@pytest.mark.parametrize("packed", [False, True], ids=["folder", "zip"])
def test_every_platforms_download_becomes_one_hand_in_a_student(tmp_path, files, students, packed):
    submitted = tmp_path / "submitted"
    if packed:
        submitted = tmp_path / "download.zip"
        submitted.write_bytes(zipped(files))
    else:
        place(submitted, files)
    taken = take_in(submitted, LAB)
    assert [each.student for each in taken.hand_ins] == students
    assert not taken.unmatched
    for each in taken.hand_ins:
        read = read_submission(each.student, each.place, LAB)
        assert read.files[NET] in (CODE, NEWER)


def test_canvas_a_file_handed_in_again_replaces_the_earlier_and_the_others_stay(tmp_path):
    taken = take_in(place(tmp_path, CANVAS), LAB)
    jane, ann = taken.hand_ins
    assert jane.late and not ann.late
    read = read_submission(jane.student, jane.place, LAB)
    assert read.files[NET] == NEWER and read.notebook and read.data == {"best_net.npz": b"PK"}
    assert list(taken.replaced) == ["doejane_LATE_1234_501_neural_net.py"]
    assert not any(
        "1234" in repair for repair in read.repairs
    )  # files are called what the student called them


@pytest.mark.parametrize("files", [GRADESCOPE, INBOUND], ids=["gradescope", "inbound"])
def test_the_newest_of_several_whole_submissions_counts(tmp_path, files):
    taken = take_in(place(tmp_path, files), LAB)
    again = [each for each in taken.hand_ins if read_submission("x", each.place, LAB).files[NET] == NEWER]
    assert len(again) == 1 and "2026-03-0" in again[0].at
    assert len(taken.replaced) == 1


def test_what_stands_in_moodles_text_field_reaches_the_grader(tmp_path):
    jane = next(each for each in take_in(place(tmp_path, MOODLE), LAB).hand_ins if "Jane" in each.student)
    read = read_submission(jane.student, jane.place, LAB, beside=True)
    assert read.beside == {"onlinetext/onlinetext.html": b"<p>hello"}


def test_a_roster_gives_the_ids_and_says_who_is_missing(tmp_path):
    taken = take_in(place(tmp_path, CANVAS), LAB, ROSTER)
    assert [each.student for each in taken.hand_ins] == ["s1", "s2"]  # not "1234", whose id is Jane's number
    assert taken.absent == {
        "1234": "there is nothing with this name",
        "s3": "there is nothing with this name",
    }
    taken = take_in(place(tmp_path / "m", MOODLE | {f"bo.lee/{NET}": CODE, f"eve/{NET}": CODE}), LAB, ROSTER)
    known = {each.student: each.known for each in taken.hand_ins}
    assert known == {"s1": True, "s2": True, "eve": False, "bo.lee": False}


def test_names_of_a_roster():
    assert identify(["doejane"], ROSTER) == identify(["Jane  DOE"], ROSTER) == "s1"
    assert identify(["leebo"], ROSTER) == identify(["Bo Lee"], ROSTER) == "s3"
    assert identify(["#77"], ROSTER) == "s2" and identify(["#1234"], ROSTER) == "s1"
    assert identify(["1234"], ROSTER) == "1234" and identify(["nobody"], ROSTER) is None
    twins = aliases([("a", "Jo Ko", ""), ("b", "Jo Ko", "")])
    assert identify(["Jo Ko"], twins) is None and identify(["a"], twins) == "a"


@pytest.mark.parametrize(
    "name", ["ada", "doe [2]", "doe (late)", "doe+1", "DOM\\doe", "two words ", "李明", "a_b_c", "x" * 250]
)
def test_an_ordinary_name_fits_no_rule(name):
    assert read_name(name, True) is None and read_name(f"{name}.zip", False) is None


@pytest.mark.parametrize(
    "name", ["_1_2_", "+lab+2026", "__assignsubmission_file_", "submission_", "a" * 5000 + "_1_"]
)
def test_names_that_nearly_fit_do_no_harm(name):
    for folder in (True, False):
        assert read_name(name, folder) is None or RULES


def test_loose_files_without_a_name_are_nobodys_and_named(tmp_path):
    taken = take_in(place(tmp_path, {"two_layer_net.ipynb": BOOK, "notes.txt": "", f"ada/{NET}": CODE}), LAB)
    assert list(taken.unmatched) == ["notes.txt", "two_layer_net.ipynb"]
    assert [each.student for each in taken.hand_ins] == ["ada"]


def test_what_an_operating_system_writes_between_the_students_is_nobodys(tmp_path):
    files = {
        "Thumbs.db": "",
        "desktop.ini": "",
        ".DS_Store": "",
        f"__MACOSX/ada/{NET}": "",
        f"ada/{NET}": CODE,
    }
    taken = take_in(place(tmp_path, files), LAB)
    assert [each.student for each in taken.hand_ins] == ["ada"] and not taken.unmatched


@pytest.mark.parametrize("packed", [False, True], ids=["folder", "zip"])
def test_a_dot_before_a_name_hides_nobody(tmp_path, packed):
    files = {f"ada/{NET}": CODE, f".bob/{NET}": CODE, f".cy/two_layer_net/{NET}": CODE, ".dan.zip": b"PK"}
    tools = (".git/hooks/pre-commit.py", ".ipynb_checkpoints/a.ipynb", ".vscode/settings.json", ".gitignore")
    files |= dict.fromkeys(tools, b"x")
    top = place(tmp_path / "class", files)
    if packed:
        (tmp_path / "class.zip").write_bytes(zipped(files))
        top = tmp_path / "class.zip"
    taken = take_in(top, LAB)
    assert [each.student for each in taken.hand_ins] == [".bob", ".cy", "ada"]
    assert list(taken.unmatched) == [".dan.zip"] and "the dot before its name" in taken.unmatched[".dan.zip"]
    assert read_submission(".bob", taken.hand_ins[0].place, LAB, handed_out(course_of())).files
    known = take_in(top, LAB, aliases([("bob", "", ""), ("cy", "", ""), ("ada", "", "")]))
    assert [(each.student, each.known) for each in known.hand_ins] == [
        (s, True) for s in ("ada", "bob", "cy")
    ]


def test_the_zip_of_cattern_submit(tmp_path):
    mine = {f"{LAB.name}/receipt.json": json.dumps({"student": "ada"}), f"{LAB.name}/{NET}": CODE}
    place(
        tmp_path, {"two_layer_net (1).zip": zipped(mine), "bob.zip": zipped(mine), "eve/x.zip": zipped(mine)}
    )
    found = find_submissions(tmp_path, LAB)
    # The receipt is the student's own word: it counts only where nothing else says whose it is.
    assert [student for student, _ in found] == ["ada", "bob", "eve"]
    assert all(read_submission(student, path, LAB).files[NET] == CODE for student, path in found)


def test_the_time_that_nbgrader_collected_is_read_and_no_pipe_is(tmp_path):
    import os

    place(
        tmp_path,
        {"doe/two_layer_net/timestamp.txt": "2026-03-02 10:00:00 UTC\n", f"doe/two_layer_net/{NET}": CODE},
    )
    (tmp_path / "eve").mkdir()
    os.mkfifo(tmp_path / "eve" / "timestamp.txt")
    assert [each.at for each in take_in(tmp_path, LAB).hand_ins] == ["2026-03-02 10:00:00 UTC", ""]
    doe = take_in(tmp_path, LAB).hand_ins[0]
    assert read_submission("doe", doe.place, LAB, beside=True).beside == {
        "timestamp.txt": b"2026-03-02 10:00:00 UTC\n"
    }


@pytest.mark.parametrize(
    ("files", "says"),
    [
        ({"Lab 1.html": b"<html>"}, "'Lab 1.html' is a web page, not the notebook itself"),
        ({"scan.PDF": b"%PDF"}, "'scan.PDF' is a PDF document"),
        ({"work.tar.xz": b"\xfd7zXZ\0"}, "packed with xz; ask for an ordinary zip"),
        ({"work.rar": b"Rar!\x1a"}, "a RAR archive; ask for an ordinary zip"),
        ({"work.zip": b"7z\xbc\xaf\x27\x1c"}, "a 7z archive"),
        ({"work.zip": b"%PDF-1.4"}, "a PDF document under another name"),
    ],
)
def test_what_cannot_be_graded_is_named_for_what_it_is(tmp_path, files, says):
    with pytest.raises(Unreadable) as refused:
        read_submission("ada", place(tmp_path, files), LAB)
    assert says in str(refused.value)


@pytest.mark.parametrize("handed_in", lab_names())
def test_the_notebook_of_another_lab_is_named(tmp_path, handed_in):
    notebook = handed_out(course_of(handed_in))[f"{handed_in}.ipynb"]
    for name in lab_names():
        place(tmp_path / name, {f"{name}.ipynb": notebook})
        if name == handed_in:
            assert read_submission("ada", tmp_path / name, load_lab(name)).notebook
        else:
            with pytest.raises(Unreadable, match=f"it is the notebook of {handed_in}"):
                read_submission("ada", tmp_path / name, load_lab(name))


def test_a_download_that_is_no_zip_is_an_error_with_a_cure(tmp_path):
    for name, data in {"class.zip": b"PK\x03\x04 broken", "class.tar.xz": b"\xfd7zXZ"}.items():
        (tmp_path / name).write_bytes(data)
        with pytest.raises(CatternError, match="download it again, or unpack it yourself"):
            take_in(tmp_path / name, LAB)


def test_a_download_unpacks_nowhere_else_and_keeps_bombs_out(tmp_path):
    bomb = zipped({f"ada/{NET}": b"\0" * (70 << 20), "../out": b"x", "/abs": b"x", "bob/neural_net.py": CODE})
    (tmp_path / "class.zip").write_bytes(bomb)
    ada, bob = take_in(tmp_path / "class.zip", LAB).hand_ins
    assert not (tmp_path / "out").exists()
    with pytest.raises(Unreadable, match="too large"):
        read_submission("ada", ada.place, LAB)
    assert read_submission("bob", bob.place, LAB).files[NET] == CODE
