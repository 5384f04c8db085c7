"""A class in figures: from verdict files to numbers that a page shows and a program reads."""

import re
import shlex
import statistics
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from autograder.grading.endings import ENDINGS
from cattern.checking.lab import Lab

BINS = 10
FEWEST = 8  # students below whom a correlation says nothing


def class_figures(lab: Lab, verdicts: Sequence[Mapping], sections: Mapping[str, str]) -> dict:
    """Return everything that the verdicts alone tell, ready for JSON; the same verdicts give the same figures.

    Args:
        lab: the lab.
        verdicts: the contents of verdict files.
        sections: task id → heading of the notebook's section.
    """
    scores = [v["score"] for v in verdicts]
    most = max((v["max_score"] for v in verdicts), default=0.0)
    return {
        "schema": 1,
        "lab": lab.name,
        "students": len(verdicts),
        "scores": distribution(scores, most),
        "tasks": [
            {**task_figures(verdicts, t.id, sections.get(t.id, "")), "by_hand": t.source == "hand"}
            for t in lab.tasks
        ],
        "mistakes": mistakes(verdicts, sections),
        "unexplained": unexplained(verdicts, lab.name),
        "errors": errors(verdicts),
        "troubles": troubles(verdicts),
        "repairs": repairs(verdicts),
        "seconds": times(verdicts),
        "late": sorted(v["student"] for v in verdicts if v.get("late")),
    }


def distribution(scores: Sequence[float], most: float) -> dict:
    """Return mean, quartiles and a histogram over [0, most]."""
    counts, edges = np.histogram(scores, bins=BINS, range=(0.0, most or 1.0))
    quartiles = np.quantile(scores, (0.25, 0.5, 0.75)) if len(scores) else np.zeros(3)
    return {
        "max_score": most,
        "mean": _round(statistics.fmean(scores)) if scores else 0.0,
        "quartiles": [_round(q) for q in quartiles],
        "edges": [_round(e) for e in edges],
        "counts": [int(n) for n in counts],
    }


def task_figures(verdicts: Sequence[Mapping], task_id: str, section: str) -> dict:
    """Return how a task went, and how well it separates strong from weak.

    Discrimination is the point-biserial correlation of passing the task with the points in all others; None where everybody
    or nobody passed, or where there are fewer than FEWEST students.
    """
    of = [(v, next((t for t in v["tasks"] if t["id"] == task_id), None)) for v in verdicts]
    of = [(v, t) for v, t in of if t]
    statuses = Counter(t["status"] for _, t in of)
    passed = np.array([t["status"] == "pass" for _, t in of], dtype=float)
    rest = np.array([v["score"] - t["score"] for v, t in of], dtype=float)
    separates = None
    if len(of) >= FEWEST and passed.std() > 0 and rest.std() > 0:
        separates = _round(float(np.corrcoef(passed, rest)[0, 1]))
    most = max((t["max_score"] for _, t in of), default=0.0)
    return {
        "id": task_id,
        "title": of[0][1]["title"] if of else "",
        "section": section,
        "max_score": most,
        "mean": _round(statistics.fmean(t["score"] for _, t in of)) if of else 0.0,
        "pass_rate": _round(float(passed.mean())) if of else 0.0,
        "statuses": dict(sorted(statuses.items())),
        "discrimination": separates,
    }


def mistakes(verdicts: Iterable[Mapping], sections: Mapping[str, str]) -> list[dict]:
    """Return the named mistakes, the commonest first, with who made them and what to teach again."""
    made: dict[tuple[str, str], dict] = {}
    for v in verdicts:
        for t in v["tasks"]:
            for m in t["mistakes"]:
                entry = {"id": m["id"], "task": t["id"], "section": sections.get(t["id"], "")}
                entry |= {"explanation": m["explanation"], "students": []}
                entry = made.setdefault((t["id"], m["id"]), entry)
                if v["student"] not in entry["students"]:
                    entry["students"].append(v["student"])
    ranked = sorted(made.values(), key=lambda e: (-len(e["students"]), _in_order(e["task"]), e["id"]))
    return [{**e, "count": len(e["students"]), "students": sorted(e["students"])} for e in ranked]


