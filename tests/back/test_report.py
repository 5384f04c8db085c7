"""The class's report: what was planted is what it says, at 60 students and (slow) at 1000."""

import json
import random
import re
import shutil
import subprocess
import sys

import pytest
from courses import course_of
from lab_styles.two_layer_net import SOLUTION
from notebook_fixtures import LAB
from pages import violations

from autograder import markers
from autograder.back import similar
from autograder.back.figures import class_figures, errors, mistakes
from autograder.back.report import report, report_page, write_report
from autograder.grading.endings import ENDINGS
from cattern.checking.facts import Failure

COURSE = course_of(LAB)
MISTAKES = {"TODO#2": "reg-not-halved", "TODO#3": "relu-mask-missing", "TODO#6": "decay-divided"}
SECTIONS = {"TODO#2": "3. Loss", "TODO#3": "4. Backward pass"}


def task_of(task, status: str, score: float, **more) -> dict:
    said = {"id": task.id, "title": task.title, "status": status, "score": score, "max_score": task.points}
    return {**said, "rationale": "…", "evidence": {}, "mistakes": [], "remarks": [], **more}


def lost(task, says: str, mistake: str | None = None) -> dict:
    """Return a task with a lost property: named, or by its numbers alone."""
    named = [{"id": mistake, "explanation": f"about {mistake}", "hint": ""}] if mistake else []
    one = {
        "property": "p",
        "says": says,
        "got": says,
        "probe": "plain",
        "mistakes": [mistake] if mistake else [],
    }
    return task_of(task, "partial", 1.0, rationale=says, mistakes=named, evidence={"lost": [one]})


def planted(students: int, seed: int = 0) -> tuple[list[dict], dict]:
    """Return verdicts as the judge writes them, and what was planted: kind → names of students."""
    draw, verdicts = random.Random(seed), []
    kinds: dict[str, list[str]] = {}
    for number in range(students):
        name = f"s{number:04d}"
        kind = draw.choices(
            ["right", *MISTAKES, "same numbers", "alone", "hostile", "blank", "import"],
            [40, 15, 10, 5, 6, 2, 2, 10, 4],
        )[0]
        kinds.setdefault(kind, []).append(name)
        tasks = []
        for task in COURSE.lab.tasks:
            if task.source == "hand":
                tasks.append(task_of(task, "skipped", 0.0))
            elif kind == "blank":
                tasks.append(task_of(task, "missing", 0.0))
            elif kind == "hostile" and task.source == "module":
                tasks.append(task_of(task, "error", 0.0, rationale=ENDINGS["exit"][1]))
            elif kind == "import" and task.source == "module":
                raised = {"raised": "ModuleNotFoundError: No module named 'numpie'"}
                raised["lost"] = [
                    {"property": "loss", "says": "it is missing", "got": "None", "mistakes": []}
                ]
                status = (
                    "skipped" if task.id == "TODO#3" else "error"
                )  # it never comes so far: explained as well
                tasks.append(task_of(task, status, 0.0, evidence=raised))
            elif kind == task.id:
                tasks.append(lost(task, "twice", MISTAKES[kind]))
            elif kind == "same numbers" and task.id == "TODO#5":
                tasks.append(lost(task, "the step is 0.37"))
            elif kind == "alone" and task.id == "TODO#5":
                tasks.append(lost(task, f"the step is {number}"))
            else:
                tasks.append(task_of(task, "pass", task.points))
        score, most = sum(t["score"] for t in tasks), COURSE.lab.points
        about = {
            "schema": 1,
            "lab": LAB,
            "student": name,
            "status": "graded",
            "score": score,
            "max_score": most,
        }
        repairs = ["took x for y"] if kind == "right" and number % 9 == 0 else []
        verdicts.append(
            {
                **about,
                "seconds": 0.1 + number / 1000,
                "repairs": repairs,
                "tasks": tasks,
                "late": number % 7 == 0,
            }
        )
    return verdicts, kinds


