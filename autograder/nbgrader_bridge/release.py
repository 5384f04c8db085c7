"""What nbgrader loads to release a lab: our preprocessors, which strip its cells and complete the bundle around its notebook.

nbgrader copies and strips a notebook and its folder. What it does not know is that a lab has Python files with
solutions too, outside that folder: `AddPackage` puts their released form into a release.
"""

import json
from pathlib import Path

import nbformat
from nbgrader.preprocessors import ClearHiddenTests, ClearSolutions, NbGraderPreprocessor, SaveCells

from autograder import bundle, markers, notebook
from autograder.nbgrader_bridge.place import place
from autograder.release import leaks, released_files
from autograder.release.honoured import refuse_unhonoured
from cattern.errors import CatternError

# Cell metadata that a release keeps; the rest tells of the machine it was made on.
KEPT_METADATA = frozenset({"nbgrader", "deletable", "editable", "tags", "slideshow"})


class InCourse(NbGraderPreprocessor):
    """Runs first in a release: the notebook with the course's points, without the tasks it leaves out."""

    def preprocess(self, nb, resources):
        """Change the cells before nbgrader stores them in the gradebook.

        Raises:
            CatternError: grading would not honour what the notebook promises.
        """
        if here := place(self, resources):
            refuse_unhonoured(here.course)
            nb.cells = [nbformat.from_dict(cell) for cell in notebook.in_course(nb.cells, here.course)]
        return nb, resources


class StubSolutions(ClearSolutions):
    """nbgrader's ClearSolutions, except that a code cell's stub raises an error with the name of its TODO."""

    def preprocess_cell(self, cell, resources, cell_index):
        """Strip one cell; refuse markers that nbgrader would let pass."""
        cell.source = markers.without_solution(cell, _where(cell, cell_index, resources))
        return cell, resources


class DropHiddenTests(ClearHiddenTests):
    """nbgrader's ClearHiddenTests, except that it refuses markers that nbgrader would let pass."""

    def preprocess_cell(self, cell, resources, cell_index):
        """Strip one cell."""
        cell.source = markers.without_hidden_tests(cell, _where(cell, cell_index, resources))
        return cell, resources


class RecordCells(SaveCells):
    """nbgrader's SaveCells, except that it says what to do when the gradebook holds marks on other tasks."""

    def _create_notebook(self, nb):
        try:
            super()._create_notebook(nb)
        except RuntimeError:
            lab = self.assignment_id
            gone = sorted(self.old_grade_cells - self.new_grade_cells.keys())
            new = sorted(self.new_grade_cells.keys() - self.old_grade_cells)
            which = ", ".join([f"not any more: {cell}" for cell in gone] + [f"new: {cell}" for cell in new])
            handed_in = len(self.gradebook.find_notebook(lab, lab).submissions)
            raise CatternError(
                f"{lab} is not released: the gradebook holds marks of {handed_in} submissions, and the notebook or course.toml"
                f" has other tasks since then ({which or 'other cells'}). Take that change back; or let the gradebook forget"
                f" the lab, with what a person marked by hand: `nbgrader db assignment remove {lab} --force` in the course's"
                " folder, then release, grade and give feedback again"
            ) from None


class AddPackage(NbGraderPreprocessor):
    """Runs last in a release: completes the bundle around the notebook, and refuses it when something leaks."""

    def preprocess(self, nb, resources):
        """Write the bundle's files into the release folder, beside the notebook that nbgrader is about to write.

        Raises:
            CatternError: something of the solution is in the bundle; nbgrader then removes the release folder.
        """
        here = place(self, resources)
        if here is None:
            return nb, resources
        course, dest = here.course, here.folder("release_directory")
        lab = course.lab_name
        if (name := resources["nbgrader"]["notebook"]) != lab:
            raise CatternError(
                f"{name}.ipynb is in the way: the folder of {lab} holds one notebook, {lab}.ipynb"
            )
        _require_cell_ids(course.notebook)
        nb = without_traces(nb)
        dest.mkdir(parents=True, exist_ok=True)
        for name in bundle.kept_back(course.notebook.parent):
            (dest / name).unlink(missing_ok=True)
        files = released_files(course)
        files[f"{lab}.ipynb"] = nbformat.writes(nb, version=4).rstrip("\n").encode() + b"\n"
        files |= {n: (dest / n).read_bytes() for n in bundle.extra_files(course.notebook.parent)}
        files[bundle.MANIFEST] = bundle.manifest(files)
        bundle.write_files(dest, files)
        leaks.refuse(leaks.find_leaks(dest, course), lab)
        return nb, resources


def without_traces(nb):
    """Return a notebook without what depends on the machine and the session in which it was last saved."""
    nb.metadata = nbformat.from_dict(
        {
            "kernelspec": {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"},
            "language_info": {"name": "python"},
        }
    )
    for cell in nb.cells:
        cell.metadata = nbformat.from_dict({k: v for k, v in cell.metadata.items() if k in KEPT_METADATA})
    return nb


def _where(cell, index: int, resources: dict) -> str:
    return notebook.label(f"{resources['nbgrader']['notebook']}.ipynb", cell, index + 1)


def _require_cell_ids(path: Path) -> None:
    """Refuse a notebook whose cells have no ids: new random ones would make every release a different one."""
    if any("id" not in cell for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]):
        raise CatternError(f"{path} has cells without an id: open it in JupyterLab and save it once")
