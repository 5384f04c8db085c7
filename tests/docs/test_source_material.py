"""The table of what the source material states: it is what the command makes, and every cell that it names exists."""

import importlib.util
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def command():
    spec = importlib.util.spec_from_file_location(
        "source_material", ROOT / "benchmarks" / "source_material.py"
    )
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_page_is_what_the_command_prints():
    run = [sys.executable, "benchmarks/source_material.py"]
    done = subprocess.run(run, cwd=ROOT, capture_output=True, encoding="utf-8", check=True)
    page = (ROOT / "docs" / "source-material.md").read_text(encoding="utf-8")
    assert done.stdout == page, "write it anew: .venv/bin/python benchmarks/source_material.py --write"


def test_a_cell_that_is_not_there_is_named(command):
    with pytest.raises(ValueError, match=r"binary_mlp\.ipynb has no cell figure-z, .* for: a curve"):
        command.page({"binary_mlp": {"a curve": "eight figure-z"}})


def test_a_row_says_what_its_cell_holds(command):
    text = command.page({"binary_mlp": {"a curve": "eight longer-question", "marks": "todo1 t4 linear"}})
    assert (
        "| a curve | `eight` | figure | 7. A second hidden layer |\n|  | `longer-question` | question |"
        in text
    )
    assert "| `todo1` | test, 6 points | 2. From logits to a loss |" in text
    assert "| `t4` | answer, 8 points | 9. Theory |" in text
    assert "| `linear` | output |" in text
