"""Appeals, as an instructor types them: a page to send, and what a one-line fix would have given."""

import json
import shutil
import subprocess
import sys

from notebook_fixtures import LAB

from autograder.course import ROOT
from autograder.secret import fingerprint


def cattern(folder, *words):
    command = [sys.executable, "-m", "cattern", *words]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


def test_explain_writes_a_page_to_send(graded_class, tmp_path):
    handed_in, _ = graded_class(LAB)
    done = cattern(
        tmp_path, "explain", "dora", "TODO#2", "--submitted", str(handed_in), "--html", "dora.html"
    )
    assert done.returncode == 0, done.stderr
    page = (tmp_path / "dora.html").read_text(encoding="utf-8")
    assert "The L2 term is twice as large" in page and "8 <span" in page and "reg * (np.sum(W1" in page
    assert "The probe" in done.stdout and "reg_loss = 0.5" not in page  # the patch is the instructor's alone


def test_explain_says_where_it_is_not_the_verdict_of_the_table(graded_class, tmp_path):
    handed_in, grades = graded_class(LAB)
    (tmp_path / "grades").mkdir()
    file = tmp_path / "grades" / "dora.json"
    shutil.copy(grades / "dora.json", file)
    # that class has a course of its own, with another time limit
    command = (
        "explain",
        "dora",
        "TODO#2",
        "--submitted",
        str(handed_in),
        "--course",
        str(grades.parent / "course"),
    )
    assert "the verdict in" not in cattern(tmp_path, *command).stderr
    then = json.loads(file.read_text(encoding="utf-8"))
    then["course"] |= {"secret": "0" * 16, "version": "0.0.1", "choices": {"late_days": 3}}
    then["tasks"][1]["score"] = 12.0
    file.write_text(json.dumps(then), encoding="utf-8")
    done = cattern(tmp_path, *command)
    assert done.returncode == 0, done.stderr
    for said in (
        "another secret",
        "version 0.0.1",
        "other choices",
        "TODO#2: partial, 12 points",
        "partial, 8",
    ):
        assert said in done.stderr, said


def test_explain_draws_the_inputs_of_the_verdict_also_after_the_course_has_another_secret(
    graded_class, tmp_path, monkeypatch
):
    monkeypatch.delenv("CATTERN_SEED", raising=False)
    handed_in, grades = graded_class(LAB)
    shutil.copytree(ROOT / "notebooks" / LAB, tmp_path / "notebooks" / LAB)
    shutil.copy(grades.parent / "course" / "course.toml", tmp_path)
    then = json.loads((grades / "dora.json").read_text(encoding="utf-8"))
    then["course"]["secret"] = fingerprint("ours")
    (tmp_path / "grades").mkdir()
    (tmp_path / "grades" / "dora.json").write_text(json.dumps(then), encoding="utf-8")
    command = ("explain", "dora", "TODO#2", "--submitted", str(handed_in))
    (tmp_path / ".cattern-seed").write_text("ours\n", encoding="utf-8")
    before = cattern(tmp_path, *command)
    assert before.returncode == 0 and "secret" not in before.stderr, before.stderr
    (tmp_path / ".cattern-seed").rename(tmp_path / ".cattern-seed.old")
    (tmp_path / ".cattern-seed").write_text("theirs\n", encoding="utf-8")
    after = cattern(tmp_path, *command)
    assert after.stdout == before.stdout and "expected" in before.stdout
    assert "with an earlier secret" in after.stderr and "another secret" not in after.stderr
    (tmp_path / ".cattern-seed.old").write_text("lost\n", encoding="utf-8")
    without = cattern(tmp_path, *command)
    assert without.stdout != before.stdout and "another secret" in without.stderr


def test_a_one_line_fix_shows_before_and_after_and_stores_nothing(graded_class, tmp_path):
    handed_in, _ = graded_class(LAB)
    text = (handed_in / "dora" / LAB / "cattern" / "neural_net.py").read_text(encoding="utf-8")
    fixed = text.replace("reg_loss = reg *", "reg_loss = 0.5 * reg *")
    assert fixed != text
    (tmp_path / "neural_net.py").write_text(fixed, encoding="utf-8")
    command = ("grade", LAB, str(handed_in), "--out", "grades", "--with", "neural_net.py")
    done = cattern(tmp_path, *command, "--only", "dora")
    assert done.returncode == 0, done.stderr
    said = " ".join(done.stdout.split())
    assert "2 lines differ" in said and "+ reg_loss = 0.5" in said.replace("+   ", "+ ")
    assert "TODO#2 loss 8 partial 12 pass +4" in said and "79 83 +4" in said
    assert not (tmp_path / "grades").exists()
    (tmp_path / "other.py").write_text("", encoding="utf-8")
    done = cattern(tmp_path, *command[:-1], "other.py", "--only", "dora")
    assert done.returncode == 1 and "give one of neural_net.py" in done.stderr
    assert cattern(tmp_path, *command).returncode == 2
