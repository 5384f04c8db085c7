"""Whatever a student hands in is repaired or named, and the rest is read; nothing outside it is ever opened."""

import contextlib
import copy
import gzip
import io
import json
import os
import random
import socket
import stat
import tarfile
import tempfile
import zipfile
from importlib import import_module
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from autograder.submission import Unreadable, find_submissions, read_submission, take_in, unpack
from autograder.submission.cells import tidy
from autograder.submission.repair import conflict_sides, python_source, read_json, shown
from cattern.checking.lab import Lab, Property, Task
from cattern.errors import CatternError

handin = import_module("autograder.submission.collect")  # the package has a function of this name
NET = "cattern/neural_net.py"
BOOK = "two_layer_net.ipynb"
LAB = Lab(
    name="two_layer_net",
    title="A two-layer network",
    student_files=(NET,),
    tasks=(
        Task(
            "T1",
            "by hand",
            (Property("z", 1.0, ("z",)),),
            source="cell",
            cell="T1-answer",
            grade_id="T1-test",
        ),
        Task("T4", "proof", (Property("proof", 1.0, ()),), source="hand", grade_id="T4"),
    ),
    data_files=("best_net.npz",),
)
STUB = b'import numpy as np\n\n\nclass TwoLayerNet:\n    def loss(self, X):\n        raise NotImplementedError("TODO#1")\n'
DONE = STUB.replace(b'raise NotImplementedError("TODO#1")', b"return X")
STUB_T1 = '# Assign z, dz_dw0 and dz_db0.\nraise NotImplementedError("T1")\n'


def cell(source, name=None, kind="code", cell_id=None, **flags):
    made = {
        "cell_type": kind,
        "id": cell_id or f"id-{name or abs(hash(source))}",
        "metadata": {},
        "source": source,
    }
    if kind == "code":
        made |= {"outputs": [], "execution_count": None}
    if name:
        tag = {"schema_version": 3, "grade": False, "solution": False, "locked": False, "task": False}
        made["metadata"] = {"nbgrader": tag | {"grade_id": name} | flags}
    return made


def book(*cells):
    return {"cells": [copy.deepcopy(c) for c in cells], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}


def dump(notebook):
    return json.dumps(notebook, indent=1).encode()


INTRO = cell("# Lab 1", kind="markdown", cell_id="intro")
ANSWER = cell(STUB_T1, "T1-answer", solution=True)
CHECK = cell("check('T1')", "T1-test", grade=True, locked=True, points=1)
PROOF = cell("Your proof here.", "T4", kind="markdown", grade=True, solution=True, points=1)
RELEASE = {
    BOOK: dump(book(INTRO, ANSWER, CHECK, PROOF)),
    NET: STUB,
    "cattern/__init__.py": b"",
    "cattern/gradient_check.py": b"def rel_error(): ...\n",
    "mnist_data/__init__.py": b"",
}
Z = "z = 0.62\ndz_dw0 = -0.2\ndz_db0 = -0.2\n"
SOLVED = book(INTRO, cell(Z, "T1-answer", solution=True), CHECK, PROOF)


def place(top, files):
    for name, data in files.items():
        file = top / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(data)
    return top


@pytest.fixture
def read(tmp_path):
    def reading(files, release=RELEASE):
        return read_submission("ada", place(tmp_path / "ada", files), LAB, release)

    return reading


def zipped(files, **options):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name, data, **options)
    return buffer.getvalue()


def tarred(files, mode="w:gz"):
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode=mode) as archive:
        for name, data in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return buffer.getvalue()


def said(submission, *parts):
    return any(all(part in repair for part in parts) for repair in submission.repairs)


# A submission as it should be


def test_a_submission_as_released_needs_no_repair(read):
    got = read(RELEASE | {NET: DONE, BOOK: dump(SOLVED), "best_net.npz": b"weights"})
    assert got.repairs == ()
    assert got.files == {NET: DONE}
    assert got.cells == {"T1-answer": Z, "T1-test": "check('T1')", "T4": "Your proof here."}
    assert got.data == {"best_net.npz": b"weights"}
    assert got.notebook["cells"] == SOLVED["cells"]


def test_helper_modules_come_along_and_released_files_do_not(read):
    tampered = {"cattern/__init__.py": b"import os\n", "mnist_data/__init__.py": b"x = 1\n"}
    got = read(RELEASE | tampered | {NET: DONE, "cattern/layers.py": b"a = 1\n", "extra/util.py": b"b = 2\n"})
    assert got.files == {NET: DONE, "cattern/layers.py": b"a = 1\n", "extra/util.py": b"b = 2\n"}
    assert said(got, "cattern/__init__.py", "the released file is used")
    assert said(got, "mnist_data/__init__.py")


def test_helper_modules_are_few_and_importable(read):
    many = {f"h{i:03}.py": b"a = 1\n" for i in range(60)}
    got = read({NET: DONE, "not a module.py": b"", "H001.py": b"other\n"} | many)
    assert len(got.files) == 51
    assert said(got, "h001.py", "another module")
    assert "not a module.py" not in got.files


def test_without_a_release_only_student_files_are_taken(read):
    assert read({NET: DONE, "cattern/__init__.py": b"evil", "h.py": b""}, release=None).files == {NET: DONE}


# Which file is it?


@pytest.mark.parametrize(
    "name",
    [
        "neural_net.py",
        "a b/c/cattern/neural_net.py",
        "lab/neural_net.py",
        "Neural_Net.py",
        "neural_net (1).py",
        "neural_net(2).py",
        "Copy of neural_net.py",
        "neural_net - Copy.py",
        "neural_net.py.txt",
        "neural_net.py (1)",
        "ada_77_neural_net-1.py",
        "solution.py",
        "läb 'ein\"s'\n/neural_net.py",
    ],
)
def test_a_renamed_or_moved_file_is_found_and_named(read, name):
    got = read({name: DONE, "other.py": b"a = 1\n"})
    assert got.files[NET] == DONE
    assert said(got, "took", NET)
    assert all(repair.isprintable() for repair in got.repairs)


