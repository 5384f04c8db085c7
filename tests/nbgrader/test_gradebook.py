"""nbgrader's gradebook after the demonstration: for every student the points that `cattern grade` gave."""

import json

from cattern.checking.lab import load_lab

LAB = load_lab("two_layer_net")


def test_the_gradebook_holds_the_points_of_the_verdicts(demo):
    from nbgrader.api import Gradebook

    out, _ = demo
    by_cell = {t.grade_id: t.id for t in LAB.tasks if t.source != "hand"}
    with Gradebook(f"sqlite:///{out / 'course' / 'gradebook.db'}") as gradebook:
        for path in (out / "grades").glob("*.json"):
            said = {t["id"]: t["score"] for t in json.loads(path.read_text(encoding="utf-8"))["tasks"]}
            submission = gradebook.find_submission(LAB.name, path.stem)
            stored = {g.cell.name: g.auto_score for n in submission.notebooks for g in n.grades}
            assert {by_cell[cell]: points for cell, points in stored.items() if cell in by_cell} == {
                task: said[task] for task in by_cell.values()
            }, path.stem


def test_every_student_has_a_page_with_the_verdicts_words(demo):
    out, _ = demo
    for path in (out / "grades").glob("*.json"):
        page = (out / "feedback" / path.stem / LAB.name / f"{LAB.name}.html").read_text(encoding="utf-8")
        for task in json.loads(path.read_text(encoding="utf-8"))["tasks"]:
            if task["id"] != "T4":
                assert f"{task['id']} {task['title']}: {task['status']}" in page, (path.stem, task["id"])


def test_the_page_of_a_mistake_explains_it(demo):
    out, _ = demo
    page = (out / "feedback" / "dora" / LAB.name / f"{LAB.name}.html").read_text(encoding="utf-8")
    assert "The L2 term is twice as large" in page and "hint:" in page
