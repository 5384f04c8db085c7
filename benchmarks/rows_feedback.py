"""What giving back costs: a student's page, beside the page that nbconvert makes of the same notebook."""

import json
import time
from pathlib import Path

from measure import Row

LAB = "two_layer_net"
PAGES = 20


def rows(work: Path) -> list[Row]:
    from nbconvert import HTMLExporter

    from autograder.back.page import feedback_page
    from autograder.back.sections import sections
    from autograder.bundle import handed_out, write_files
    from autograder.course import Course
    from autograder.submission import read_submission

    course = Course.open(LAB)
    lab, release = course.lab, handed_out(course)
    folder = work / "student"
    write_files(
        folder, {**release, "cattern/neural_net.py": (course.root / "cattern" / "neural_net.py").read_bytes()}
    )
    headings = sections(lab, release[f"{LAB}.ipynb"])
    tasks = [
        {
            "id": t.id,
            "title": t.title,
            "status": "partial",
            "score": 1.0,
            "max_score": t.points,
            "remarks": [],
        }
        | {"rationale": "what it gives is 2.5, expected 1.25", "mistakes": [], "evidence": {"probe": "plain"}}
        for t in lab.tasks
    ]
    verdict = {"student": "ada", "max_score": lab.points, "repairs": [], "tasks": tasks}

    def ours() -> float:
        started = time.process_time()
        for _ in range(PAGES):
            feedback_page(lab, verdict, read_submission("ada", folder, lab, release), None, headings)
        return (time.process_time() - started) / PAGES

    notebook = json.dumps(json.loads(release[f"{LAB}.ipynb"]))

    def peer() -> float:
        import nbformat

        started = time.process_time()
        HTMLExporter().from_notebook_node(nbformat.reads(notebook, as_version=4))
        return time.process_time() - started

    return [Row("a feedback page, read and written", ours, peer, "nbconvert, the same notebook", runs=5)]