def test_a_file_that_only_resembles_is_not_taken(read):
    with pytest.raises(
        Unreadable, match=r"looked for two_layer_net\.ipynb, cattern/neural_net\.py, best_net\.npz"
    ):
        read({"neural_net_notes.py": b"a = 1\n", "test.py": b"class Other:\n    pass\n"})


@pytest.mark.parametrize(
    ("files", "wanted"),
    [
        ({NET: b"1", "neural_net.py": b"2"}, b"1"),  # its own place
        ({"a/neural_net.py": b"1\n3", "neural_net.py": b"2"}, b"2"),  # nearest to the top
        ({"a/neural_net.py": b"1", "b/neural_net.py": b"2\n3"}, b"2\n3"),  # differs most
        ({"b/neural_net.py": b"1", "a/neural_net.py": b"2"}, b"2"),  # by name
        ({NET: STUB, "neural_net (1).py": DONE}, DONE),  # the release's own is the last choice
        ({NET: STUB.replace(b"\n", b"\r\n"), "old/neural_net.py": DONE}, DONE),
        ({NET: b" \n", "neural_net.py": DONE}, DONE),
    ],
)
def test_of_several_files_one_is_chosen(read, files, wanted):
    got = read(files)
    assert got.files[NET] == wanted
    others = [
        data for data in files.values() if data.strip() and data not in (wanted, STUB) and b"\r" not in data
    ]
    assert said(got, "ignored", NET) == bool(others)


def test_neighbours_of_a_file_out_of_its_folder_can_be_imported_from_both_places(read):
    got = read({"neural_net.py": DONE, "layers.py": b"a = 1\n", "gradient_check.py": b"changed\n"})
    assert got.files == {NET: DONE, "layers.py": b"a = 1\n", "cattern/layers.py": b"a = 1\n"}
    assert said(got, "gradient_check.py", "the released file is used")


def test_files_above_the_bundle_are_not_helpers(read):
    assert read({"top.py": b"a = 1\n", f"lab1/{NET}": DONE}).files == {NET: DONE}


# Bytes that Python stumbles over


@pytest.mark.parametrize(
    ("raw", "wanted", "says"),
    [
        (b"\xef\xbb\xbfx = 1\n", b"x = 1\n", "byte-order mark"),
        (b"x = 1\r\ny = 2\r", b"x = 1\ny = 2\n", "line ends"),
        ("x = 'é'\n".encode("utf-16"), "x = 'é'\n".encode(), "UTF-16"),
        ("x = 'é'\n".encode("utf-16-be"), "x = 'é'\n".encode(), "UTF-16"),
        ("x = 'é'\n".encode("utf-32"), "x = 'é'\n".encode(), "UTF-32"),
        ("x = 'é'\n".encode("latin-1"), "x = 'é'\n".encode(), "Latin-1"),
        ("# coding: cp1252\nx = '€'\n".encode("cp1252"), "# coding: utf-8\nx = '€'\n".encode(), "cp1252"),
        (b"x = 1\0\n", b"x = 1\n", "null bytes"),
        (b"if x:\n\ta = 1\n        b = 2\n", b"if x:\n        a = 1\n        b = 2\n", "tabs"),
        (b"if x:\n\ta = 1\n    b = 2\n", b"if x:\n    a = 1\n    b = 2\n", "tabs"),
        (b"<<<<<<< HEAD\nx = 1\n=======\nx = 2\n>>>>>>> b\ny = 3\n", b"x = 1\ny = 3\n", "first side"),
        (b"<<<<<<< HEAD\nx = (\n=======\nx = 2\n>>>>>>> b\n", b"x = 2\n", "second side"),
    ],
)
def test_python_files_are_made_readable(raw, wanted, says):
    source, done = python_source(raw)
    assert source == wanted
    assert any(says in what for what in done)


@pytest.mark.parametrize(
    "raw",
    [b"if x:\n\ta = 1\n\tb = 2\n", b"x = '\t'\n", b"def f(:\n", b"", "# ünï\n".encode(), b"# coding: zip\n"],
)
def test_python_files_that_need_nothing_stay(raw):
    assert python_source(raw) == (raw, [])


def test_tabs_that_can_be_read_in_two_ways_are_left():
    raw = b"if a:\n    if b:\n        c = 1\n\td = 2\n"
    what = "tabs mixed with spaces, left as they are: they can be read in two ways"
    assert python_source(raw) == (raw, [what])


def test_repairs_name_the_file(read):
    assert said(read({NET: DONE.replace(b"\n", b"\r\n")}), NET, "Windows line ends")


@given(st.binary(max_size=300))
def test_any_bytes_become_python_text(raw):
    source, _ = python_source(raw)
    assert b"\0" not in source and b"\r" not in source
    source.decode("utf-8")


# The class in the notebook


@pytest.mark.parametrize("net", [None, STUB, b"\n"])
def test_a_class_written_in_the_notebook_is_taken_for_the_file(read, net):
    in_cell = "%%writefile x.py\n%matplotlib inline\nclass TwoLayerNet:\n    def loss(self, X):\n        return np.abs(X)\n"
    files = {BOOK: dump(book(INTRO, cell("class TwoLayerNet: pass"), cell(in_cell), CHECK))}
    got = read(files | ({NET: net} if net is not None else {}))
    assert (
        got.files[NET]
        == b"import numpy as np\nclass TwoLayerNet:\n    def loss(self, X):\n        return np.abs(X)\n"
    )
    assert said(got, NET, "last notebook cell that defines TwoLayerNet")


