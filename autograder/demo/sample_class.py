"""Makes the sample class: submissions as students hand them in, from the solution and a list of who did what.

The list is `autograder/labs/LAB/class.toml`. Nothing of a submission is stored: each is the current release with some
TODOs filled in, some mistakes planted, and some accidents on the way, so the class never falls behind the lab.
"""

import io
import json
import tomllib
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from autograder import markers
from autograder.course import ROOT, Course
from autograder.notebook import solution_cells
from autograder.solution import patches as catalogue
from cattern.checking.lab import Lab

CLASSES = ROOT / "autograder" / "labs"


def make_class(
    lab: Lab, release: Path, out: Path, weights: Mapping[str, np.ndarray] | None = None
) -> list[dict]:
    """Write every member's submission to `OUT/<name>/LAB/`.

    Args:
        lab: the lab.
        release: the released bundle's folder.
        out: where the submissions go.
        weights: what goes into the lab's data file, if it has one, when the task that writes it is done.

    Returns:
        The list's entries.
    """
    entries = tomllib.loads((CLASSES / lab.name / "class.toml").read_text(encoding="utf-8"))["student"]
    by_id = {m.id: m for m in catalogue.load(lab.name)}
    notebook = json.loads((release / f"{lab.name}.ipynb").read_text(encoding="utf-8"))
    for entry in entries:
        folder = out / entry["name"] / lab.name
        done = {t.id for t in lab.tasks} if entry.get("done") == "all" else set(entry.get("done", ()))
        for file in lab.student_files:
            path = folder / file
            path.parent.mkdir(parents=True, exist_ok=True)
            mistakes = [m for m in map(by_id.get, entry.get("mistakes", ())) if m.source == file]
            path.write_text(student_file(file, done, mistakes, entry), encoding="utf-8")
        book = filled_notebook(notebook, solution_cells(Course.open(lab.name, ROOT)), lab, done)
        name = entry.get("notebook", f"{lab.name}.ipynb")
        (folder / name).write_text(json.dumps(book, indent=1) + "\n", encoding="utf-8")
        for task in lab.tasks:
            if task.source == "data" and task.id in done and weights:
                buffer = io.BytesIO()
                np.savez(buffer, **weights)
                (folder / task.data).write_bytes(buffer.getvalue())
    return entries


def student_file(file: str, done: set[str], mistakes: list, entry: Mapping) -> str:
    """Return the solution with the mistakes in it, the TODOs that are not done as stubs, and no markers."""
    text = catalogue.apply((ROOT / file).read_text(encoding="utf-8"), mistakes)
    for old, new in entry.get("replace", ()):
        if text.count(old) != 1:
            raise ValueError(f"{entry['name']}: {old!r} stands {text.count(old)} times in {file}, not once")
        text = text.replace(old, new)
    missing = [r for r in markers.regions(text, file) if r.task not in done]
    text = markers.replaced(text, missing)
    return entry.get("before", "") + markers.unmarked(text)


def filled_notebook(notebook: dict, answers: Mapping[str, str], lab: Lab, done: set[str]) -> dict:
    """Return the released notebook with the cells of the done tasks answered."""
    wanted = {t.cell or f"{(t.grade_id or '')}-answer" for t in lab.tasks if t.id in done}
    cells = []
    for cell in notebook["cells"]:
        grade_id = cell["metadata"].get("nbgrader", {}).get("grade_id")
        if grade_id in wanted and grade_id in answers:
            cell = {**cell, "source": markers.unmarked(answers[grade_id])}
        cells.append(cell)
    return {**notebook, "cells": cells}


def train_weights() -> dict[str, np.ndarray]:
    """Train the solution for TODO#8 on whatever images there are (some ten seconds); the global random stream is left alone."""
    from cattern.neural_net import TwoLayerNet
    from mnist_data.load_mnist import read_data_sets

    X_train, y_train, X_val, y_val, _, _ = read_data_sets()
    state = np.random.get_state()
    try:
        np.random.seed(0)
        net = TwoLayerNet(X_train.shape[1], 175, 10)
        net.train(
            X_train,
            y_train,
            X_val,
            y_val,
            learning_rate=1e-3,
            learning_rate_decay=0.94,
            reg=5e-6,
            num_iters=8000,
            batch_size=100,
        )
    finally:
        np.random.set_state(state)
    return net.params
