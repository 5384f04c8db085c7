"""The table of reported and reproduced figures: the command prints every row, and the page shows what it must."""

import importlib.util
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "reproduced.md"
ROW = re.compile(r"^\| ([1-5]) \| ([^|]+) \| ([^|]*) \| ([^|]+) \| ([\d.]*) ?\|$", re.MULTILINE)


def run(*options, **environment):
    command = [sys.executable, "benchmarks/reproduced.py", *options]
    clean = {name: value for name, value in os.environ.items() if name != "CATTERN_MNIST_DIR"}
    return subprocess.run(
        command, cwd=ROOT, env=clean | environment, capture_output=True, text=True, check=False
    )


def rows(text):
    """Return the table in a text: (lab, what) → (reported, reproduced, seconds), all strings, in order."""
    found = [[cell.strip() for cell in match.groups()] for match in ROW.finditer(text)]
    table = {(lab, what): tuple(others) for lab, what, *others in found}
    assert len(table) == len(found), "two rows have the same name"
    return table


@pytest.fixture(scope="module")
def quick():
    done = run("--quick")
    assert done.returncode == 0, done.stdout + done.stderr
    return done


@pytest.fixture(scope="module")
def page():
    return rows(PAGE.read_text(encoding="utf-8"))


def figures(page, lab, *words):
    """Return the figures of all rows of a lab in whose name all the words are, in percent, and at least one."""
    chosen = [
        shown
        for (number, what), (_, shown, _) in page.items()
        if number == lab and all(w in what for w in words)
    ]
    assert chosen, f"no row of lab {lab} has {words} in its name"
    return [float(figure) for shown in chosen for figure in re.findall(r"[\d.]+(?=,| %)", shown)]


def test_the_command_prints_every_row_of_the_page(quick, page):
    printed = rows(quick.stdout)
    assert list(printed) == list(page)
    assert [said for said, _, _ in printed.values()] == [said for said, _, _ in page.values()]
    assert {lab for lab, _ in printed} == set("12345")


def test_progress_is_plain_lines_apart_from_the_table(quick):
    for (lab, what), (_, shown, _) in rows(quick.stdout).items():
        assert f"lab {lab}: {what}: {shown}\n" in quick.stderr
    assert "\r" not in quick.stderr
    assert "the figures mean nothing" in quick.stdout


@pytest.mark.parametrize(
    ("lab", "words", "least", "most"),
    [
        ("1", ["run 1"], 89.22, 89.22),
        ("1", ["run 2"], 94.32, 94.32),
        ("1", ["tuned", "validation"], 97.4, 100),
        ("1", ["tuned", "test"], 96.3, 100),
        ("2", ["small first weights", "validation error"], 5, 10),
        ("2", ["no last ReLU", "validation accuracy"], 88, 95),
        ("3", ["straight-through", "training"], 92.5, 95),
        ("3", ["straight-through", "validation"], 92, 94),
        ("3", ["no ReLU", "200 epochs", "validation"], 91.5, 94),
        ("3", ["true ReLU gradient", "validation"], 50, 86),
        ("4", ["linear model"], 30, 60),
        ("4", ["hidden layer", "50 epochs, NumPy"], 90, 100),
        ("4", ["hidden layer", "50 epochs, PyTorch"], 90, 100),
        ("4", ["hidden layer", "200 epochs"], 94, 100),
        ("4", ["smaller first weights"], 94, 100),
        ("5", ["rate 0.001,"], 90, 95),
        ("5", ["rate 0.01,"], 95, 98.5),
        ("5", ["rate 0.03,"], 95, 98.5),
        ("5", ["test accuracy"], 95, 98.5),
    ],
)
def test_the_figures_on_the_page_are_those_that_were_reported(page, lab, words, least, most):
    for figure in figures(page, lab, *words):
        assert least <= figure <= most