def test_a_class_in_the_notebook_does_not_replace_a_written_file(read):
    assert read({NET: DONE, BOOK: dump(book(cell("class TwoLayerNet: pass")))}).files[NET] == DONE


# Which notebook is it?


@pytest.mark.parametrize(
    "name", ["Copy of lab1 (2).ipynb", "lab1.ipynb.txt", "ünï/a.ipynb", "lab.ipynb.json", "X.IPYNB"]
)
def test_a_renamed_notebook_is_found_and_named(read, name):
    got = read({name: dump(SOLVED)})
    assert got.cells["T1-answer"] == Z
    assert said(got, "took the notebook")


@pytest.mark.parametrize(
    ("files", "wanted"),
    [
        ({"a.ipynb": dump(SOLVED), BOOK: dump(book(cell("1", "T4")))}, {"T4": "1"}),  # the right name
        ({"a.ipynb": dump(SOLVED), BOOK: RELEASE[BOOK]}, {"T1-answer": Z}),  # but not as released
        ({"a.ipynb": dump(SOLVED), BOOK: b"{"}, {"T1-answer": Z}),  # nor unreadable
        ({"a.ipynb": dump(book(cell("x" * 5000))), "b.ipynb": dump(SOLVED)}, {"T1-answer": Z}),  # known cells
        (
            {"a.ipynb": dump(book(cell("x = 1", "T4"))), "b.ipynb": dump(book(cell("x" * 99, "T4")))},
            {"T4": "x" * 99},
        ),
    ],
)
def test_of_several_notebooks_one_is_chosen(read, files, wanted):
    got = read(files)
    assert got.cells.items() >= wanted.items()
    if len([f for f in files.values() if f not in (RELEASE[BOOK], b"{")]) == 2:
        assert said(got, "ignored")


def test_the_python_file_is_graded_beside_a_hopeless_notebook(read):
    got = read({NET: DONE, BOOK: b"\x00\xff not json"})
    assert (got.files, got.notebook, got.cells) == ({NET: DONE}, None, {})
    assert said(got, "cannot read the notebook", BOOK)


# Broken JSON


def test_a_truncated_notebook_gives_its_complete_cells(read):
    data = dump(SOLVED)
    got = read({BOOK: data[: data.index(b"Your proof") + 4]})
    assert got.cells == {"T1-answer": Z, "T1-test": "check('T1')"}
    assert said(got, "3 complete cells")
    assert said(got, "missing", "T4")


def test_a_damaged_cell_costs_only_itself(read):
    got = read({BOOK: dump(SOLVED).replace(b'"check(', b'"check("')})
    assert got.cells == {"T1-answer": Z, "T4": "Your proof here."}


def test_commas_too_many_are_dropped_but_not_in_strings(read):
    notebook = book(cell("a = [1, ]\nb = '\\\",}'\n", "T1-answer"))
    got = read({BOOK: dump(notebook).replace(b"\n  }", b",\n  }")})
    assert got.cells["T1-answer"] == "a = [1, ]\nb = '\\\",}'\n"
    assert said(got, "commas")


def test_a_merge_conflict_takes_one_side(read):
    ours, theirs = b'"source": "z = 1"', b'"source": "z = 2"'
    conflict = b"<<<<<<< HEAD\n" + ours + b"\n=======\n" + theirs + b"\n>>>>>>> main\n"
    got = read({BOOK: dump(book(cell("z = 1", "T1-answer"))).replace(ours, b"\n" + conflict)})
    assert got.cells == {"T1-answer": "z = 1"}
    assert said(got, "merge conflict")


def test_conflict_sides_with_a_common_ancestor():
    text = "a\n<<<<<<< x\nb\n||||||| base\nc\n=======\nd\n>>>>>>> y\n=======\ne\n"
    assert conflict_sides(text) == ("a\nb\n=======\ne\n", "a\nd\n=======\ne\n")


@pytest.mark.parametrize(
    "encode",
    [
        lambda data: b"\xef\xbb\xbf" + data,
        lambda data: data.decode().encode("utf-16"),
        lambda data: data.replace(b"\n", b"\r\n"),
        lambda data: data.replace(b"\\n", b"\n"),  # raw newlines in strings
        lambda data: data.replace(b'"cells"', b'\0"cells"'),
    ],
)
def test_notebooks_in_other_encodings(read, encode):
    got = read({BOOK: encode(dump(SOLVED))})
    assert got.cells["T1-answer"] == Z
    assert not said(got, "damaged")


@pytest.mark.parametrize(
    "hostile",
    [
        b"[" * 100_000,
        b'{"cells": ' + b"[" * 100_000,
        b'{"cells": [' + b'{"cell_type": "' * 50_000,
        b'{"cells": [' + b'{"a":' * 100_000,
        b'"' + b'\\"' * 200_000,
        b'{"cells": [{"cell_type": "code", "execution_count": ' + b"9" * 10_000 + b"}]}",
        b'{"worksheets": [' * 5000,
    ],
)
def test_json_made_to_break_the_reader_is_named(read, hostile):
    assert read({NET: DONE, BOOK: hostile}).files == {NET: DONE}


# Cells


def test_older_formats_are_brought_up(read):
    cells = [
        {"cell_type": "heading", "level": 2, "source": ["Title"], "metadata": {}},
        {"cell_type": "code", "input": ["z = 1\n", "y = 2"], "language": "python", "outputs": [{"output_type": "pyout"}],
         "prompt_number": 3, "metadata": {"nbgrader": {"grade_id": "T1-answer", "solution": True}}},
    ]  # fmt: skip
    got = read(
        {BOOK: dump({"worksheets": [{"cells": cells}], "nbformat": 3, "nbformat_minor": 0, "metadata": {}})}
    )
    assert got.cells == {"T1-answer": "z = 1\ny = 2"}
    assert got.notebook["nbformat"] == 4
    assert got.notebook["cells"][0]["source"] == "## Title"
    assert said(got, "format 4")