def unexplained(verdicts: Iterable[Mapping], lab: str) -> list[dict]:
    """Return what nothing explains, grouped by equal numbers: who gave the same wrong numbers made the same mistake."""
    groups: dict[tuple, dict] = {}
    for v in verdicts:
        for t in v["tasks"]:
            if t["status"] == "error":
                continue  # the exception explains itself: see `errors`
            places = {place.get("property") for place in t.get("located", ())}
            for lost in t["evidence"].get("lost", ()):
                # by an exception, here or before
                stopped = t["evidence"].get("raised") and lost.get("got") == "None"
                if lost.get("mistakes") or lost["property"] in places or stopped:
                    continue
                entry = {"task": t["id"], "property": lost["property"], "says": lost["says"]}
                entry |= {"probe": lost.get("probe", ""), "got": lost.get("got", ""), "students": []}
                key = tuple(str(value) for value in entry.values())
                groups.setdefault(key, entry)["students"].append(v["student"])
    ranked = sorted(groups.items(), key=lambda pair: (-len(pair[1]["students"]), pair[0]))
    found = [{**e, "count": len(e["students"]), "students": sorted(e["students"])} for _, e in ranked]
    return [
        {**e, "draft": shlex.join(["cattern", "mistake", "draft", e["students"][0], e["task"], "--lab", lab])}
        for e in found
    ]


def errors(verdicts: Iterable[Mapping]) -> list[dict]:
    """Return the exceptions that stopped students' code, the commonest first: of one type, with one message but for its numbers.

    Where each stood, in the words of `Failure`, is in "where", the commonest first.
    """
    found: dict[tuple[str, str], list[tuple[str, str, str]]] = {}
    for v in verdicts:
        for t in v["tasks"]:
            if t["status"] == "error" and (raised := t["evidence"].get("raised")):
                one = t["evidence"].get("exception") or {"type": "", "message": raised}
                key = one["type"], re.sub(r"\d+", "…", one["message"])
                found.setdefault(key, []).append((v["student"], t["id"], raised))
    entries = []
    for (kind, message), times in found.items():
        students, tasks = sorted({s for s, _, _ in times}), {task for _, task, _ in times}
        where = Counter(raised for _, raised in {(s, raised) for s, _, raised in times})
        where = [raised for raised, _ in sorted(where.items(), key=lambda pair: (-pair[1], pair[0]))]
        said = where[0] if len(where) == 1 else ": ".join(filter(None, [kind, message]))
        about = {"raised": said, "count": len(students), "tasks": sorted(tasks, key=_in_order)}
        entries.append({**about, "students": students, "where": where})
    return sorted(entries, key=lambda e: (-e["count"], e["raised"]))


def _in_order(task: str) -> list:
    """Return what sorts TODO#10 after TODO#9."""
    return [int(part) if part.isdigit() else part for part in re.split(r"(\d+)", task)]


def troubles(verdicts: Iterable[Mapping]) -> list[dict]:
    """Return who never let a task come to an answer: out of time, crashed, out of memory, ended the process."""
    endings = {words: kind for kind, (_, words) in ENDINGS.items()}
    found: dict[tuple[str, str], list[str]] = {}
    for v in verdicts:
        for t in v["tasks"]:
            for words, kind in endings.items():
                if t["status"] in ("error", "timeout") and t["rationale"].startswith(words):
                    found.setdefault((v["student"], kind), []).append(t["id"])
    return [
        {"student": s, "kind": kind, "says": ENDINGS[kind][1], "tasks": tasks}
        for (s, kind), tasks in sorted(found.items())
    ]


def repairs(verdicts: Iterable[Mapping]) -> dict:
    """Return how many hand-ins had to be mended, and what was done to each."""
    mended = [v for v in verdicts if v["repairs"]]
    return {
        "count": len(mended),
        "students": {v["student"]: list(v["repairs"]) for v in sorted(mended, key=lambda v: v["student"])},
    }


def times(verdicts: Iterable[Mapping]) -> dict:
    """Return seconds a submission: the median, the 95th percentile, the longest, and all together."""
    seconds = sorted((v["seconds"], v["student"]) for v in verdicts)
    if not seconds:
        return {"median": 0.0, "p95": 0.0, "most": 0.0, "slowest": "", "total": 0.0}
    only = [s for s, _ in seconds]
    return {
        "median": _round(float(np.quantile(only, 0.5))),
        "p95": _round(float(np.quantile(only, 0.95))),
        "most": _round(only[-1]),
        "slowest": seconds[-1][1],
        "total": _round(sum(only)),
    }


def _round(number: float) -> float:
    return round(float(number), 3)
