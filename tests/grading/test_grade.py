"""A class, graded for real: the sample class goes through the sandbox, and comes out with the marks it earned."""

import csv
import json
import multiprocessing
import os
import shutil
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from courses import course_of
from sampling import sample
from shared import once

from autograder import demo
from autograder.bundle import handed_out, write_files
from autograder.demo import sample_class
from autograder.grading import klass as grade
from autograder.grading.store import verdict_path
from autograder.labs.two_layer_net import data
from autograder.sanitise.names import file_name
from cattern.checking.lab import load_lab

LAB = load_lab("two_layer_net")
FULL = {t.id: t.points for t in LAB.tasks if t.source != "hand"}


@pytest.fixture(scope="module")
def weights():
    """A network that labels digits no better than chance: TODO#8 is judged, nothing is trained."""
    rng = np.random.default_rng(0)
    return {
        "W1": rng.normal(size=(784, 5)),
        "b1": np.zeros(5),
        "W2": rng.normal(size=(5, 10)),
        "b2": np.zeros(10),
    }


@pytest.fixture(scope="module")
def folder(tmp_path_factory, weights):
    """The sample class as it was handed in, its verdicts, and the course that gave them: a loop that does not end ends soon."""

    def make(folder: Path) -> None:
        course = course_of(LAB.name, demo.course_folder(folder, LAB.name))
        write_files(folder / "release", handed_out(course_of()))
        sample_class.make_class(LAB, folder / "release", folder / "handed_in", weights)
        results = grade.grade_class(course, folder / "handed_in", folder / "grades", jobs=2).results
        assert all(r.verdict for r in results), [r.trouble for r in results]

    return once(tmp_path_factory, "class-with-weights", make)


@pytest.fixture(scope="module")
def course(folder):
    """The course of the class."""
    return course_of(LAB.name, folder / "course")


@pytest.fixture(scope="module")
def handed_in(folder):
    """The sample class, as it was handed in."""
    return folder / "handed_in"


@pytest.fixture(scope="module")
def graded(folder):
    """The verdict files of the sample class."""
    return folder / "grades"


def verdict(graded: Path, student: str) -> dict:
    return json.loads(verdict_path(graded, student).read_text(encoding="utf-8"))


def tasks(graded: Path, student: str) -> dict[str, dict]:
    return {t["id"]: t for t in verdict(graded, student)["tasks"]}


# student → what is not full: task → (status, points, mistakes)
EXPECTED = {
    "ada": {},
    "hana": {},
    "dora": {"TODO#2": ("partial", 8, ["reg-not-halved"])},
    "emil": {"TODO#3": ("partial", 11, ["relu-mask-missing"])},
    "kim": {"TODO#6": ("partial", 3, ["decay-divided"])},
    "lou": {"TODO#3": ("partial", 6, ["dW2-no-reg", "relu-mask-missing"])},
    "mia": {"TODO#4": ("partial", 2, ["sample-without-replacement"])},
    "gus": {t: ("timeout", 0, []) for t in ("TODO#4", "TODO#5", "TODO#6")},
    "fay": {f"TODO#{n}": ("error", 0, []) for n in range(1, 8)},
}


@pytest.mark.long
@pytest.mark.parametrize("student", EXPECTED)
def test_a_member_of_the_class_gets_what_was_earned(graded, student):
    for task_id, task in tasks(graded, student).items():
        if task_id in ("TODO#8", "T4"):
            continue
        found = (task["status"], task["score"], [m["id"] for m in task["mistakes"]])
        assert found == EXPECTED[student].get(task_id, ("pass", FULL[task_id], [])), (
            task_id,
            task["rationale"],
        )


def test_a_blank_submission_has_no_points_and_every_task_says_why(graded):
    said = tasks(graded, "ben")
    assert sum(t["score"] for t in said.values()) == 0
    assert said["TODO#1"]["status"] == "missing" and said["TODO#3"]["status"] == "skipped"
    assert "TODO#1" in said["TODO#3"]["rationale"]