@pytest.mark.parametrize(
    "tag",
    [
        {"grade_id": "T1-answer", "schema_version": 1, "solution": True, "checksum": 7},
        {"grade_id": "T1-answer"},
        {"grade_id": " T1-answer ", "points": "many", "grade": "yes", "locked": None, "more": []},
        {"schema_version": 3, "solution": True},  # known by the cell's id
        [],
        "T1-answer",
        None,
    ],
)
def test_cell_metadata_is_restored(read, tag):
    notebook = copy.deepcopy(SOLVED)
    notebook["cells"][1]["metadata"] = {"nbgrader": tag}
    got = read({BOOK: dump(notebook)})
    assert got.cells["T1-answer"] == Z
    assert got.notebook["cells"] == SOLVED["cells"]
    assert got.repairs


@pytest.mark.parametrize("points", [True, "2", -1, None, float("nan"), 10**400])
@pytest.mark.parametrize(
    "flags", [{"solution": True}, {"grade": True}, {"task": True}, {"grade": True, "task": True}]
)
@pytest.mark.parametrize("kind", ["code", "markdown"])
def test_without_a_release_metadata_is_made_valid(kind, flags, points):
    tag = {"grade_id": "mine", "schema_version": 2, "points": points} | flags
    notebook, answers, _ = tidy(book({"cell_type": kind, "source": "x", "metadata": {"nbgrader": tag}}), None)
    valid(notebook)
    assert answers == {"mine": "x"}
    assert notebook["cells"][0]["metadata"]["nbgrader"].get("points", 0) == 0


def test_a_changed_cell_type_is_restored(read):
    got = read({BOOK: dump(book(cell("my proof", "T4"), cell(Z, "T1-answer", kind="raw")))})
    kinds = {c["metadata"]["nbgrader"]["grade_id"]: c["cell_type"] for c in got.notebook["cells"]}
    assert kinds["T4"] == "markdown" and kinds["T1-answer"] == "code"
    assert said(got, "metadata or cell type restored", "T4", "T1-answer")


def test_deleted_cells_come_back_but_are_no_answers(read):
    got = read({BOOK: dump(book(INTRO, PROOF))})
    assert list(got.cells) == ["T4"]
    assert [c["source"] for c in got.notebook["cells"]].count(STUB_T1) == 1
    assert said(got, "missing", "T1-answer", "T1-test")


@pytest.mark.parametrize(
    ("copies", "wanted", "how"),
    [
        ([STUB_T1, Z], Z, "the only one filled in"),
        ([Z, STUB_T1], Z, "the only one filled in"),
        ([Z, ""], Z, "the only one filled in"),
        ([STUB_T1, STUB_T1], STUB_T1, "as released"),
        (["z = 1", "z = 2"], "z = 2", "the last one"),
        (["z = 1\nprint(z)", "w = 2\nprint(z)"], "w = 2\nprint(z)", "the last one"),  # they share a line
        (["z = 0.62\n", "dz_dw0 = -0.2", STUB_T1], "z = 0.62\ndz_dw0 = -0.2", "joined"),
    ],
)
def test_duplicated_cells(read, copies, wanted, how):
    cells = [cell(source, "T1-answer", solution=True, cell_id=f"c{i}") for i, source in enumerate(copies)]
    got = read({BOOK: dump(book(INTRO, *cells, CHECK, PROOF))})
    assert got.cells["T1-answer"] == wanted
    assert said(got, "T1-answer", f"{len(copies)} times", how)
    names = [c["metadata"].get("nbgrader", {}).get("grade_id") for c in got.notebook["cells"]]
    assert sorted(filter(None, names)) == ["T1-answer", "T1-test", "T4"]


def test_copies_with_cells_between_are_not_joined(read):
    one, two = cell("z = 1", "T1-answer", cell_id="a"), cell("w = 2", "T1-answer", cell_id="b")
    assert read({BOOK: dump(book(one, CHECK, two, PROOF))}).cells["T1-answer"] == "w = 2"


@pytest.mark.parametrize(
    ("cells", "wanted"),
    [
        (["", "*z = 1"], "z = 1"),  # the star marks the tagged cell
        (["*z = 0.62", "dz_dw0 = -0.2", "dz_db0 = -0.2"], "z = 0.62\ndz_dw0 = -0.2\ndz_db0 = -0.2"),
        (["z = 0.62", "*dz_dw0 = -0.2"], "z = 0.62\ndz_dw0 = -0.2"),
        (["*z = (", "0.62)"], "z = (\n0.62)"),
        (["*z = 0.62", "print(z)"], "z = 0.62"),
        (["*z = 0.62", "z = 5"], "z = 0.62"),
        (["*z = 0.62", "dz_dw0 = ("], "z = 0.62"),
        (["*", "z = 3"], "\nz = 3"),
        (["*" + STUB_T1, "z = 3"], "# Assign z, dz_dw0 and dz_db0.\nz = 3"),
    ],
)
def test_split_answers(read, cells, wanted):
    made = [
        cell(source.lstrip("*"), "T1-answer", solution=True)
        if source.startswith("*")
        else cell(source, cell_id=f"s{i}")
        for i, source in enumerate(cells)
    ]
    got = read({BOOK: dump(book(INTRO, *made, CHECK, PROOF))})
    assert got.cells["T1-answer"] == wanted
    assert said(got, "joined cell", "T1-answer") == (wanted not in cells and f"*{wanted}" not in cells)


# Archives