@pytest.mark.parametrize("students", [60, pytest.param(1000, marks=pytest.mark.slow)])
def test_the_figures_are_what_was_planted(students):
    verdicts, kinds = planted(students)
    figures = class_figures(COURSE.lab, verdicts, SECTIONS)
    assert figures["students"] == students and sum(figures["scores"]["counts"]) == students
    made = {m["id"]: m for m in figures["mistakes"]}
    for task, mistake in MISTAKES.items():
        assert made[mistake]["students"] == kinds.get(task, []) and made[mistake]["task"] == task
    assert made["reg-not-halved"]["section"] == "3. Loss"
    counts = [m["count"] for m in figures["mistakes"]]
    assert counts == sorted(counts, reverse=True)
    first, *others = figures["unexplained"]
    assert first["students"] == kinds["same numbers"] and first["says"] == "the step is 0.37"
    assert sorted(s for o in others for s in o["students"]) == kinds.get("alone", [])
    assert first["draft"] == f"cattern mistake draft {kinds['same numbers'][0]} 'TODO#5' --lab two_layer_net"
    assert [t["student"] for t in figures["troubles"]] == kinds.get("hostile", [])
    assert [e["students"] for e in figures["errors"]] == ([kinds["import"]] if "import" in kinds else [])
    tasks = {t["id"]: t for t in figures["tasks"]}
    right = students - sum(len(kinds.get(k, ())) for k in ("blank", "hostile", "import", "TODO#2"))
    assert tasks["TODO#2"]["pass_rate"] == round(right / students, 3)
    assert tasks["TODO#1"]["discrimination"] > 0.8 and tasks["T4"]["discrimination"] is None
    assert figures["repairs"]["count"] == sum(bool(v["repairs"]) for v in verdicts)
    assert figures["late"] == [v["student"] for v in verdicts if v["late"]]
    assert class_figures(COURSE.lab, verdicts, SECTIONS) == figures  # the same twice


def test_tasks_are_listed_in_their_order():
    said = {
        "status": "error",
        "evidence": {"raised": "SyntaxError"},
        "mistakes": [{"id": "m", "explanation": ""}],
    }
    tasks = [{**task_of(COURSE.lab.tasks[0], "error", 0.0), **said, "id": f"TODO#{n}"} for n in range(1, 13)]
    verdicts = [{"student": "ada", "tasks": tasks}]
    expected = [f"TODO#{n}" for n in range(1, 13)]
    assert errors(verdicts)[0]["tasks"] == expected
    assert [mistake["task"] for mistake in mistakes(verdicts, {})] == expected


def test_one_exception_in_other_lines_is_one_row():
    failures = [
        Failure("ValueError", "shapes (5,4) and (3,) not aligned", 70, "h = X @ W1"),
        Failure("ValueError", "shapes (5,4) and (7,) not aligned", 70, "h = X @ W1"),
        Failure("ValueError", "shapes (5,4) and (3,) not aligned", 90, "a = X @ W1"),
        Failure("TypeError", "shapes (5,4) and (3,) not aligned", 70, "h = X @ W1"),
    ]
    verdicts = [
        {
            "student": str(n),
            "tasks": [
                {"id": "TODO#1", "status": "error", "evidence": {"raised": str(f), "exception": f.to_json()}}
            ],
        }
        for n, f in enumerate([*failures, failures[2]])
    ]
    many, one = errors(verdicts)
    assert (
        many["students"] == ["0", "1", "2", "4"]
        and many["raised"] == "ValueError: shapes (…,…) and (…,) not aligned"
    )
    assert many["where"] == [str(failures[n]) for n in (2, 0, 1)]
    assert one["students"] == ["3"] and one["raised"] == str(failures[3])