def test_half_done_keeps_what_is_done(graded):
    said = tasks(graded, "chen")
    assert [said[f"TODO#{n}"]["score"] for n in (1, 2, 3)] == [10, 12, 20]
    assert said["T1"]["status"] == "pass" and said["TODO#4"]["status"] == "missing"


@pytest.mark.parametrize("student", ["ivan", "jo"])
def test_hostile_code_earns_nothing(graded, student):
    said = tasks(graded, student)
    assert sum(t["score"] for t in said.values()) == 0
    assert {t["status"] for t in said.values()} <= {"missing", "skipped", "error"}


def test_the_submitted_weights_are_run_by_the_oracle(graded):
    task = tasks(graded, "ada")["TODO#8"]
    assert task["status"] == "fail"
    assert 0 < task["evidence"]["test_accuracy"] < 0.5


def test_a_renamed_notebook_is_named_in_the_repairs_and_costs_nothing(graded):
    assert any("Copy of" in r for r in verdict(graded, "hana")["repairs"])
    assert verdict(graded, "ada")["repairs"] == []


def test_a_verdict_has_the_fixed_form(graded):
    v = verdict(graded, "dora")
    assert {
        "schema",
        "lab",
        "student",
        "status",
        "score",
        "max_score",
        "seconds",
        "course",
        "repairs",
        "tasks",
    } == v.keys()
    assert v["schema"] == 1 and v["max_score"] == 100 and v["score"] == sum(t["score"] for t in v["tasks"])
    for task in v["tasks"]:
        wanted = {"id", "title", "status", "score", "max_score", "rationale", "evidence", "mistakes"}
        assert wanted <= task.keys()
        assert all({"id", "explanation", "hint"} == m.keys() for m in task["mistakes"])


def rows(graded: Path) -> dict[str, dict]:
    """Return the rows of the table, by student."""
    with (graded / "summary.csv").open(encoding="utf-8") as file:
        return {row["student"]: row for row in csv.DictReader(file)}


def test_the_summary_has_a_row_for_everyone(graded, handed_in):
    of = rows(graded)
    assert of.keys() == {p.name for p in handed_in.iterdir()}
    assert float(of["dora"]["score"]) == verdict(graded, "dora")["score"]
    assert of["lou"]["mistakes"] == "dW2-no-reg relu-mask-missing"


def without_seconds(folder: Path) -> dict[str, dict]:
    found = {p.name: json.loads(p.read_text(encoding="utf-8")) for p in folder.glob("*.json")}
    return {name: {**v, "seconds": 0} for name, v in found.items()}


def busy(seconds: float) -> None:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        sum(range(1000))


@pytest.mark.slow
def test_a_second_run_under_load_gives_the_same_bytes(course, graded, handed_in, tmp_path):
    students = sample([p.name for p in sorted(handed_in.iterdir())], 3)
    load = [multiprocessing.Process(target=busy, args=(30,), daemon=True) for _ in range(3)]
    for process in load:
        process.start()
    try:
        grade.grade_class(course, copied(handed_in, tmp_path / "some", *students), tmp_path / "out", jobs=2)
    finally:
        for process in load:
            process.kill()
            process.join()
    assert rows(tmp_path / "out") == {student: rows(graded)[student] for student in students}
    there, here = without_seconds(tmp_path / "out"), without_seconds(graded)
    assert json.dumps(there) == json.dumps({name: here[name] for name in there})
    assert len(there) == len(students)


def copied(handed_in: Path, folder: Path, *students: str) -> Path:
    """Copy the submissions of some students into a folder: links to them would not be followed."""
    for student in students:
        shutil.copytree(handed_in / student, folder / student)
    return folder