@pytest.mark.parametrize("pack", [zipped, tarred, lambda f: tarred(f, "w")])
@pytest.mark.parametrize("name", ["hand in.zip", "x/y.TAR.GZ"])
def test_archives_are_folders(read, pack, name):
    got = read(
        {name: pack({f"lab1/{NET}": DONE, f"lab1/{BOOK}": dump(SOLVED), "lab1/cattern/h.py": b"a = 1\n"})}
    )
    assert got.files == {NET: DONE, "cattern/h.py": b"a = 1\n"}
    assert got.cells["T1-answer"] == Z


def test_an_archive_is_opened_in_an_archive_but_no_deeper(read):
    inner = zipped({NET: DONE})
    assert read({"a.zip": zipped({"b.zip": inner})}).files == {NET: DONE}
    with pytest.raises(Unreadable, match="too many archives"):
        read({"a.zip": zipped({"b.zip": zipped({"c.zip": inner})})})


def test_an_archive_by_itself_is_a_submission(tmp_path):
    (tmp_path / "ada.zip").write_bytes(zipped({NET: DONE}))
    assert read_submission("ada", tmp_path / "ada.zip", LAB, RELEASE).files == {NET: DONE}


@pytest.mark.parametrize(
    "name",
    ["../cattern/neural_net.py", "/cattern/neural_net.py", "C:\\cattern\\neural_net.py", "a/../../neural_net.py", "\\neural_net.py"],
)  # fmt: skip
def test_paths_that_lead_out_of_an_archive_are_refused(read, name):
    with pytest.raises(Unreadable, match="leads out"):
        read({"a.zip": zipped({name: DONE})})
    if name.startswith(("/", "..")):
        with pytest.raises(Unreadable, match="leads out"):
            read({"a.zip": tarred({name: DONE})})


def test_backslashes_separate_folders(read):
    assert read({"a.zip": zipped({"lab\\cattern\\neural_net.py": DONE})}).files == {NET: DONE}


def test_links_in_archives_are_not_followed(read, tmp_path):
    (tmp_path / "secret.py").write_bytes(b"class TwoLayerNet: secret")
    link = zipfile.ZipInfo(NET)
    link.create_system, link.external_attr = 3, (stat.S_IFLNK | 0o777) << 16
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for kind in (tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.FIFOTYPE, tarfile.CHRTYPE):
            info = tarfile.TarInfo(f"{kind.decode()}/neural_net.py")
            info.type, info.linkname = kind, str(tmp_path / "secret.py")
            archive.addfile(info)
    got = read({BOOK: dump(SOLVED), "a.zip": zipped({link: b"../../secret.py"}), "b.tar": buffer.getvalue()})
    assert got.files == {}
    assert len([r for r in got.repairs if "a link" in r]) == 3
    assert len([r for r in got.repairs if "neither a file" in r]) == 2


def test_names_twice_or_differing_in_case(read):
    with pytest.warns(UserWarning, match="Duplicate name"):
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w") as archive:
            for name, data in [
                (NET, b"1"),
                (NET, DONE),
                ("Cattern/Neural_Net.py", b"3"),
                ("a.py", b"4"),
                ("A.py", b"5"),
            ]:
                archive.writestr(name, data)
    got = read({"a.zip": buffer.getvalue()})
    assert got.files == {NET: DONE, "A.py": b"5"}
    assert said(got, "more than once", "took the last")
    assert said(got, "another module has its name")


def test_an_encrypted_zip_is_named(read):
    data = bytearray(zipped({NET: DONE}))
    data[6] |= 1
    data[data.index(b"PK\x01\x02") + 8] |= 1
    with pytest.raises(Unreadable, match="without a password"):
        read({"a.zip": bytes(data)})


def test_a_compression_that_asks_for_memory_is_not_used(read):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_LZMA) as archive:
        archive.writestr(NET, DONE)
    with pytest.raises(Unreadable, match="compression is not supported"):
        read({"a.zip": buffer.getvalue()})


@pytest.mark.parametrize(
    "data", [b"Rar!\x1a\x07", b"", b"PK\x03\x04", b"\x1f\x8b\x08", zipped({NET: DONE})[:-30]]
)
def test_a_damaged_or_foreign_archive_is_named(read, data):
    got = read({BOOK: dump(SOLVED), "a.zip": data})
    assert said(got, "cannot open 'a.zip'")


def test_a_member_that_does_not_match_its_checksum_is_named(read):
    data = zipped({NET: os.urandom(100)})
    at = data.index(b"neural_net.py") + 40
    got = read({BOOK: dump(SOLVED), "a.zip": data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]})
    assert said(got, "cannot unpack", "neural_net.py")


def test_bombs_are_named_and_not_inflated(read, monkeypatch):
    bomb = bytes(20 * 2**20)
    inflated = []
    real = zipfile.ZipExtFile.read
    monkeypatch.setattr(
        zipfile.ZipExtFile, "read", lambda f, n=-1: inflated.append(len(d := real(f, n))) or d
    )
    files = {"a.zip": zipped({"best_net.npz": b"0", BOOK: bomb}), "b.tgz": gzip.compress(bomb)}
    got = read({NET: DONE} | files)
    assert said(got, BOOK, "400 times its size")
    assert said(got, "b.tgz", "far more")
    assert sum(inflated) < 100


def test_a_size_that_lies_gives_no_more_than_it_says(read):
    data = bytearray(zipped({NET: b"x = 1\n" * 1000}))
    for mark, offset in ((b"PK\x03\x04", 22), (b"PK\x01\x02", 24)):
        at = data.index(mark) + offset
        data[at : at + 4] = (100).to_bytes(4, "little")
    with contextlib.suppress(Unreadable):
        assert len(read({"a.zip": bytes(data)}).files.get(NET, b"")) <= 100


