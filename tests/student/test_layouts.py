"""A lab opened outside of JupyterLab, MNIST however people have it, and source that was copied from a page."""

import gzip
import os
import re
import zipfile

import numpy as np
import pytest
from jupyter_client.manager import start_new_kernel

from autograder.bundle import student_readme
from cattern.checking.lab import load_lab
from cattern.checking.source import repaired
from mnist_data.files import FILES, contents, find

FILE = FILES[1]  # train-labels
IDX = b"\0\0\x08\1" + (3).to_bytes(4, "big") + bytes([1, 2, 3])


@pytest.fixture
def place(tmp_path, monkeypatch):
    monkeypatch.delenv("CATTERN_MNIST_DIR", raising=False)
    return tmp_path


@pytest.mark.parametrize(
    "where",
    [
        "train-labels-idx1-ubyte.gz",
        "train-labels.idx1-ubyte",
        "train-labels-idx1-ubyte/train-labels-idx1-ubyte",
        "train-labels.idx1-ubyte/train-labels-idx1-ubyte",
        "MNIST/raw/train-labels-idx1-ubyte",
        "MNIST/raw/train-labels-idx1-ubyte.gz",
        "raw/train-labels-idx1-ubyte",
        "train-labels-idx1-ubyte (1).gz",
        "train-labels-idx1-ubyte-1.gz",
    ],
)
def test_every_common_layout_is_found(place, where):
    path = place / where
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(gzip.compress(IDX) if where.endswith(".gz") else IDX)
    assert find(FILE, place) == path
    assert find(FILES[3], place) is None  # the test labels are another file


def test_a_folder_of_the_files_name_does_not_hide_the_file_beside_it(place):
    (place / "train-labels-idx1-ubyte").mkdir()
    (place / "train-labels.idx1-ubyte").write_bytes(IDX)
    assert find(FILE, place) == place / "train-labels.idx1-ubyte"


def test_what_lies_there_is_said(place):
    assert contents(place) == "no data in it"
    (place / "mnist_train.csv").write_text("1,2")
    assert contents(place) == "it holds mnist_train.csv"
    assert contents(place / "nowhere") == "no such folder"


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("    a\u00a0= 1", "line 3 holds a no-break space (U+00A0), read as a space"),
        ("    a =\u3000\u200b1", "ideographic space"),
        ("    a = len(“x”)", '“, read as "'),
        ("    a = 3 − 2", "−, read as -"),
        ("    %timeit a", "`%timeit a`, which only a notebook can run"),
    ],
)
def test_what_copying_leaves_is_repaired_and_named(line, said):
    text = f"import numpy\ndef f():\n{line}\n    return 1\n"
    mended, done = repaired(text)
    compile(mended, "", "exec")
    assert said in done[0] and mended.count("\n") == text.count("\n")


def test_what_python_can_read_stays_as_it_is_and_so_does_what_cannot_be_mended():
    right = 'a = "“no-break\u00a0space”"  # − ×\n'
    assert repaired(right) == (right, [])
    wrong = "a\u00a0= (\n"
    assert repaired(wrong) == (wrong, [])
    assert np.array_equal(repaired("x" * 300_000)[1], [])


def in_a_kernel(folder, *cells: str) -> list[str]:
    """Run cells in a kernel that starts in a folder and has no JupyterLab; return what each printed or showed."""
    # as in a student's environment, neither JupyterLab nor the instructors' half can be imported
    hidden = "import sys; sys.modules |= dict.fromkeys(('jupyterlab', 'autograder', 'nbgrader'))"
    environment = {**os.environ, "CATTERN_OFFLINE": "1", "CATTERN_MNIST_DIR": "", "PYTHONPATH": ""}
    manager, client = start_new_kernel(kernel_name="python3", env=environment, cwd=str(folder))
    said = []
    try:
        for cell in (hidden, *cells):
            outputs = []
            reply = client.execute_interactive(cell, output_hook=outputs.append, timeout=60)["content"]
            assert reply["status"] == "ok", reply
            shown = [
                m["content"].get("text") or m["content"].get("data", {}).get("text/plain", "")
                for m in outputs
            ]
            said.append("".join(shown))
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)
    return said[1:]


LOOK = "import cattern; print(cattern.__file__)"
ASK = "from cattern import check; check(1)"


def test_on_colab_the_cell_of_the_readme_unpacks_the_zip_and_the_checks_answer(archive, tmp_path):
    """The notebook was opened alone: the zip lies beside it, and nothing else."""
    (tmp_path / "two_layer_net.zip").write_bytes(archive.read_bytes())
    lines = re.findall(r"^    ([!%].*)$", student_readme(load_lab("two_layer_net")), re.M)
    assert len(lines) == 2
    _, where, said = in_a_kernel(tmp_path, "\n".join(lines), LOOK, ASK)
    assert where.strip() == str(tmp_path / "two_layer_net" / "cattern" / "__init__.py")
    assert "TODO#1 scores: still to write" in said


def test_in_an_editor_the_notebook_runs_in_its_own_folder_without_jupyterlab(archive, tmp_path):
    """As VS Code does it: the kernel starts in the folder of the notebook, and the package is beside it."""
    with zipfile.ZipFile(archive) as file:
        file.extractall(tmp_path)
    folder = tmp_path / "two_layer_net"
    where, said = in_a_kernel(folder, LOOK, ASK)
    assert where.strip() == str(folder / "cattern" / "__init__.py")
    assert "TODO#1 scores: still to write" in said
