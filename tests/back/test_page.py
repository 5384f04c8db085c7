"""The feedback page: what it says, what it never says, and how it looks in a browser."""

import json
import re
from html import unescape
from html.parser import HTMLParser

import pytest
from courses import course_of
from hypothesis import given, strategies
from lab_styles.two_layer_net import SOLUTION
from notebook_fixtures import LAB
from pages import violations

from autograder import markers
from autograder.back.answers import as_html
from autograder.back.mathml import mathml
from autograder.back.page import feedback_page, region
from autograder.back.sections import sections
from autograder.bundle import handed_out
from autograder.nbgrader_bridge.marks import Mark, Marks
from autograder.submission import Submission, find_submissions, read_submission
from cattern.checking.facts import Failure
from cattern.checking.source import repaired

COURSE = course_of(LAB)
THE_LAB, RELEASE = COURSE.lab, handed_out(COURSE)
CODE = markers.unmarked(SOLUTION).replace("0.5 * reg", "reg")
LINE = next(n for n, line in enumerate(CODE.split("\n"), 1) if "reg * " in line)
PROOF = r"""Write $\ln P = s_k - \ln \sum_j e^{s_j}$, where $a<b$.

\begin{align}
\frac{\partial L}{\partial s_i} &= p_i - y_i
\end{align}

<script>alert("proof")</script> ![by hand](attachment:p.png) ![far](https://example.org/far.png)
"""


def a_verdict(**changes) -> dict:
    """Return a verdict: TODO#2 partly right, the rest right, T4 by hand."""
    tasks = []
    for task in THE_LAB.tasks:
        by_hand = task.source == "hand"
        said = {"id": task.id, "title": task.title, "status": "skipped" if by_hand else "pass", "remarks": []}
        said |= {"score": 0.0 if by_hand else task.points, "max_score": task.points, "rationale": "right"}
        tasks.append({**said, "evidence": {}, "mistakes": []})
    tasks[1] |= {
        "status": "partial",
        "score": 8.0,
        "rationale": "what `reg` adds to the loss is 2.5268, expected 1.2634",
        "evidence": {"probe": "plain", "got": "2.5268", "expected": "1.2634", "max_rel_error": 1 / 3}
        | {"tolerance": 1e-5, "properties": {"data loss": [7, 7], "regularisation": [0, 4]}},
        "mistakes": [
            {"id": "x", "explanation": "The L2 term is twice as large", "hint": "Compare <reg> = 0."}
        ],
        "located": [
            {"property": "regularisation", "line": LINE, "code": "reg * np.sum(W1 * W1)"}
            | {"is": "is twice the penalty", "needs": "half of it", "verified": True}
        ],
        "remarks": ["a loop is slow"],
    }
    verdict = {
        "schema": 1,
        "lab": LAB,
        "student": "dora",
        "status": "graded",
        "score": 91.0,
        "max_score": 100.0,
    }
    return verdict | {"seconds": 0.1, "repairs": ["took <b>x</b>.py"], "tasks": tasks} | changes


def a_submission(**changes) -> Submission:
    notebook = json.loads(RELEASE[f"{LAB}.ipynb"])
    for cell in notebook["cells"]:
        if cell["metadata"].get("nbgrader", {}).get("grade_id") == "t4":
            cell["source"], cell["attachments"] = PROOF, {"p.png": {"image/png": "iVBORw0KGgo="}}
    given = {"files": {"cattern/neural_net.py": CODE.encode()}, "cells": {}, "notebook": notebook, "data": {}}
    return Submission("dora", COURSE.notebook, **given | {"repairs": ()} | changes)


def a_page(**changes) -> str:
    marks = Marks({"t4": Mark(None, 3.0, 0.0, "Why is the <b>sum</b> one?")}, penalty=10.0)
    headings = sections(THE_LAB, RELEASE[f"{LAB}.ipynb"])
    return feedback_page(THE_LAB, a_verdict(**changes), a_submission(), marks, headings)