def test_an_archive_of_very_many_entries_is_refused_unread(read, monkeypatch):
    monkeypatch.setattr(unpack, "MAX_ENTRIES", 50)
    files = {f"f{i}": b"" for i in range(60)} | {NET: DONE}
    for data in (zipped(files), tarred(files)):
        with pytest.raises(Unreadable, match="more than 50 entries"):
            read({"a.zip": data})


def test_a_tar_header_with_a_negative_size_does_not_hang(read):
    header = bytearray(tarred({NET: b""}, "w")[:512])
    header[124:136] = b"\xff" * 10 + b"\xfe\x00"  # -512: the next header would be this one
    header[148:156] = b" " * 8
    header[148:156] = b"%06o\0 " % sum(header)
    first = tarred({"a.py": b"a = 1\n"}, "w")[:1024]
    got = read({NET: DONE, "a.tar": first + bytes(header) * 4})
    assert got.files == {NET: DONE}
    assert said(got, "cannot open 'a.tar'")


# Sizes and counts


def test_a_file_too_large_is_named_and_never_read(tmp_path, monkeypatch):
    asked = []
    real = handin._Haul.take

    def take(haul, path, size, read, level):
        real(haul, path, size, lambda n: asked.append(path) or read(n), level)

    monkeypatch.setattr(handin._Haul, "take", take)
    top = place(tmp_path / "ada", {NET: DONE})
    for name in (BOOK, "neural_net.py", "best_net.npz", "a.zip"):
        with (top / name).open("wb") as file:
            file.truncate(200 * 2**20)  # a hole: no disk is used
    got = read_submission("ada", top, LAB, RELEASE)
    assert got.files == {NET: DONE} and got.data == {} and got.notebook is None
    assert len([r for r in got.repairs if "too large (200.0 MB" in r]) == 4
    assert asked == [NET]


def test_all_files_together_have_a_limit(read, monkeypatch):
    monkeypatch.setattr(handin, "MAX_TOTAL", 3000)
    got = read({NET: DONE, "a.py": b"#" * 2000, "cattern/z.py": b"#" * 2000})
    assert said(got, "cattern/z.py", "too large")
    assert "a.py" in got.files


def test_very_many_files_and_folders_have_a_limit_that_does_not_depend_on_order(tmp_path, monkeypatch):
    monkeypatch.setattr(handin, "MAX_FILES", 20)
    monkeypatch.setattr(handin, "MAX_FOLDERS", 10)
    names = [f"n{i:02}.py" for i in range(40)] + [f"d{i:02}/neural_net.py" for i in range(15)]
    results = []
    for seed in range(3):
        top = place(tmp_path / str(seed) / "ada", {name: DONE + name.encode() for name in names})
        with monkeypatch.context() as patch:
            patch.setattr(os, "scandir", scandir_in_order(seed))
            got = read_submission("ada", top, LAB, RELEASE)
        results.append((got.files, got.repairs))
    assert results[0] == results[1] == results[2]
    assert any("read only 20 files" in r for r in results[0][1])


def test_folders_too_deep_are_named(read):
    got = read({BOOK: dump(SOLVED), "d/" * 30 + "neural_net.py": DONE})
    assert got.files == {} and said(got, "folders deep")


def test_a_flood_of_repairs_is_cut(read):
    got = read({NET: DONE} | {f"x{i:03}.zip": b"no" for i in range(200)})
    assert len(got.repairs) <= 61 and said(got, "more")


# Things that are not files


def test_links_are_never_followed(tmp_path):
    secret = place(
        tmp_path / "secret", {NET: b"secret = 1\n", "neural_net.py": b"secret = 2\n", BOOK: dump(SOLVED)}
    )
    top = place(tmp_path / "ada", {"best_net.npz": b"w"})
    (top / "cattern").symlink_to(secret / "cattern")
    (top / "neural_net.py").symlink_to(secret / "neural_net.py")
    (top / BOOK).symlink_to(secret / BOOK)
    (top / "loop").symlink_to(top)
    (top / "dangling").symlink_to(tmp_path / "nowhere")
    got = read_submission("ada", top, LAB, RELEASE)
    assert (got.files, got.notebook) == ({}, None)
    assert len([r for r in got.repairs if "a link" in r]) == 5


@pytest.mark.parametrize(
    "swap", [lambda file, secret: file.symlink_to(secret), lambda file, secret: os.mkfifo(file)]
)
def test_a_file_swapped_while_it_is_read_is_not_followed(tmp_path, monkeypatch, swap):
    (tmp_path / "secret").write_bytes(b"secret = 1\n")
    top = place(tmp_path / "ada", {NET: DONE, "best_net.npz": b"w"})
    real = os.open

    def swapping(path, *args, **kwargs):
        if str(path).endswith(NET):
            Path(path).unlink()
            swap(Path(path), tmp_path / "secret")
        return real(path, *args, **kwargs)

    monkeypatch.setattr(os, "open", swapping)
    got = read_submission("ada", top, LAB, RELEASE)
    assert got.files == {} and said(got, NET)


def test_a_student_folder_that_is_a_link_is_listed_and_refused(tmp_path):
    place(tmp_path / "elsewhere", {NET: DONE, f"two_layer_net/{NET}": DONE})
    submitted = tmp_path / "submitted"
    (submitted / "bob").mkdir(parents=True)
    (submitted / "eve").symlink_to(tmp_path / "elsewhere")
    (submitted / "bob" / LAB.name).symlink_to(tmp_path / "elsewhere")
    found = find_submissions(submitted, LAB)
    assert [student for student, _ in found] == ["bob", "eve"]
    for student, path in found:
        with pytest.raises(Unreadable, match="links are not followed"):
            read_submission(student, path, LAB, RELEASE)


