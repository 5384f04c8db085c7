"""MNIST is found however people have it, and source that was copied from a page is read or its trouble is named."""

import gzip

import numpy as np
import pytest

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