def words(html: str) -> str:
    """Return what a reader sees, in one line."""
    read = HTMLParser()
    seen: list[str] = []
    read.handle_data = lambda data: None if read.cdata_elem else seen.append(data)
    read.feed(html)
    return " ".join(" ".join(seen).split())


def test_the_line_of_an_exception_is_marked_and_shown_once():
    """A syntax error stops every task, and stands in none of their lines."""
    files = {"cattern/neural_net.py": CODE.replace("import numpy as np", "import numpy as").encode()}
    broken = 1 + CODE.split("\n").index("import numpy as np")
    failure = Failure("SyntaxError", "invalid syntax", broken, "import numpy as")
    evidence = {"raised": str(failure), "exception": failure.to_json()}
    verdict = a_verdict()
    for task in verdict["tasks"][:3]:
        task |= {"status": "error", "score": 0.0, "evidence": evidence, "located": []}
    html = feedback_page(THE_LAB, verdict, a_submission(files=files))
    assert re.findall(r'<span class="l here" data-n="(\d+)">([^<]*)<', html) == [
        (str(broken), "import numpy as")
    ]


def test_code_that_was_left_out_is_shown_as_it_was_written():
    written = CODE.replace("data_loss = -np.sum(", "data_loss = -(np.sum(")
    assert written != CODE
    left_out, _ = repaired(written)
    failure = Failure("SyntaxError", "'(' was never closed", LINE, "")
    verdict = a_verdict()
    verdict["tasks"][1] |= {"status": "error", "score": 0.0, "located": []} | {
        "evidence": {"raised": str(failure), "exception": failure.to_json()}
    }
    files = {"cattern/neural_net.py": left_out.encode()}
    html = feedback_page(THE_LAB, verdict, a_submission(files=files))
    shown = [unescape(line) for line in re.findall(r'<span class="l[^>]*>([^<]*)<', html)]
    assert {line for line in shown if line.strip()} <= set(written.split("\n"))
    assert any("-(np.sum" in line for line in shown) and any("TODO#2" in line for line in shown)


def test_a_page_tells_everything_about_a_lost_point():
    html = a_page()
    said = words(html)
    for expected in (
        "84 of 100 points",
        "94 points earned, 10 taken off because it was handed in late",
        "◐ partly right, 8 of 12",
        "2.5268, expected 1.2634",
        "The L2 term is twice as large",
        "Compare <reg> = 0.",
        f"Line {LINE}: reg * np.sum(W1 * W1) is twice the penalty. Needed here: half of it",
        "✗ regularisation 0 / 4",
        "relative error 3.3e-01",
        "A loop is slow",
        "section “3. Loss · TODO#2”",
        "marked by hand, 3 of 5",
        "Why is the <b>sum</b> one?",
        "took <b>x</b>.py",
    ):
        assert expected in said, expected
    marked = re.findall(r'<span class="l here" data-n="(\d+)">([^<]*)<', html)
    assert [int(number) for number, _ in marked] == [LINE] and "reg * " in marked[0][1]
    assert "<code>reg</code> adds" in html
    assert html.count("<h1>") == 1 and 'lang="en"' in html


def test_an_empty_answer_has_no_box_of_code():
    verdict = a_verdict()
    t1 = next(t for t in verdict["tasks"] if t["id"] == "T1")
    t1 |= {"status": "missing", "score": 0.0, "rationale": "empty"}
    cell = THE_LAB.task("T1").cell
    for source, boxes in (("\n", 0), ("log_c = 1", 1)):
        page = words(feedback_page(THE_LAB, verdict, a_submission(cells={cell: source})))
        assert page.partition("T1 ")[2].count("Your code") - page.count("Your code in") == boxes
    assert "log_c = 1" in page


def test_a_page_without_notebook_file_or_gradebook_still_shows_the_verdict():
    said = words(feedback_page(THE_LAB, a_verdict()))
    assert "91 of 100 points" in said and "T4 is still to be marked by hand" in said