def test_pipes_sockets_and_folders_in_place_of_files(tmp_path):
    top = place(tmp_path / "a", {NET: DONE, f"{BOOK}/inside.txt": b"", "best_net.npz/x": b""})
    os.mkfifo(top / "neural_net.py")
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(top / "pipe.ipynb"))
        got = read_submission("a", top, LAB, RELEASE)
    assert got.files == {NET: DONE}
    assert len([r for r in got.repairs if "neither a file nor a folder" in r]) == 2


def test_a_file_where_a_folder_should_be(tmp_path):
    place(tmp_path, {"ada/two_layer_net": b"x", "ada/neural_net.py": DONE, "bob/cattern": b"x"})
    found = dict(find_submissions(tmp_path, LAB))
    assert read_submission("ada", found["ada"], LAB, RELEASE).files == {NET: DONE}
    with pytest.raises(Unreadable, match="nothing to grade from 'bob'"):
        read_submission("bob", found["bob"], LAB, RELEASE)


def test_files_and_folders_that_cannot_be_read_are_named_without_the_machines_paths(tmp_path, monkeypatch):
    top = place(tmp_path / "ada", {NET: DONE, "locked.py": b"", "shut/neural_net.py": b""})
    real_open, real_scandir = os.open, os.scandir

    def refuse(real):
        def call(path, *args, **kwargs):
            if str(path).endswith(("locked.py", "shut")):
                raise PermissionError(13, "Permission denied", str(path))
            return real(path, *args, **kwargs)

        return call

    monkeypatch.setattr(os, "open", refuse(real_open))
    monkeypatch.setattr(os, "scandir", refuse(real_scandir))
    got = read_submission("ada", top, LAB, RELEASE)
    assert got.files == {NET: DONE}
    assert said(got, "cannot read 'locked.py'", "Permission denied")
    assert said(got, "cannot read the folder 'shut/'")
    assert not said(got, str(tmp_path))


def test_system_and_tool_files_are_left_out(read):
    junk = {
        f"__MACOSX/._{BOOK}": b"x",
        "._neural_net.py": b"x",
        ".DS_Store": b"x",
        f".ipynb_checkpoints/{BOOK}": dump(book(cell("old", "T1-answer"))),
        "cattern/__pycache__/x.py": b"x",
        "venv/lib/neural_net.py": b"x",
        ".git/neural_net.py": b"x",
    }
    for files in ({NET: DONE} | junk, {"a.zip": zipped({NET: DONE} | junk)}):
        got = read(files)
        assert (got.files, got.notebook) == ({NET: DONE}, None)
        assert said(got, "operating system's own files")


# A class of submissions


def test_students_are_found_in_every_layout(tmp_path):
    place(
        tmp_path,
        {
            f"s2/two_layer_net/{NET}": DONE,
            "s1/neural_net.py": DONE,
            "Zoë O'Neil \n\u202e/neural_net.py": DONE,
            "s3.zip": zipped({NET: DONE}),
            "s1.zip": zipped({NET: DONE}),
            "s5.7z": b"7z",
            ".hidden/neural_net.py": DONE,
            "__MACOSX/x": b"",
            "notes.txt": b"",
        },
    )
    (tmp_path / "s4").mkdir()
    os.mkfifo(tmp_path / "pipe")
    found = find_submissions(tmp_path, LAB)
    names = [".hidden", "Zoë O'Neil \n\u202e", "s1", "s2", "s3", "s4", "s5"]
    assert [student for student, _ in found] == names
    assert dict(found)["s2"] == tmp_path / "s2" / "two_layer_net"
    for student, path in found[:-2]:
        assert read_submission(student, path, LAB, RELEASE).files[NET] == DONE
    with pytest.raises(Unreadable, match="there is no such file"):
        read_submission("s4", tmp_path / "s4", LAB, RELEASE)
    with pytest.raises(Unreadable, match="as a zip or tar archive"):
        read_submission("s5", tmp_path / "s5.7z", LAB, RELEASE)
    taken = take_in(tmp_path, LAB)
    assert list(taken.unmatched) == ["notes.txt", "pipe"] and list(taken.replaced) == ["s1.zip"]


def test_a_student_who_handed_in_another_lab_only_is_not_a_submission(tmp_path, monkeypatch):
    monkeypatch.setattr("autograder.submission.intake.lab_names", lambda: ["nn_library", "two_layer_net"])
    place(
        tmp_path,
        {f"ada/nn_library/{NET}": DONE, f"bob/nn_library/{NET}": DONE, f"bob/two_layer_net/{NET}": DONE},
    )
    assert [student for student, _ in find_submissions(tmp_path, LAB)] == ["bob"]
    assert take_in(tmp_path, LAB).absent == {"ada": "handed in nn_library, and nothing for two_layer_net"}


def test_a_missing_class_is_an_error_the_user_can_mend(tmp_path):
    (tmp_path / "file").write_bytes(b"")
    for path in (tmp_path / "nowhere", tmp_path / "file"):
        with pytest.raises(CatternError, match="one folder per student"):
            find_submissions(path, LAB)
    with pytest.raises(Unreadable):
        read_submission("ada", tmp_path / "nowhere", LAB, RELEASE)


# Whatever it is


def test_nothing_that_was_handed_in_is_executed(read, tmp_path):
    mark = tmp_path / "mark"
    code = f"open({str(mark)!r}, 'w')\n".encode()
    read({NET: code + b"if x:\n\ta\n        b\n", "conftest.py": code, "sitecustomize.py": code,
          BOOK: dump(book(cell(code.decode(), "T1-answer"), cell("%%bash\ntouch " + str(mark))))})  # fmt: skip
    assert not mark.exists()


