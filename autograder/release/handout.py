"""What was handed out, as a submission is compared with: the package files and the notebook, both without solutions.

nbgrader makes the notebook of a real release; this is the same text without its three-second import, for the grader.
"""

import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from autograder.release import strip
from autograder.release.bundle import ROOT, SOLVED, notebook_path, package_files

TEXT_STUB = "YOUR ANSWER HERE"  # nbgrader's own


@cache
def handout(lab: str, course: Path = ROOT, carry: str = SOLVED) -> Mapping[str, bytes]:
    """Return path from the bundle's top → bytes, the notebook among them when the course has it.

    Raises:
        CatternError: a file is missing, or its markers are wrong.
    """
    files = dict(package_files(lab, course, carry))
    path = notebook_path(lab, course)
    if path.is_file():
        notebook = json.loads(path.read_text(encoding="utf-8"))
        cells = [{**cell, "source": released_source(cell, path.name)} for cell in notebook["cells"]]
        files[path.name] = json.dumps({**notebook, "cells": cells}).encode()
    return files


def released_source(cell: Mapping, name: str) -> str:
    """Return what a cell of the instructor notebook reads in the release."""
    source = "".join(cell["source"])
    about = cell["metadata"].get("nbgrader", {})
    where = f"{name}, cell {about.get('grade_id') or cell.get('id')}"
    lines = strip.lines_of(source)
    for begin, end in reversed(strip.spans(source, where, strip.HIDDEN_TESTS)):
        del lines[begin - 1 : end]
    source = "".join(lines).rstrip("\n")
    if not about.get("solution"):
        return source
    if cell["cell_type"] != "code":
        return TEXT_STUB
    found = strip.regions(source, where)
    return strip.replaced(source, found) if found else source