def test_nothing_that_a_student_wrote_or_is_called_becomes_markup():
    evil = '<img src=x onerror="alert(1)"><script>alert(2)</script>'
    verdict = a_verdict(student=evil, repairs=[evil])
    verdict["tasks"][1] |= {"rationale": evil, "remarks": [evil], "evidence": {"got": evil, "raised": evil}}
    submission = a_submission(files={evil: evil.encode(), "cattern/neural_net.py": evil.encode()})
    marks = Marks({"t4": Mark(comment=evil)})
    html = feedback_page(THE_LAB, verdict, submission, marks)
    assert "<img src=x" not in html and "<script" not in html and "alert(2)" in words(html)


def test_a_page_needs_nothing_from_elsewhere_and_runs_nothing():
    html = a_page()
    assert "default-src 'none'" in html and "<script" not in html
    assert not re.findall(r'(?:src|href)="(?!#|data:image/)', html)
    assert "[a picture that was not handed in: far]" in words(html)
    assert '<img src="data:image/png;base64,iVBORw0KGgo=" alt="by hand">' in html


def test_no_hidden_test_and_no_line_of_the_solution_is_on_a_page():
    solved, released = json.loads(COURSE.notebook.read_text()), json.loads(RELEASE[f"{LAB}.ipynb"])
    lines = {
        line.strip() for nb in (solved,) for c in nb["cells"] for line in "".join(c["source"]).split("\n")
    }
    lines -= {line.strip() for c in released["cells"] for line in "".join(c["source"]).split("\n")}
    hidden = {line for line in lines if len(line) > 25 and not line.startswith("#")}
    assert len(hidden) > 10
    shown = words(a_page())
    assert not [line for line in hidden if line in shown]


def test_formulas_are_drawn_and_what_hides_in_them_is_not():
    html = as_html(PROOF)
    assert html.count("<math") == 3 and 'alttext="a&lt;b"' in html and "<mfrac>" in html
    for evil in (r"\text{<script>x</script>}", r"\href{javascript:x}{y}", r"\text{<img src=x>}", r"\frac{"):
        drawn = mathml(evil)
        assert "<script" not in drawn and "<img" not in drawn and "href=" not in drawn


@given(strategies.text(alphabet="\\{}$^_&<>ab12 \nfractext", max_size=60))
def test_any_formula_gives_a_page_a_formula_or_its_letters(latex):
    assert re.match(r"<(math|code|span)", mathml(latex, block=True))
    assert "<script" not in as_html(f"${latex}$ $$ {latex} $$")


def test_the_region_of_a_task_ends_where_the_next_begins():
    lines = CODE.split("\n")
    part = region(lines, "TODO#2")
    assert LINE - 1 in part and not any("TODO#3" in lines[i] for i in part)
    assert region(lines, "TODO#99") == range(0)


def test_every_task_of_every_sample_has_a_section(graded_class):
    handed_in, grades = graded_class(LAB)
    headings = sections(THE_LAB, RELEASE[f"{LAB}.ipynb"])
    assert set(headings) == {task.id for task in THE_LAB.tasks}
    for student, path in find_submissions(handed_in, THE_LAB):
        verdict = json.loads((grades / f"{student}.json").read_text(encoding="utf-8"))
        submission = read_submission(student, path, THE_LAB, RELEASE)
        html = feedback_page(THE_LAB, verdict, submission, None, headings)
        for task in verdict["tasks"]:
            assert f'id="{task["id"].lower().replace("#", "-")}"' in html


@pytest.mark.browser
@pytest.mark.parametrize("width", [390, 1280])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_page_fits_and_axe_finds_nothing(tmp_path, width, scheme):
    file = tmp_path / "page.html"
    file.write_text(a_page(), encoding="utf-8")
    clipped, found = violations(file, width, scheme)
    assert not clipped and not found
