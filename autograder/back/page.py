"""One student's feedback as one HTML file: every task with its reason, its numbers, the student's own lines, and what to read."""

import re
from collections.abc import Callable, Mapping
from functools import lru_cache

from markupsafe import Markup, escape

from autograder.back.answers import as_html
from autograder.back.sections import sections
from autograder.bundle import handed_out
from autograder.course import Course
from autograder.nbgrader_bridge.marks import Mark, Marks
from autograder.submission import FROM_COLLECT, Submission
from cattern.checking.lab import Lab, Task
from cattern.checking.source import as_written
from cattern.checking.verdict import TaskVerdict
from cattern.checking.words import SIGNS, STATUS, said_of

AROUND = 4  # lines shown before and after a line that is named
MOST_LINES = 60  # of one excerpt
MOST_OF_A_FILE = 2000


def feedback_page(
    lab: Lab,
    verdict: Mapping,
    submission: Submission | None = None,
    marks: Marks | None = None,
    headings: Mapping[str, str] | None = None,
    penalty_of: Callable[[float], float] | None = None,
) -> str:
    """Return the page.

    Args:
        lab: the lab.
        verdict: the content of a verdict file.
        submission: what was handed in, for the student's own lines and answers; None shows the verdict alone.
        marks: the gradebook's, with a person's points and comments; None where there is no gradebook.
        headings: task id → heading of the notebook's section that it belongs to.
        penalty_of: what lateness takes off the points earned; None for what the gradebook says.
    """
    marks, headings = marks or Marks(), headings or {}
    files = {} if submission is None else {n: lines_of(t) for n, t in sorted(submission.files.items())}
    tasks, told = [], set()
    for said in verdict["tasks"]:
        task = next((t for t in lab.tasks if t.id == said["id"]), None)
        mark = marks.cells.get(task.grade_id, Mark()) if task else Mark()
        tasks.append(_shown(lab, task, said, mark, submission, files, headings.get(said["id"], ""), told))
    earned = sum(t["score"] for t in tasks)
    penalty = penalty_of(earned) if penalty_of else marks.penalty
    return (
        templates()
        .get_template("feedback.html.j2")
        .render(
            lab=lab.title,
            student=verdict["student"],
            score=max(0.0, earned - penalty),
            earned=earned,
            penalty=penalty,
            max_score=verdict["max_score"],
            open=[t["id"] for t in tasks if t["kind"] == "hand"],
            tasks=tasks,
            repairs=verdict["repairs"],
            beside=[n for n in (submission.beside if submission else ()) if n not in FROM_COLLECT],
            files=[{"name": n, "lines": _numbered(lines[:MOST_OF_A_FILE])} for n, lines in files.items()],
        )
    )


def task_page(course: Course, verdict: TaskVerdict, submission: Submission) -> str:
    """Return a page on one task, for a student who asks: what the grader says of it, and their own lines."""
    about = {"student": submission.student, "repairs": submission.repairs, "max_score": verdict.max_score}
    headings = sections(course.lab, handed_out(course)[f"{course.lab_name}.ipynb"])
    return feedback_page(course.lab, {**about, "tasks": [verdict.to_json()]}, submission, None, headings)


