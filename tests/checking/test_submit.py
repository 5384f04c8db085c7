"""`python -m cattern submit`: one zip with a receipt, or a sentence for each thing that is missing."""

import hashlib
import json
import os
import subprocess
import sys
import zipfile

import numpy as np
import pytest
from lab_styles.two_layer_net import SOLUTION
from test_check import run

LAB = "two_layer_net"


def notebook(*counts):
    cells = [{"cell_type": "code", "source": ["1"], "execution_count": n, "outputs": []} for n in counts]
    return json.dumps({"cells": cells})


@pytest.fixture
def complete(folder, bundle_with):
    """A folder in which all is there and fresh."""
    bundle_with(SOLUTION)
    weights = {"W1": np.zeros((784, 5)), "b1": np.zeros(5), "W2": np.zeros((5, 10)), "b2": np.zeros(10)}
    np.savez(folder / "best_net.npz", **weights)
    path = folder / f"{LAB}.ipynb"
    path.write_text(notebook(1, 2, 3), encoding="utf-8")
    yield folder
    for name in ("best_net.npz", path.name, f"{LAB}-submission.zip", "photo.png", "mine.zip"):
        (folder / name).unlink(missing_ok=True)


def test_one_zip_holds_all_with_a_receipt(complete):
    (complete / "photo.png").write_bytes(b"\x89PNG")
    done = run(complete, "submit", "--student", "s01")
    assert done.returncode == 0, done.stderr
    assert "note:" not in done.stdout and f"{LAB}-submission.zip" in done.stdout
    with zipfile.ZipFile(complete / f"{LAB}-submission.zip") as archive:
        names = {n.removeprefix(f"{LAB}/") for n in archive.namelist()}
        assert names == {f"{LAB}.ipynb", "cattern/neural_net.py", "best_net.npz", "photo.png", "receipt.json"}
        receipt = json.loads(archive.read(f"{LAB}/receipt.json"))
        for file in receipt["files"]:
            data = archive.read(f"{LAB}/{file['name']}")
            assert (len(data), hashlib.sha256(data).hexdigest()) == (file["size"], file["sha256"])
    assert (receipt["lab"], receipt["student"], receipt["notes"]) == (LAB, "s01", [])
    assert {c["id"]: c["score"] for c in receipt["checks"]}["TODO#3"] == 20


def test_the_zip_is_graded_as_it_is(complete, tmp_path):
    """From the student's command to the grader's, as processes: the receipt and the verdict agree."""
    (tmp_path / "submitted").mkdir()
    assert run(complete, "submit", "--out", str(tmp_path / "submitted" / "s01.zip")).returncode == 0
    command = [sys.executable, "-m", "cattern", "grade", LAB, "submitted", "--out", "grades"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    verdict = json.loads((tmp_path / "grades" / "s01.json").read_text(encoding="utf-8"))
    with zipfile.ZipFile(tmp_path / "submitted" / "s01.zip") as archive:
        receipt = json.loads(archive.read(f"{LAB}/receipt.json"))
    promised = {c["id"]: c["score"] for c in receipt["checks"] if c["status"] == "pass"}
    earned = {task["id"]: task["score"] for task in verdict["tasks"]}
    assert len(promised) == 7 and promised.items() <= earned.items()
    assert (verdict["status"], verdict["score"]) == ("graded", 72)


def test_what_lies_in_the_wrong_place_or_under_another_name_is_noted(complete):
    strays = [complete / "neural_net.py", complete / f"{LAB}-Copy1.ipynb"]
    try:
        for path in strays:
            path.write_text("{}", encoding="utf-8")
        note = f"note: neural_net.py, {LAB}-Copy1.ipynb: not handed in; what counts is {LAB}.ipynb, cattern/neural_net.py"
        assert note in run(complete, "submit").stdout.splitlines()
        (complete / f"{LAB}.ipynb").unlink()
        assert f"  {note.removeprefix('note: ')}" in run(complete, "submit").stderr.splitlines()
    finally:
        for path in strays:
            path.unlink()


def test_out_may_be_a_folder_and_must_be_in_one(complete, tmp_path):
    assert run(complete, "submit", "--out", str(tmp_path)).returncode == 0
    assert zipfile.is_zipfile(tmp_path / f"{LAB}-submission.zip")
    done = run(complete, "submit", "--out", str(tmp_path / "no" / "x.zip"))
    assert done.returncode == 1 and f"{tmp_path / 'no'} is not a folder" in done.stderr


def test_what_is_missing_is_said_and_nothing_is_written(complete):
    (complete / "best_net.npz").unlink()
    done = run(complete, "submit")
    assert done.returncode == 1 and "best_net.npz is missing" in done.stderr
    assert not (complete / f"{LAB}-submission.zip").exists()
    done = run(complete, "submit", "--anyway", "--out", "mine.zip")
    assert done.returncode == 0 and "note: best_net.npz is missing" in done.stdout
    assert zipfile.is_zipfile(complete / "mine.zip")


def test_what_is_not_fresh_is_noted(complete):
    path = complete / f"{LAB}.ipynb"
    for counts, words in ((1, None, 3), "1 of 3 cells"), ((1, 3, 2), "from top to bottom"):
        path.write_text(notebook(*counts), encoding="utf-8")
        assert words in run(complete, "submit").stdout
    path.write_text(notebook(1, 2), encoding="utf-8")
    code = complete / "cattern" / "neural_net.py"
    later = path.stat().st_mtime + 60
    os.utime(code, (later, later))
    assert "neural_net.py was saved after" in run(complete, "submit").stdout


def test_a_given_file_that_was_changed_is_noted(complete):
    given = complete / "cattern" / "gradient_check.py"
    before = given.read_bytes()
    sums = {"cattern/gradient_check.py": hashlib.sha256(before).hexdigest(), "cattern/neural_net.py": "0"}
    (complete / "manifest.json").write_text(json.dumps({"files": sums}))
    try:
        given.write_bytes(before + b"\n# mine\n")
        said = run(complete, "submit").stdout
        assert (
            "cattern/gradient_check.py: changed since you got it" in said
            and "neural_net.py: changed" not in said
        )
    finally:
        given.write_bytes(before)
        (complete / "manifest.json").unlink()
