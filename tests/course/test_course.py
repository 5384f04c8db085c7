"""The secret of a course and what `cattern course` says: where each comes from, loudly when anybody could know it."""

import json
import os
import pickle
import stat
import subprocess
import sys

import pytest
from courses import course_of
from notebook_fixtures import copy_packages

from autograder.course import ROOT, Course
from autograder.secret import PUBLIC_SECRET, earlier_secret, fingerprint
from cattern.errors import CatternError

LAB = "nearest_neighbour"


def cattern(*words, cwd, **env) -> subprocess.CompletedProcess:
    command = [sys.executable, "-m", "cattern", *map(str, words)]
    clean = {k: v for k, v in os.environ.items() if k != "CATTERN_SEED"}
    path = os.pathsep.join([str(ROOT), clean.get("PYTHONPATH", "")])
    return subprocess.run(
        command,
        cwd=cwd,
        capture_output=True,
        text=True,
        check=False,
        env={**clean, "PYTHONPATH": path, **env},
    )


@pytest.fixture
def course(tmp_path, monkeypatch):
    """A course's folder, seen from another folder, without a secret."""
    monkeypatch.delenv("CATTERN_SEED", raising=False)
    folder = tmp_path / "course"
    folder.mkdir()
    (folder / "course.toml").touch()
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    return folder


def test_the_secret_is_the_courses_wherever_the_command_runs(course, monkeypatch):
    assert not Course.open(LAB, course).is_secret
    (course / ".cattern-seed").write_text("ours\nand a note\n")
    (course.parent / "elsewhere" / ".cattern-seed").write_text("theirs\n")
    assert Course.open(LAB, course).secret == "ours"
    monkeypatch.setenv("CATTERN_SEED", "the variable's")
    assert Course.open(LAB, course).secret == "the variable's"


@pytest.mark.parametrize("content", ["", "\n", "  \nours\n"])
def test_a_blank_secret_is_an_error(course, content, monkeypatch):
    (course / ".cattern-seed").write_text(content)
    with pytest.raises(CatternError, match=r"blank.*--new-secret"):
        Course.open(LAB, course)
    monkeypatch.setenv("CATTERN_SEED", " ")
    with pytest.raises(CatternError, match="CATTERN_SEED is blank"):
        Course.open(LAB, course)


def test_the_public_default_is_said_loudly_and_a_secret_of_ones_own_is_not(course):
    assert "PUBLIC" in Course.open(LAB, course).warning()
    assert "--new-secret" in Course.open(LAB, course).warning()
    (course / ".cattern-seed").write_text("ours\n")
    assert Course.open(LAB, course).warning() == ""


def test_new_secret_makes_one_file_for_its_owner_and_never_a_second(course):
    done = cattern("course", "--new-secret", cwd=course)
    assert done.returncode == 0, done.stderr
    file = course / ".cattern-seed"
    made = file.read_text()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600 and len(made.strip()) == 32
    again = cattern("course", "--new-secret", "--course", course, cwd=course.parent)
    assert again.returncode == 1 and "there already" in again.stderr
    assert "Rename it to .cattern-seed.old" in " ".join(again.stderr.split())
    assert file.read_text() == made
    said = cattern("course", LAB, cwd=course)
    assert said.returncode == 0, said.stderr
    assert made.strip() not in said.stdout + said.stderr
    assert str(file) in said.stdout.replace("\n", "") and said.stderr == ""


def test_new_secret_refuses_where_git_would_take_it(course):
    subprocess.run(["git", "init", "-q", str(course)], check=True)
    done = cattern("course", "--new-secret", cwd=course)
    assert done.returncode == 1 and ".gitignore" in done.stderr
    assert not (course / ".cattern-seed").exists()
    (course / ".gitignore").write_text(".cattern-seed\n")
    (course / ".cattern-seed.old").write_text("an earlier one\n")
    done = cattern("course", "--new-secret", cwd=course)
    assert done.returncode == 1 and "take .cattern-seed.old" in done.stderr
    (course / ".gitignore").write_text(".cattern-seed*\n")
    assert cattern("course", "--new-secret", cwd=course).returncode == 0
    status = ["git", "-C", str(course), "status", "--porcelain"]
    assert ".cattern-seed" not in subprocess.run(status, capture_output=True, text=True, check=True).stdout