def test_a_relu_on_the_scores_reproduces_the_plateau(page):
    accuracies = figures(page, "2", "large first weights", ", last ReLU, validation accuracy")
    assert len(accuracies) == 4
    assert sum(40 <= accuracy <= 60 for accuracy in accuracies) >= 2
    errors = figures(page, "2", "large first weights", ", last ReLU, training error")
    assert 35 <= sum(errors) / 4 <= 50


@pytest.mark.parametrize(
    ("lab", "words"),
    [
        ("2", ["small first weights, last ReLU"]),
        ("3", ["20 epochs, "]),
        ("4", ["one hidden layer, 200 epochs"]),
        ("4", ["two hidden layers, 200 epochs"]),
        ("5", ["rate 0.01,"]),
    ],
)
def test_others_reach_the_same_within_a_percentage_point(page, lab, words):
    found = figures(page, lab, *words)
    assert len(found) == (2 if lab == "2" else 3)  # NumPy, PyTorch and, but for the convolution, scikit-learn
    assert max(found) - min(found) <= 1


@pytest.fixture
def command(monkeypatch, tmp_path):
    """The command with a page of its own, one row a lab and no training; call it with its options."""
    spec = importlib.util.spec_from_file_location("reproduced", ROOT / "benchmarks" / "reproduced.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    monkeypatch.setattr(module, "PAGE", tmp_path / "page.md")
    monkeypatch.setattr(module, "images", lambda: None)
    monkeypatch.setattr(module, "data_source", lambda: "full")
    for number in range(1, 6):
        row = module.Row(f"row of {number}", "", "90.00 %", 1.26)
        monkeypatch.setattr(module, f"lab_{number}", lambda quick, row=row: iter([row]))

    def call(*options):
        monkeypatch.setattr(sys, "argv", ["reproduced.py", *options])
        module.main()

    call.module, call.page = module, module.PAGE
    return call


OLD = "# Title\n\n<!-- reproduced: begin -->\nold\n<!-- reproduced: end -->\n\nProse.\n"


def test_writing_replaces_what_is_between_the_markers(command):
    command.page.write_text(OLD, encoding="utf-8")
    command("--write")
    once = command.page.read_text(encoding="utf-8")
    assert once.startswith("# Title\n\n<!-- reproduced: begin -->\n")
    assert once.endswith("<!-- reproduced: end -->\n\nProse.\n")
    assert "old" not in once
    assert list(rows(once)) == [(str(lab), f"row of {lab}") for lab in range(1, 6)]
    command("--write")
    assert command.page.read_text(encoding="utf-8") == once


def test_without_write_the_page_stays(command, capsys):
    command.page.write_text(OLD, encoding="utf-8")
    command()
    assert command.page.read_text(encoding="utf-8") == OLD
    assert len(rows(capsys.readouterr().out)) == 5


@pytest.mark.parametrize(
    ("options", "source", "word"),
    [(["--write", "--quick"], "full", "--quick"), (["--write"], "subset", "full MNIST")],
)
def test_only_the_whole_run_on_the_full_data_is_written(command, monkeypatch, capsys, options, source, word):
    command.page.write_text(OLD, encoding="utf-8")
    monkeypatch.setattr(command.module, "data_source", lambda: source)
    with pytest.raises(SystemExit) as stop:
        command(*options)
    assert stop.value.code == 2
    assert word in capsys.readouterr().err.splitlines()[-1]
    assert command.page.read_text(encoding="utf-8") == OLD


@pytest.mark.parametrize(
    "page", ["", "<!-- reproduced: begin -->", "<!-- reproduced: end --><!-- reproduced: begin -->"]
)
def test_a_page_without_markers_is_known_before_any_training(command, monkeypatch, page):
    command.page.write_text(page, encoding="utf-8")
    monkeypatch.setattr(command.module, "lab_1", lambda quick: pytest.fail("it trained"))
    with pytest.raises(ValueError, match="needs the lines"):
        command("--write")