@lru_cache
def templates():
    """Return Jinja's environment: everything is escaped unless a template says otherwise."""
    from jinja2 import Environment, PackageLoader, StrictUndefined

    made = Environment(
        loader=PackageLoader("autograder.back"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters |= {"points": lambda number: f"{round(float(number), 2):g}", "prose": prose}
    return made


def prose(text: str) -> Markup:
    """Return a sentence escaped, what stands between backticks as code, with a capital at its beginning."""
    parts = str(text).split("`")
    if len(parts) % 2 == 0:
        return escape(text)
    said = [Markup("<code>{}</code>").format(p) if i % 2 else escape(p) for i, p in enumerate(parts)]
    return escape(parts[0][:1].upper() + parts[0][1:]) + Markup("").join(said[1:])


def lines_of(content: bytes) -> list[str]:
    """Return a file's lines as they can stand on a page."""
    text = as_written(content.decode("utf-8", errors="replace").replace("\r\n", "\n").replace("\r", "\n"))
    return [re.sub("[\x00-\x08\x0b-\x1f\x7f]", "\ufffd", line)[:400] for line in text.split("\n")]


def _shown(
    lab, task: Task | None, said: Mapping, mark: Mark, submission, files, section: str, told: set
) -> dict:
    """Return what the template needs of one task; `told` are the exceptions whose lines were shown for a task before."""
    by_hand = task is not None and task.source == "hand"
    score = said["score"] if mark == Mark() else mark.score
    kind, word = said["status"], STATUS[said["status"]]
    if by_hand:
        kind, word = (
            ("hand", "to be marked by hand") if mark.open or mark == Mark() else _by_hand(score, said)
        )
    elif mark.manual is not None:
        kind, word = _by_hand(score, said)
    lost = kind not in ("pass", "hand")
    evidence = said["evidence"]
    return {
        "id": said["id"],
        "title": said["title"],
        "anchor": re.sub("[^a-z0-9]+", "-", said["id"].lower()),
        "kind": kind,
        "sign": "✎" if kind == "hand" else SIGNS[kind],
        "word": word,
        "score": score,
        "max_score": said["max_score"],
        "rationale": said["rationale"] if lost and not by_hand else "",
        "mistakes": said["mistakes"],
        "remarks": said.get("remarks", ()),
        "located": [words for kind, words in said_of({"verdict": said}) if kind == "line"] if lost else [],
        "numbers": _numbers(evidence) if lost else [],
        "shares": _shares(evidence) if lost else [],
        "excerpts": _excerpts(lab, task, said, submission, files, told)
        if task and lost and not by_hand
        else [],
        "answer": _answer(task, submission) if by_hand else "",
        "comment": mark.comment,
        "read": _reading(task, section) if task and lost and not by_hand else [],
    }


def _by_hand(score: float, said: Mapping) -> tuple[str, str]:
    kind = "pass" if score >= said["max_score"] else "partial" if score else "fail"
    return kind, "marked by hand"


def _numbers(evidence: Mapping) -> list[tuple[str, str]]:
    """Return the evidence as pairs of words."""
    names = {
        "got": "your code gives",
        "expected": "expected",
        "worst_index": "largest difference at",
        "max_rel_error": "relative error",
        "tolerance": "allowed",
        "raised": "raised",
    }
    rows = []
    for key, name in names.items():
        if (value := evidence.get(key)) not in (None, ""):
            rows.append((name, f"{value:.1e}" if isinstance(value, float) else str(value)))
    return rows


def _shares(evidence: Mapping) -> list[tuple[str, float, float, str]]:
    """Return what points are given for: name, points, of how many, and why they were lost."""
    why = {lost["property"]: lost["says"] for lost in evidence.get("lost", ())}
    return [(name, *pair, why.get(name, "")) for name, pair in evidence.get("properties", {}).items()]


def _excerpts(
    lab: Lab, task: Task, said: Mapping, submission, files: Mapping[str, list[str]], told: set
) -> list[dict]:
    """Return the lines that the student wrote for a task, with those marked that the verdict names."""
    if submission is None or (task.source == "cell" and not submission.cells.get(task.cell, "").strip()):
        return []
    name = "" if task.source == "cell" else lab.file_of(task)
    if task.source == "cell":
        lines = lines_of(submission.cells[task.cell].encode())
        part = range(min(len(lines), MOST_LINES))
    else:
        lines = files.get(name, [])
        part = region(lines, task.id)
    raised, again = said["evidence"].get("exception") or {}, said["evidence"].get("raised") in told
    told.add(said["evidence"].get("raised"))
    places = [*said.get("located", ()), *([] if again else [raised])]
    named = {p["line"] for p in places if isinstance(p.get("line"), int)}
    outside = sorted(n for n in named if n - 1 not in part and 0 < n <= len(lines))
    parts = [part, *(range(max(0, n - 1 - AROUND), min(len(lines), n + AROUND)) for n in outside)]
    return [{"file": name, "lines": _numbered(lines, each, named)} for each in parts if each]


def region(lines: list[str], task_id: str) -> range:
    """Return where a task's code stands: from its TODO comment to the next one, or to the end of the function."""
    start = next(
        (i for i, line in enumerate(lines) if re.search(rf"#\s*{re.escape(task_id)}\s*:", line)), None
    )
    if start is None:
        return range(0)
    deep = len(lines[start]) - len(lines[start].lstrip())
    end = start + 1
    while end < len(lines) and end - start < MOST_LINES:
        line = lines[end]
        if re.search(r"#\s*TODO#\d+\s*:", line):
            break
        if line.strip() and len(line) - len(line.lstrip()) < deep:
            break
        end += 1
    while end > start + 1 and not lines[end - 1].strip():
        end -= 1
    return range(start, end)


def _numbered(
    lines: list[str], part: range | None = None, named: frozenset | set = frozenset()
) -> list[dict]:
    part = range(len(lines)) if part is None else part
    return [{"number": i + 1, "text": lines[i], "here": i + 1 in named} for i in part]


def _answer(task: Task, submission: Submission | None) -> str:
    """Return the answer that a person marks, as HTML."""
    if submission is None:
        return ""
    cells = (submission.notebook or {}).get("cells", ())
    for cell in cells:
        if cell.get("metadata", {}).get("nbgrader", {}).get("grade_id") == task.grade_id:
            return as_html("".join(cell["source"]), cell.get("attachments"), submission.beside)
    return ""


def _reading(task: Task, section: str) -> list[str]:
    return [*([f"the notebook's section “{section}”"] if section else []), *task.hints[-1:]]