def test_copies_stand_out_and_a_class_of_one_solution_does_not():
    """Two write the same odd code under other names; everybody else hands in one of the usual right answers."""
    right = markers.unmarked(SOLUTION)
    odd = "\n".join(
        f"    def helper_{n}(self, a, b):\n        while a > {n}:\n            a, b = b - a * {n + 3}, a // (b + {n * 7})\n"
        f"            if a == b: return [a] * {n} + [b]\n        return sorted({{a, b, {n}}})\n"
        for n in range(12)
    )
    copied = re.sub(r"\bhelper_", "part_", odd).replace("a,", "left,").replace("a ", "left ")
    hand_ins = {f"s{n:02d}": right.replace("0.5 * reg", "reg" if n % 3 else "0.5 * reg") for n in range(30)}
    hand_ins |= {"cara": right + odd, "curt": right + copied + "\n# all my own work\n"}
    prints = [(name, similar.fingerprints({"f.py": text.encode()})) for name, text in hand_ins.items()]
    skeleton = similar.fingerprints({"f.py": right.split("TODO#3")[0].encode()})
    found = similar.compare(prints, skeleton)
    assert [pair[:2] for pair in found.pairs] == [("cara", "curt")] and found.pairs[0][2] > 0.8
    assert found.compared == 32
    alike = [(f"s{n}", prints[0][1]) for n in range(40)]
    assert similar.compare(alike, skeleton).pairs == []
    assert similar.compare([], skeleton).pairs == [] == similar.compare(prints[:1], skeleton).pairs


def test_the_report_of_a_real_class_names_its_mistakes(graded_class, tmp_path):
    handed_in, grades = graded_class(LAB)
    figures = report(COURSE, grades, handed_in)
    page, data = write_report(COURSE, figures, tmp_path)
    assert json.loads(data.read_text(encoding="utf-8"))["students"] == 13
    html = page.read_text(encoding="utf-8")
    for said in (
        "The L2 term is twice as large",
        "3. Loss",
        "digits.npy",
        "The process ended without an answer: jo (",
        "It did not finish within the time limit: gus (",
        "median of 13 students",
    ):
        assert said in html, said
    assert {m["id"] for m in figures["mistakes"]} >= {"reg-not-halved", "relu-mask-missing", "dW2-no-reg"}
    assert 10 <= figures["similar"]["compared"] <= 13  # who wrote nothing has nothing to compare
    assert figures["absent"] == {}


def test_the_commands_give_feedback_and_report(graded_class, tmp_path):
    handed_in, grades = graded_class(LAB)
    shutil.copytree(COURSE.notebook.parent, tmp_path / "notebooks" / LAB)
    (tmp_path / "course.toml").write_text("", encoding="utf-8")
    for command in (["feedback", LAB, str(handed_in)], ["report", LAB, "--submitted", str(handed_in)]):
        command = [sys.executable, "-m", "cattern", *command, "--grades", str(grades)]
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        assert re.search(r"(written|compared) 13 of 13", done.stderr)
    assert len(list((tmp_path / "feedback").glob(f"*/{LAB}/{LAB}.html"))) == 13
    assert (tmp_path / "report" / f"{LAB}.html").is_file() and (tmp_path / "report" / f"{LAB}.json").is_file()


def test_a_hostile_name_is_text_on_the_report():
    verdicts, _ = planted(20)
    for verdict in verdicts:
        verdict["student"] = "<script>alert(1)</script>" + verdict["student"]
    html = report_page(COURSE, class_figures(COURSE.lab, verdicts, SECTIONS))
    assert "<script" not in html and "&lt;script&gt;" in html
    assert html.count("marked by hand") == 1  # T4: no rate of what a person has yet to look at


@pytest.mark.browser
@pytest.mark.parametrize(("width", "scheme"), [(390, "light"), (1280, "dark")])
def test_the_report_fits_and_axe_finds_nothing(tmp_path, width, scheme):
    verdicts, _ = planted(60)
    similar_ones = {"compared": 60, "pairs": [("s0001", "s0002", 0.93, 120)], "usual": (0.2, 0.4, 0.5)}
    about = {"absent": {"zoe": "nothing"}, "unmatched": {}}
    figures = class_figures(COURSE.lab, verdicts, SECTIONS) | {"similar": similar_ones, **about}
    file = tmp_path / "report.html"
    file.write_text(report_page(COURSE, figures), encoding="utf-8")
    clipped, found = violations(file, width, scheme)
    assert not clipped and not found