def test_another_seed_gives_the_same_marks_from_other_numbers(course, graded, handed_in, tmp_path):
    some = copied(handed_in, tmp_path / "some", "ada", "dora", "lou")
    grade.grade_class(replace(course, secret="another secret"), some, tmp_path / "out", jobs=1)
    for student in ("ada", "dora", "lou"):
        there, here = tasks(tmp_path / "out", student), tasks(graded, student)
        assert {k: (t["status"], t["score"]) for k, t in there.items()} == {
            k: (t["status"], t["score"]) for k, t in here.items()
        }
    assert (
        tasks(tmp_path / "out", "dora")["TODO#2"]["rationale"] != tasks(graded, "dora")["TODO#2"]["rationale"]
    )


def cattern(*args, **options) -> subprocess.CompletedProcess:
    command = [sys.executable, "-m", "cattern", *map(str, args)]
    return subprocess.run(command, capture_output=True, text=True, check=False, **options)


def test_the_command_grades_only_a_file_and_garbage_and_an_empty_folder(tmp_path):
    for student, files in {
        "only the file": {
            "neural_net.py": sample_class.student_file(LAB.student_files[0], set(FULL), [], {})
        },
        "garbage": {"two_layer_net.ipynb": "{ not json", "notes.txt": "hello"},
        "naïve [red]name": {"cattern/neural_net.py": "x = ("},
    }.items():
        for name, text in files.items():
            path = tmp_path / "submitted" / student / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
    (tmp_path / "submitted" / "empty").mkdir()
    done = cattern("grade", LAB.name, tmp_path / "submitted", "--out", tmp_path / "out", "--jobs", 1)
    assert done.returncode == 0, done.stderr
    graded = [json.loads(p.read_text(encoding="utf-8")) for p in (tmp_path / "out").glob("*.json")]
    scores = {v["student"]: v["score"] for v in graded}
    assert scores == {"only the file": 72, "garbage": 0, "naïve [red]name": 0, "empty": 0}
    assert "naïve [red]name" in done.stdout and "72" in done.stdout
    syntax = tasks(tmp_path / "out", "naïve [red]name")["TODO#1"]
    assert syntax["status"] == "error" and "SyntaxError" in syntax["rationale"]


def test_usage_errors_have_their_own_exit_code_and_say_what_to_do(tmp_path):
    wrong_lab = cattern("grade", "two_layer_nett", tmp_path, "--out", tmp_path / "out")
    assert wrong_lab.returncode == 2 and "two_layer_net" in wrong_lab.stderr
    nothing = cattern("grade", LAB.name, tmp_path, "--out", tmp_path / "out")
    assert nothing.returncode == 1 and "no submission" in nothing.stderr
    nowhere = cattern("grade", LAB.name, tmp_path / "nowhere", "--out", tmp_path / "out")
    assert nowhere.returncode == 1 and "nowhere" in nowhere.stderr
    assert cattern("grade", LAB.name).returncode == 2