def test_the_order_of_folders_does_not_matter_and_nothing_is_left_behind(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "temp"))
    (tmp_path / "temp").mkdir()
    names = [
        "a/neural_net.py",
        "b/neural_net.py",
        "c.ipynb",
        "d.ipynb",
        "e.zip",
        "f.zip",
        "g/best_net.npz",
        "h/best_net.npz",
    ]
    contents = {
        name: zipped({"neural_net (1).py": DONE + name.encode()})
        if name.endswith("zip")
        else dump(SOLVED) + b" " * (name[0] == "d")
        if name.endswith("ipynb")
        else name.encode()
        for name in names
    }
    seen = []
    for seed in range(4):
        random.Random(seed).shuffle(names)
        top = place(tmp_path / str(seed) / "ada", {name: contents[name] for name in names})
        before = sorted(top.rglob("*"))
        with monkeypatch.context() as patch:
            patch.setattr(os, "scandir", scandir_in_order(seed))
            got = read_submission("ada", top, LAB, RELEASE)
        assert sorted(top.rglob("*")) == before
        seen.append((got.files, got.cells, got.notebook, got.data, got.repairs))
    assert all(each == seen[0] for each in seen)
    assert list((tmp_path / "temp").iterdir()) == []


def scandir_in_order(seed):
    """Return os.scandir with the entries in an order drawn from `seed`."""
    real = os.scandir

    @contextlib.contextmanager
    def scandir(path):
        with real(path) as entries:
            listed = list(entries)
        random.Random(seed).shuffle(listed)
        yield iter(listed)

    return scandir


FILES = st.sampled_from(
    [BOOK, "a.ipynb", NET, "neural_net.py", "a.zip", "b.tar.gz", "best_net.npz", "x/h.py"]
)
BYTES = st.one_of(
    st.binary(max_size=400),
    st.sampled_from(
        [dump(SOLVED), DONE, zipped({NET: DONE, BOOK: dump(SOLVED)}), tarred({NET: DONE})]
    ).flatmap(
        lambda data: st.builds(
            lambda at, new, cut: (data[:at] + new + data[at + len(new) :])[:cut],
            st.integers(0, len(data)),
            st.binary(max_size=8),
            st.integers(len(data) // 2, len(data) + 8),
        )
    ),
)


@settings(max_examples=150, deadline=None)
@given(st.dictionaries(FILES, BYTES, max_size=4))
def test_any_bytes_are_read_or_unreadable_and_always_the_same(files):
    with tempfile.TemporaryDirectory() as folder:
        top = place(Path(folder) / "ada", files)
        top.mkdir(exist_ok=True)
        results = []
        for _ in range(2):
            try:
                results.append(read_submission("ada", top, LAB, RELEASE))
            except Unreadable as error:
                results.append(str(error))
        assert results[0] == results[1]
        if not isinstance(results[0], str):
            valid(results[0].notebook)
            assert all(repair.isprintable() for repair in results[0].repairs)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
OUTPUT = st.fixed_dictionaries(
    {"output_type": st.sampled_from(["stream", "display_data", "execute_result", "error", "pyout"]) | JSON},
    optional=dict.fromkeys(
        ("name", "text", "data", "metadata", "ename", "evalue", "traceback", "execution_count"), JSON
    ),
)
TAG = st.fixed_dictionaries(
    {"grade_id": st.sampled_from(["T1-answer", "T1-test", "T4", "mine", "", "a b"]) | JSON},
    optional=dict.fromkeys(
        ("grade", "solution", "locked", "task", "points", "schema_version", "checksum"), JSON
    ),
)
CELL = JSON | st.fixed_dictionaries(
    {},
    optional={
        "cell_type": st.sampled_from(["code", "markdown", "raw", "heading", "html"]) | JSON,
        "id": st.sampled_from(["intro", "id-T4", "x"]) | JSON,
        "source": st.sampled_from([Z, STUB_T1, "", "z = (", "\ud800"]) | JSON,
        "input": JSON,
        "level": JSON,
        "metadata": st.fixed_dictionaries({}, optional={"nbgrader": TAG | JSON, "tags": JSON}) | JSON,
        "outputs": st.lists(OUTPUT | JSON, max_size=3) | JSON,
        "attachments": JSON,
        "execution_count": JSON,
    },
)


def valid(notebook):
    """Assert that nbformat and nbgrader accept a notebook, and that it can be written."""
    import nbformat
    from nbgrader.nbgraderformat.v3 import MetadataValidatorV3

    if notebook is not None:
        node = nbformat.from_dict(notebook)
        nbformat.validate(node)
        MetadataValidatorV3().validate_nb(node)
        json.dumps(notebook).encode()
        assert "\ud800" not in json.dumps(notebook, ensure_ascii=False)


@settings(max_examples=200, deadline=None)
@given(st.lists(CELL, min_size=1, max_size=5), st.booleans())
def test_any_cells_become_a_notebook_that_nbgrader_accepts(cells, with_release):
    raw = read_json(json.dumps({"cells": cells, "nbformat": 4}).encode())[0]
    release = json.loads(RELEASE[BOOK]) if with_release else None
    notebook, answers, done = tidy(raw, release)
    valid(notebook)
    assert all(what.isprintable() for what in done)
    names = [c["metadata"]["nbgrader"]["grade_id"] for c in notebook["cells"] if "nbgrader" in c["metadata"]]
    assert len(names) == len(set(names)) and set(answers) <= set(names)
    assert not with_release or {"T1-answer", "T1-test", "T4"} <= set(names)
    assert tidy(copy.deepcopy(raw), release) == (notebook, answers, done)


@given(st.text(max_size=200))
def test_names_are_shown_safely(text):
    assert shown(text).isprintable()
    assert len(shown(text)) <= 82 * 10