def test_an_earlier_secret_is_found_by_its_fingerprint(course):
    assert earlier_secret(course, "public") == PUBLIC_SECRET
    assert earlier_secret(course, fingerprint("ours")) is None
    (course / ".cattern-seed").write_text("theirs\nours\n")
    (course / ".cattern-seed.old").write_bytes(b"\xff\xfe")
    (course / ".cattern-seed.2025").write_text("older \n")
    for known in ("theirs", "ours", "older"):
        assert earlier_secret(course, fingerprint(known)) == known


def test_git_ignores_the_secret_of_this_repository():
    assert ".cattern-seed*" in (ROOT / ".gitignore").read_text().splitlines()


def test_cattern_course_prints_what_holds_and_where_it_comes_from(course):
    (course / "course.toml").write_text(f'tolerance = 1e-4\n[labs.{LAB}]\npoints = {{ "T1" = 20 }}\n')
    done = cattern("course", LAB, "--json", cwd=course)
    assert done.returncode == 0, done.stderr
    (said,) = json.loads(done.stdout)
    assert said["choices"]["tolerance"] == {
        "value": 1e-4,
        "from": "course.toml",
        "says": "relative difference that is forgiven; 1e-5 if not set",
    }
    assert said["choices"]["carry"]["from"] == "default"
    assert said["points"]["T1"] == 20 and said["max_score"] == 110
    assert said["secret"] == "public" and "PUBLIC" in done.stderr
    shown = cattern("course", cwd=course, COLUMNS="200")
    assert "110 points" in shown.stdout and "course.toml, [labs.nearest_neighbour]" in shown.stdout
    assert "two_layer_net: 100 points" in shown.stdout


def test_an_unknown_lab_and_a_missing_folder_are_named(course):
    assert cattern("course", "three_layers", cwd=course).returncode == 2
    missing = cattern("course", "--course", course / "nowhere", cwd=course)
    assert missing.returncode == 1 and "nowhere is not a folder" in missing.stderr


def test_a_verdict_records_what_it_was_given_by_and_never_the_secret(course):
    (course / "course.toml").write_text(f'[labs.{LAB}]\npoints = {{ "T1" = 20 }}\n')
    said = course_of(LAB, course, secret="between us").recorded()
    assert said["choices"] == {"points": {"T1": 20}}
    assert said["secret"] == fingerprint("between us") != fingerprint("between others")
    assert "between us" not in json.dumps(said) + repr(course_of(LAB, course, secret="between us"))
    assert course_of(LAB, course).recorded()["secret"] == "public"
    assert said["version"]


def test_a_course_travels_to_another_process_and_is_the_same_there(course):
    (course / "course.toml").write_text(f'[labs.{LAB}]\npoints = {{ "T1" = 20 }}\n')
    ours = course_of(LAB, course)
    assert ours.lab.points == 110
    theirs = pickle.loads(pickle.dumps(ours))
    assert theirs == ours and hash(theirs) == hash(ours)
    assert theirs.lab.points == 110


def test_a_course_with_packages_of_its_own_goes_by_its_own_rubric(course):
    copy_packages(course)
    rubric = course / "cattern" / "checking" / "labs" / LAB / "rubric.py"
    before = course_of(LAB, course)
    assert before.root == course and before.lab.points == 100
    text = rubric.read_text(encoding="utf-8")
    assert text.count("Lab 6: the nearest neighbours") == 1
    rubric.write_text(text.replace("Lab 6: the nearest neighbours", "Our own title"), encoding="utf-8")
    after = course_of(LAB, course)
    assert after.lab.title.startswith("Our own title")
    assert course_of(LAB).lab.title.startswith("Lab 6")  # and nobody else does
    assert after.instructors("probes").__file__ == str(ROOT / "autograder" / "labs" / LAB / "probes.py")


def test_a_course_that_judges_by_another_engine_is_refused(course):
    copy_packages(course)
    path = course / "cattern" / "checking" / "judge.py"
    path.write_text(path.read_text(encoding="utf-8") + "\n# mine\n", encoding="utf-8")
    with pytest.raises(CatternError, match=r"judge\.py is not the installed one"):
        course_of(LAB, course)
    assert course_of(LAB).secret == PUBLIC_SECRET
