"""What the tests of the instructor notebooks share: a whole run in a kernel, and the test cells on a student's files."""

import os
import re
import sys
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from importlib.machinery import PathFinder
from pathlib import Path

import nbformat
import numpy as np
import pytest
from courses import course_of
from judging import WithoutDiagnosis, reference
from notebook_fixtures import copy_packages
from sampling import in_turn

import cattern
from autograder.solution.reference import load_together, public_fingerprints
from cattern.checking.lab import lab_names, load_lab
from cattern.checking.run import quiet

SECONDS = 900  # that a cell may take
# A `sitecustomize.py`: no process that finds it finds PyTorch.
NO_TORCH = """\
from importlib.machinery import PathFinder

find_spec = PathFinder.find_spec
PathFinder.find_spec = lambda name, *where: None if name == "torch" else find_spec(name, *where)
"""


class Notebook:
    """The instructor notebook of a lab.

    Attributes:
        lab: the lab.
        path: where the notebook is.
        cells: cell id → cell, in the notebook's order.
        todos: ids of the test cells of what students write in files.
        theory: ids of the test cells of the theory questions that a program marks.
        in_turn: the mark of a test that runs the notebook: of one lab in an ordinary run, the others' in CI.
    """

    def __init__(self, lab: str, *given: str):
        """Read the notebook; `given` are the cells, after the one called setup, that its test cells need."""
        self.lab, self.path, self.given = load_lab(lab), course_of(lab).notebook, given
        self.cells = {cell.id: cell for cell in nbformat.read(self.path, as_version=4).cells}
        self.todos = [t.grade_id for t in self.lab.tasks if t.source == "module"]
        self.theory = [t.grade_id for t in self.lab.tasks if t.source == "cell"]
        self.in_turn = in_turn(lab, lab_names(), 1)

    def execute(
        self,
        folder: Path,
        skip: Collection[str] = (),
        quick: bool = False,
        torch: bool = True,
        mnist: bool = True,
        allow_errors: bool = False,
    ) -> dict[str, str]:
        """Run the notebook in a kernel and assert that nothing goes to stderr.

        Args:
            folder: where it runs.
            skip: ids of cells to leave out.
            quick: with short training.
            torch: False for a machine without PyTorch.
            mnist: False for a machine without MNIST: on a copy of the packages in `folder`.
            allow_errors: go on after a cell that raises.

        Returns:
            Cell id → the text it printed or `check` showed, the words of its error, and "<figure>" for each figure.
        """
        from nbclient import NotebookClient

        notebook = nbformat.read(self.path, as_version=4)
        notebook.cells = [cell for cell in notebook.cells if cell.id not in skip]
        (folder / self.path.name).touch()  # `check` knows the lab by the notebook beside it
        environment = {**os.environ, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MPLBACKEND": ""}
        environment["CATTERN_QUICK"] = "1" if quick else ""
        if not torch:
            (folder / "sitecustomize.py").write_text(NO_TORCH, encoding="utf-8")
            environment["PYTHONPATH"] = str(folder)
        if not mnist:
            copy_packages(folder)
            numbers = folder / "cattern" / "checking" / "fingerprints"  # a student's folder has them
            numbers.mkdir(exist_ok=True)
            course = course_of(self.path.stem)
            (numbers / f"{course.lab_name}.bin").write_bytes(public_fingerprints(course))
            environment["CATTERN_MNIST_DIR"] = ""
        resources = {"metadata": {"path": str(folder)}}
        client = NotebookClient(notebook, timeout=SECONDS, allow_errors=allow_errors, resources=resources)
        printed = {}
        for cell in client.execute(env={name: value for name, value in environment.items() if value}).cells:
            outputs = cell.get("outputs", [])
            assert not any(o.get("name") == "stderr" for o in outputs), (
                f"{cell.id} wrote to stderr: {outputs}"
            )
            text = "".join(o.get("text", "") + o.get("evalue", "") + checked(o) for o in outputs)
            printed[cell.id] = text + "".join("<figure>" for o in outputs if "image/png" in o.get("data", {}))
        return printed

    def code(self, name: str, hidden: bool = True) -> str:
        """Return a cell without its magics, and without its hidden tests if these are not wanted."""
        code = re.sub("^%.*\n?", "", self.cells[name].source, flags=re.M)
        if not hidden:
            code = re.sub(r"### BEGIN HIDDEN TESTS\n.*?### END HIDDEN TESTS\n", "", code, flags=re.S)
        return code

    @contextmanager
    def opened(self, texts: Mapping[str, str] | None = None) -> Iterator[dict]:
        """Give the variables of the notebook after its setup, without PyTorch, where a student's files have these texts."""
        modules, state = load_together(texts or {}), np.random.get_state()
        space: dict = {"__name__": "notebook"}
        with pytest.MonkeyPatch.context() as patch, quiet():
            find = PathFinder.find_spec  # no test needs PyTorch, and it takes seconds
            patch.setattr(
                PathFinder, "find_spec", lambda n, *where: None if n == "torch" else find(n, *where)
            )
            patch.delitem(sys.modules, "torch", raising=False)
            exec(self.code("setup"), {})  # so that whatever is imported for the first time sees our own files
            patch.setattr("cattern.checking.prove.find_lab", lambda: self.lab.name)
            patch.setattr("cattern.checking.prove.reference_of", lambda lab: WithoutDiagnosis(reference(lab)))
            for module in modules.values():
                patch.setitem(sys.modules, module.__name__, module)
                patch.setattr(cattern, module.__name__.removeprefix("cattern."), module)
            exec(self.code("setup"), space)
            for name in self.given:
                try:
                    exec(self.code(name), space)
                except ImportError:
                    raise
                except Exception:
                    pass  # some end by calling a TODO
            try:
                yield space
            finally:
                np.random.set_state(state)

    def failures(self, texts: Mapping[str, str], hidden: bool = True) -> dict[str, str]:
        """Run the test cells of all TODOs on files with these texts; return the error of every one that fails, by task."""
        failed = {}
        with self.opened(texts) as space:
            for name in self.todos:
                try:
                    exec(self.code(name, hidden), space)
                except Exception as error:
                    failed[self.lab.task(name).id] = f"{type(error).__name__}: {error}"
        return failed

    def theory_run(self, **wrong) -> tuple[dict, dict[str, str]]:
        """Run the theory answers, with some variables set wrong, and their test cells.

        Returns:
            All variables, and the message of every test cell that fails, by cell.
        """
        failed = {}
        with self.opened() as space:
            for name in self.theory:
                exec(self.code(f"{name}-answer"), space)
                space.update({n: value for n, value in wrong.items() if n in space})
                try:
                    exec(self.code(name), space)
                except AssertionError as error:
                    failed[name] = str(error)
        return space, failed

    def one_line_each(self, printed: Mapping[str, str]) -> None:
        """Assert that every test cell printed its one line, and that every check before one found all right."""
        for name in [t.grade_id for t in self.lab.tasks if t.source != "hand"]:
            assert len(printed[name].strip().splitlines()) == 1, f"{name} printed {printed[name]!r}"
        for name in self.todos:
            assert re.match(r"✓ TODO#\d+ .*: right", printed[f"check-{name}"]), printed[f"check-{name}"]


def checked(output: Mapping) -> str:
    """Return what `check` shows, which has a text and an HTML form; "" for any other output."""
    data = output.get("data", {})
    return data["text/plain"] if "text/html" in data else ""


def figures(printed: Mapping[str, str]) -> list[str]:
    """Return the ids of the cells that drew something, in order."""
    return [name for name, text in printed.items() if "<figure>" in text]


def number(text: str, pattern: str) -> float:
    """Return the number that a pattern finds in what a cell printed."""
    return float(re.search(pattern, text)[1])