def test_without_a_sandbox_the_verdicts_are_the_same_and_it_warns(course, graded, handed_in, tmp_path):
    some = copied(handed_in, tmp_path / "s", "dora")
    done = cattern(
        "grade", LAB.name, some, "--out", tmp_path / "out", "--no-sandbox", "--course", course.folder
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr.count("no sandbox") == 1 and "Warning" not in done.stderr
    assert without_seconds(tmp_path / "out")["dora.json"] == without_seconds(graded)["dora.json"]


def test_grading_refuses_without_bubblewrap_and_says_how_to_get_it(handed_in, tmp_path):
    done = cattern("grade", LAB.name, handed_in, "--out", tmp_path / "out", env={"PATH": str(tmp_path)})
    assert done.returncode == 1
    assert "bubblewrap" in done.stderr and "install" in done.stderr
    assert not (tmp_path / "out").exists()


def test_explain_shows_the_probe_the_numbers_and_the_patch(handed_in):
    done = cattern("explain", "dora", "TODO#2", "--submitted", handed_in)
    assert done.returncode == 0, done.stderr
    for part in ("plain", "reg_term", "reg-not-halved", "-", "0.5 * reg"):
        assert part in done.stdout
    assert cattern("explain", "nobody", "2", "--submitted", handed_in).returncode == 1
    assert cattern("explain", "dora", "TODO#99", "--submitted", handed_in).returncode != 0


def test_words_of_a_student_are_shown_as_they_are(tmp_path):
    """Brackets are no markup, and a folder's name is whatever bytes a file system takes."""
    strange = os.fsdecode(b"ann \xff\x1b[31m")
    for student in ("ben", strange):
        (tmp_path / "submitted" / student).mkdir(parents=True)
        (tmp_path / "submitted" / student / "neural_net.py").write_text("raise ValueError('[/bold] [red]')\n")
    done = cattern("grade", LAB.name, tmp_path / "submitted", "--out", tmp_path / "out", "--jobs", 1)
    assert done.returncode == 0, done.stderr
    assert "ann" in done.stdout and "\x1b" not in done.stdout
    assert {p.name for p in (tmp_path / "out").glob("*.json")} == {"ben.json", f"{file_name(strange)}.json"}
    assert "ann" in (tmp_path / "out" / "summary.csv").read_text(encoding="utf-8")
    done = cattern("explain", "ben", "TODO#1", "--submitted", tmp_path / "submitted")
    assert done.returncode == 0, done.stderr
    assert "[/bold] [red]" in " ".join(done.stdout.split())


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"W1": np.full((784, 5), np.nan)}, "nan or inf"),
        ({"b1": np.zeros(5, bool)}, "dtype bool"),
        ({"b2": np.zeros(9)}, "do not fit together"),
        ({"W1": np.zeros((784, 0))}, "do not fit together"),
        ({"W1": np.zeros(784 * 5)}, "not a parameter"),
        ({"W2": np.float64(1)}, "not a parameter"),
        (
            {
                "W1": np.zeros((784, 50_000), np.int8),
                "b1": np.zeros(50_000, np.int8),
                "W2": np.zeros((50_000, 10), np.int8),
            },
            "50000 hidden units are more than",
        ),
    ],
)
def test_weights_that_are_no_network_are_refused(weights, change, says):
    assert data.misfit(weights) is None
    assert says in data.misfit(weights | change)


@pytest.mark.slow
def test_a_dask_cluster_gives_the_same_verdicts(course, graded, handed_in, tmp_path):
    from distributed import LocalCluster

    copied(handed_in, tmp_path / "s", "ada", "dora")
    with LocalCluster(n_workers=1, threads_per_worker=1, dashboard_address=None) as cluster:
        grade.grade_class(course, tmp_path / "s", tmp_path / "out", scheduler=cluster.scheduler_address)
    ours = without_seconds(graded)
    assert without_seconds(tmp_path / "out") == {name: ours[name] for name in ("ada.json", "dora.json")}


def test_a_course_of_its_own_is_graded_by_its_own_solution(handed_in, tmp_path):
    """An instructor who changed the constants of T1 gets T1 judged by the changed notebook."""
    course = tmp_path / "course"
    (course / "notebooks" / LAB.name).mkdir(parents=True)
    text = course_of().notebook.read_text(encoding="utf-8")
    changed = text.replace(
        "x0, w0, b0, w1, b1 = 1.0, 0.3, 0.1, -0.2, -0.3", "x0, w0, b0, w1, b1 = 2.0, 0.3, 0.1, -0.2, -0.3"
    )
    assert changed != text
    (course / "notebooks" / LAB.name / f"{LAB.name}.ipynb").write_text(changed, encoding="utf-8")
    copied(handed_in, tmp_path / "s", "ada")
    done = cattern("grade", LAB.name, tmp_path / "s", "--out", tmp_path / "out", "--course", course)
    assert done.returncode == 0, done.stderr
    said = tasks(tmp_path / "out", "ada")
    assert said["T1"]["status"] == "partial" and said["TODO#3"]["status"] == "pass"
