"""Every instructor notebook is clean source: no outputs, stable ids, valid metadata, balanced markers, formatted code."""

import itertools
import json
import re
import subprocess
import sys
from collections import Counter
from pathlib import Path

import nbformat
import pytest

ROOT = Path(__file__).resolve().parents[2]
NOTEBOOKS = sorted(
    path for path in (ROOT / "notebooks").rglob("*.ipynb") if ".ipynb_checkpoints" not in path.parts
)
MARKER = re.compile(r"#*\s*(BEGIN|END) (SOLUTION|HIDDEN TESTS)\b")
EXACT = re.compile(r"\s*### (BEGIN|END) (SOLUTION|HIDDEN TESTS)")

pytestmark = pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)


def read(path: Path) -> dict:
    return json.loads(path.read_text(encoding="utf-8"))


def source(cell: dict) -> str:
    return "".join(cell["source"])


def tag(cell: dict) -> dict:
    return cell["metadata"].get("nbgrader", {})


def test_the_notebook_is_valid_nbformat_4_5(path):
    notebook = nbformat.read(path, as_version=nbformat.NO_CONVERT)
    assert (notebook.nbformat, notebook.nbformat_minor) == (4, 5)
    nbformat.validate(notebook)


def test_no_outputs_and_no_execution_counts(path):
    for cell in read(path)["cells"]:
        if cell["cell_type"] == "code":
            assert cell["outputs"] == [], f"cell {cell['id']} has outputs"
            assert cell["execution_count"] is None, f"cell {cell['id']} has an execution count"


def test_the_only_metadata_is_the_python3_kernel(path):
    metadata = read(path)["metadata"]
    assert set(metadata) == {"kernelspec"}
    assert metadata["kernelspec"]["name"] == "python3"
    assert metadata["kernelspec"]["language"] == "python"


def test_cell_ids_are_readable_and_unique(path):
    ids = [cell["id"] for cell in read(path)["cells"]]
    assert [name for name, count in Counter(ids).items() if count > 1] == []
    assert [name for name in ids if not re.fullmatch(r"[a-z][a-z0-9]*(-[a-z0-9]+)*", name)] == []
    # Jupyter's own ids are eight hexadecimal digits: those change when a cell is made anew.
    assert [name for name in ids if re.fullmatch(r"[0-9a-f]{8}", name)] == []


def test_cells_carry_nothing_but_valid_nbgrader_metadata(path):
    from nbgrader.nbgraderformat.v3 import MetadataValidatorV3

    notebook = nbformat.read(path, as_version=4)
    validator = MetadataValidatorV3()
    validator.validate_nb(notebook)
    for cell in notebook.cells:
        assert set(cell.metadata) <= {"nbgrader"}, f"cell {cell.id} has other metadata"
        if not tag(cell):
            continue
        validator.validate_cell(cell)
        assert tag(cell)["schema_version"] == 3
        assert tag(cell)["grade_id"] == cell.id, f"the id of cell {cell.id} is not its grade_id"
        assert tag(cell)["cell_type"] == cell.cell_type
        assert ("points" in tag(cell)) == tag(cell)["grade"], f"cell {cell.id}: points without a grade"


def test_markers_are_spelled_alike_balanced_and_in_the_right_cells(path):
    for cell in read(path)["cells"]:
        inside = None
        for line in source(cell).splitlines():
            if not MARKER.search(line):
                continue
            assert EXACT.fullmatch(line), f"cell {cell['id']}: {line!r}"
            side, kind = EXACT.fullmatch(line).groups()
            assert inside == (None if side == "BEGIN" else kind), (
                f"cell {cell['id']}: {line.strip()} is misplaced"
            )
            inside = kind if side == "BEGIN" else None
            assert tag(cell).get("solution" if kind == "SOLUTION" else "grade"), f"cell {cell['id']}: {kind}"
        assert inside is None, f"cell {cell['id']}: {inside} is never closed"


def test_a_code_answer_keeps_its_hint_outside_the_solution(path):
    for cell in read(path)["cells"]:
        if cell["cell_type"] == "code" and tag(cell).get("solution"):
            hint, begin, _ = source(cell).partition("### BEGIN SOLUTION")
            assert begin and re.search(r"^# (TODO#\d+|T\d+): ", hint, re.M), f"cell {cell['id']}"


def test_graded_code_cells_say_what_they_prove_and_print_one_line(path):
    for cell in read(path)["cells"]:
        if cell["cell_type"] != "code" or not tag(cell).get("grade"):
            continue
        assert re.match(r'"""(TODO#\d+|T\d+) proves: ', source(cell)), f"cell {cell['id']}"
        assert source(cell).splitlines()[-1].startswith("print("), f"cell {cell['id']}"
        assert source(cell).count("print(") == 1, f"cell {cell['id']}"
        assert tag(cell)["locked"] and not tag(cell)["solution"], f"cell {cell['id']}"


def test_a_check_of_its_own_stands_before_the_test_of_every_todo_in_a_file(path):
    cells = {cell["id"]: source(cell) for cell in read(path)["cells"]}
    graded = [name for name in cells if re.fullmatch(r"todo\d+", name) and f"{name}-answer" not in cells]
    assert graded
    for before, name in itertools.pairwise(cells):
        if name in graded:
            assert before == f"check-{name}"
            assert cells[before] == f'check("{name.upper().replace("TODO", "TODO#")}")'


def test_no_cell_is_longer_than_40_lines(path):
    long = {cell["id"]: n for cell in read(path)["cells"] if (n := len(source(cell).splitlines())) > 40}
    assert long == {}


def test_every_figure_is_followed_by_a_question(path):
    cells = read(path)["cells"]
    draws = re.compile(r"\b(plt\.subplots|plot_\w+|show_\w+|show_grid)\(")
    for cell, following in itertools.pairwise(cells):
        if cell["cell_type"] == "code" and not tag(cell) and draws.search(source(cell)):
            assert "**Question.**" in source(following), f"no question after the figure of cell {cell['id']}"


def test_every_question_is_followed_by_a_place_to_write(path):
    cells = {cell["id"]: source(cell) for cell in read(path)["cells"]}
    for name, following in itertools.pairwise(cells):
        if "**Question.**" in cells[name]:
            assert (following, cells[following]) == (f"{name}-yours", "*Your answer:*")


@pytest.mark.parametrize("command", [["check"], ["format", "--check"]], ids=["ruff-check", "ruff-format"])
def test_ruff_is_content(path, command):
    done = subprocess.run(
        [sys.executable, "-m", "ruff", *command, "--no-cache", str(path)],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_time_that_it_takes_is_the_one_that_the_docs_measured(path):
    page = (ROOT / "docs" / f"lab-{path.stem}.md").read_text(encoding="utf-8")
    measured = re.search(r"\*\*Time\.\*\* ([^,.]+) for a student, ([^,.:(]+) for the computer", page)
    said = re.findall(
        r"([^.*]+) for you, ([^.]+) for the computer", "".join(map(source, read(path)["cells"]))
    )
    assert [tuple(part.strip() for part in parts) for parts in said] == [measured.groups()]
