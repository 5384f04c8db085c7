"""A lab's release, and the command line around it."""

import json
import os
import subprocess
import sys
import zipfile

import nbformat
import pytest
from courses import course_of
from notebook_fixtures import LAB, ROOT, TEST_SCORES, small_notebook, write_course
from sampling import a_quarter

from autograder import bundle
from autograder.release import release as make
from cattern.checking.lab import load_lab
from cattern.errors import CatternError


def release(folder, out, force=False):
    return make(course_of(LAB, folder), out, force)


def tree(folder):
    """Return everything under a folder, with its bytes and its permissions."""
    everything = sorted(folder.rglob("*"))
    return {
        p.relative_to(folder).as_posix(): (p.read_bytes() if p.is_file() else None, p.stat().st_mode)
        for p in everything
    }


def cattern(*arguments, **options):
    command = [sys.executable, "-m", "cattern", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False, **options)


@pytest.fixture(scope="module")
def course(tmp_path_factory):
    return write_course(tmp_path_factory.mktemp("course"))


@pytest.fixture(scope="module")
def made(course, tmp_path_factory):
    return release(course, tmp_path_factory.mktemp("out"))


def test_a_release_is_a_folder_and_a_zip_of_it(made):
    assert made.folder.name == LAB
    with zipfile.ZipFile(made.archive) as archive:
        assert {n: archive.read(f"{LAB}/{n}") for n in bundle.read_folder(made.folder)} == bundle.read_folder(
            made.folder
        )
        assert len(archive.namelist()) == made.files
    assert [p.name for p in made.folder.parent.iterdir() if p.name.startswith(".")] == []


def test_a_bundle_holds_what_a_student_needs_and_nothing_of_the_instructor(made):
    names = set(bundle.read_folder(made.folder))
    assert {f"{LAB}.ipynb", "README.md", "environment.yml", "constraints.txt", "requirements.txt"} <= names
    assert {
        "cattern/neural_net.py",
        "cattern/cli.py",
        "cattern/__main__.py",
        "mnist_data/load_mnist.py",
    } <= names
    assert not [n for n in names if n.startswith("autograder") or n.endswith(".pyc")]


def test_the_students_environment_leaves_out_what_only_graders_need(made):
    ours, theirs = (ROOT / "environment.yml").read_text(), (made.folder / "environment.yml").read_text()
    for package in ("- bubblewrap", "- nbgrader", "- pytest"):
        assert package in ours
        assert package not in theirs
    assert theirs == "".join(line for line in ours.splitlines(keepends=True) if line in theirs)
    assert "- jupyterlab\n" in theirs
    assert (made.folder / "requirements.txt").read_text().splitlines()[:2] == [
        "--constraint constraints.txt",
        "ipykernel",
    ]


def test_a_lab_asks_for_the_packages_that_its_notebook_imports():
    for lab, wanted in {
        "two_layer_net": {"pandas", "scikit-learn"},
        "sigmoid_net": {"scikit-learn"},
        "patch_embedding": set(),
    }.items():
        needed = bundle.package_files(course_of(lab))["requirements.txt"].decode().split()
        assert {"pandas", "scikit-learn"} & {*needed} == wanted, lab


def test_what_a_notebook_writes_beside_itself_is_no_extra_for_students(tmp_path):
    for name in ("digits.csv", "trials.csv", "best_net.npz"):
        (tmp_path / name).touch()
    assert bundle.extra_files(tmp_path) == ["digits.csv"]
    assert bundle.kept_back(tmp_path) == ["best_net.npz", "trials.csv"]


def test_the_readme_speaks_of_this_lab(made):
    text = (made.folder / "README.md").read_text()
    assert load_lab(LAB).title in text
    assert "`cattern/neural_net.py`" in text
    assert "$" not in text


def test_solutions_outputs_and_hidden_tests_are_gone_and_stubs_named(made):
    notebook = nbformat.read(made.folder / f"{LAB}.ipynb", as_version=4)
    nbformat.validate(notebook)
    sources = {c.metadata.get("nbgrader", {}).get("grade_id"): c.source for c in notebook.cells}
    assert sources["todo8-answer"].endswith(
        'best_net = None\nraise NotImplementedError("TODO#8: keep the best model in `best_net`")'
    )
    assert (
        sources["t1-answer"] == '# T1: the value of `z`.\nraise NotImplementedError("T1: the value of `z`")'
    )
    assert sources["t4"] == "YOUR ANSWER HERE"
    assert "fresh_inputs" not in sources["todo1"]
    assert "assert net.loss(X).shape" in sources["todo1"]


@pytest.mark.parametrize("anew", [False, pytest.param(True, marks=pytest.mark.slow)])
def test_the_same_input_gives_the_same_bytes(made, tmp_path, monkeypatch, anew):
    if anew:  # the numbers of the fingerprints, too
        monkeypatch.setenv("CATTERN_CACHE", "")
    # The same course, elsewhere, with traces of another machine and of a run in the notebook.
    notebook = small_notebook()
    notebook.metadata.kernelspec.display_name = "My environment"
    notebook.metadata["language_info"] = {"name": "python", "version": "3.11.99"}
    notebook.cells[1].outputs = [nbformat.v4.new_output("stream", text="1")]
    notebook.cells[1].execution_count = 7
    notebook.cells[1].metadata["execution"] = {"iopub.status.busy": "2027-01-01T00:00:00Z"}
    old_mask = os.umask(0o077)
    try:
        again = release(write_course(tmp_path / "elsewhere", notebook), tmp_path / "new" / "out")
    finally:
        os.umask(old_mask)
    assert tree(again.folder) == tree(made.folder)
    assert again.archive.read_bytes() == made.archive.read_bytes()


def test_a_course_may_keep_its_notebooks_in_source(made, tmp_path):
    course = write_course(tmp_path / "course")
    (course / "notebooks").rename(course / "source")
    assert tree(release(course, tmp_path / "out").folder) == tree(made.folder)


def test_the_manifest_tells_the_truth(made):
    files = bundle.read_folder(made.folder)
    assert files.pop(bundle.MANIFEST) == bundle.manifest(files)


def test_what_lies_beside_the_notebook_goes_along_only_when_it_is_meant_to(tmp_path):
    course = write_course(tmp_path / "course")
    home = course / "notebooks" / LAB
    (home / "images").mkdir()
    (home / "images" / "net.png").write_bytes(b"\x89PNG")
    (home / "best_net.npz").write_bytes(b"trained weights")
    (home / ".ipynb_checkpoints").mkdir()
    (home / ".ipynb_checkpoints" / "x.png").write_bytes(b"old")
    names = set(bundle.read_folder(release(course, tmp_path / "out").folder))
    assert "images/net.png" in names
    assert not [n for n in names if "npz" in n or "checkpoints" in n]


# Each way to spoil the sources, and what the error must say.
def spoil_line(course, old, new):
    path = course / "cattern" / "neural_net.py"
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))


def spoil_cell(course, grade_id, edit):
    path = course_of(LAB, course).notebook
    notebook = nbformat.read(path, as_version=4)
    for cell in notebook.cells:
        if cell.metadata.get("nbgrader", {}).get("grade_id") == grade_id:
            cell.source = edit(cell.source)
    nbformat.write(notebook, path)


def drop_ids(course):
    path = course_of(LAB, course).notebook
    notebook = json.loads(path.read_text())
    notebook["nbformat_minor"] = 4
    for cell in notebook["cells"]:
        del cell["id"]
    path.write_text(json.dumps(notebook))


SPOILED = {
    "unclosed in .py": (
        lambda c: spoil_line(c, "        ### END SOLUTION\n", ""),
        ["cattern/neural_net.py, line ", "BEGIN SOLUTION inside the region"],
    ),
    "leak in another file": (
        lambda c: (c / "cattern" / "notes.py").write_text("hidden = np.maximum(0, pre_activation)\n"),
        ["cattern/notes.py: solution: hidden=np.maximum(0,pre_activation)"],
    ),
    "reversed in a cell": (
        lambda c: spoil_cell(c, "todo8-answer", lambda s: s + "\n### END SOLUTION"),
        [f"{LAB}.ipynb, cell todo8-answer, line 7", "END SOLUTION without a BEGIN"],
    ),
    "misspelled in a cell": (
        lambda c: spoil_cell(c, "t1-answer", lambda s: s.replace("### BEGIN", "## BEGIN")),
        [f"{LAB}.ipynb, cell t1-answer, line 2", "exactly `### BEGIN SOLUTION`"],
    ),
    "hidden tests not closed": (
        lambda c: spoil_cell(c, "todo1", lambda s: s.replace("### END HIDDEN TESTS", "")),
        [f"{LAB}.ipynb, cell todo1, line 3", "without an END"],
    ),
    "not a notebook": (lambda c: course_of(LAB, c).notebook.write_text("{"), ["two_layer_net"]),
    "no cell ids": (drop_ids, ["cells without an id"]),
    "a second notebook": (
        lambda c: (
            course_of(LAB, c)
            .notebook.with_name("z_old.ipynb")
            .write_bytes(course_of(LAB, c).notebook.read_bytes())
        ),
        ["z_old.ipynb is in the way"],
    ),
    "a file is missing": (lambda c: (c / "cattern" / "neural_net.py").unlink(), ["neural_net.py is missing"]),
}


@pytest.mark.parametrize("case", a_quarter(SPOILED))
def test_spoiled_sources_are_refused_and_leave_nothing(case, tmp_path):
    course = write_course(tmp_path / "course", packages=True)
    spoil, says = SPOILED[case]
    spoil(course)
    with pytest.raises(CatternError) as caught:
        release(course, tmp_path / "out")
    for words in says:
        assert words in str(caught.value)
    assert not (tmp_path / "out").exists()


def test_a_failed_release_leaves_the_earlier_one_alone(tmp_path):
    course = write_course(tmp_path / "course", packages=True)
    made = release(course, tmp_path / "out")
    before = tree(tmp_path / "out")
    (course / "cattern" / "notes.py").write_text("hidden = np.maximum(0, pre_activation)\n")
    with pytest.raises(CatternError, match="what they must not know"):
        release(course, tmp_path / "out")
    assert tree(tmp_path / "out") == before
    assert made.folder.is_dir()


def test_an_earlier_release_is_replaced_but_nothing_else(course, tmp_path):
    out = tmp_path / "out"
    made = release(course, out)
    (made.folder / "cattern" / "__pycache__").mkdir()
    (made.folder / "cattern" / "__pycache__" / "cli.pyc").write_bytes(b"x")
    assert "cattern/__pycache__/cli.pyc" not in bundle.read_folder(release(course, out).folder)

    work = made.folder / "cattern" / "neural_net.py"
    work.write_text("a student's evening\n")
    with pytest.raises(CatternError, match=r"neural_net\.py was changed"):
        release(course, out)
    assert work.read_text() == "a student's evening\n"
    release(course, out, force=True)
    assert "student's evening" not in work.read_text()

    (made.folder / "mine.txt").write_text("mine")
    with pytest.raises(CatternError, match=r"mine\.txt was changed"):
        release(course, out)


@pytest.mark.parametrize("foreign", ["folder", "file", "link", "zip", "manifest"])
def test_a_foreign_thing_in_the_way_is_not_destroyed(course, tmp_path, foreign):
    out = tmp_path / "out"
    out.mkdir()
    if foreign == "folder":
        (out / LAB).mkdir()
        (out / LAB / "thesis.txt").write_text("x")
    elif foreign == "file":
        (out / LAB).write_text("x")
    elif foreign == "link":
        (out / LAB).symlink_to(ROOT)
    elif foreign == "zip":
        (out / f"{LAB}.zip").write_bytes(b"x")
    else:
        (out / LAB).mkdir()
        (out / LAB / bundle.MANIFEST).write_text("[]")
    with pytest.raises(CatternError, match="--force"):
        release(course, out)
    assert release(course, out, force=True).folder.is_dir()
    assert ROOT.is_dir()


def test_the_command_releases(course, tmp_path):
    ran = cattern("release", LAB, "--course", course, "--out", tmp_path / "out")
    assert (ran.returncode, ran.stderr) == (0, "")
    assert (tmp_path / "out" / f"{LAB}.zip").is_file()
    assert str(tmp_path / "out" / LAB) in ran.stdout


def test_a_leak_is_exit_1_and_one_message(tmp_path):
    course = write_course(tmp_path / "course", packages=True)
    (course / "cattern" / "notes.py").write_text("hidden = np.maximum(0, pre_activation)\n")
    ran = cattern("release", LAB, "--course", course, "--out", tmp_path / "out")
    assert ran.returncode == 1
    assert ran.stderr.startswith(f"cattern: {LAB} is not released")
    assert "Traceback" not in ran.stderr
    assert not (tmp_path / "out").exists()


def test_an_unknown_lab_is_exit_2_and_lists_the_labs(tmp_path):
    ran = cattern("release", "three_layer_net", "--out", tmp_path / "out")
    assert ran.returncode == 2
    assert LAB in ran.stderr
    assert len(ran.stderr.splitlines()) == 1
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("arguments", [("nonsense",), ("release",), ("release", "--colour", LAB)])
def test_usage_errors_are_exit_2(arguments):
    assert cattern(*arguments).returncode == 2


def test_help_shows_the_commands_and_their_examples():
    assert {"data", "release"} <= set(cattern("--help").stdout.split())
    for command in ("data", "release"):
        assert f"cattern {command}" in cattern(command, "--help").stdout.split("Examples:")[1]


def test_the_command_line_starts_without_heavy_imports():
    code = "import sys, cattern.cli, autograder.cli; print(*sys.modules)"
    loaded = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout.split()
    assert not {"numpy", "pandas", "nbgrader", "nbformat", "torch", "matplotlib", "traitlets"} & set(loaded)


def test_a_students_bundle_works_without_the_instructors_package(made):
    # -ES leaves out what is installed, and with it `autograder`; the libraries come back by path.
    libraries = [p for p in sys.path if p.endswith("site-packages")]
    code = f"import sys; sys.path += {libraries!r}; sys.argv = ['cattern', '--help']; from cattern.cli import main; main()"
    ran = subprocess.run(
        [sys.executable, "-ES", "-c", code], cwd=made.folder, capture_output=True, text=True, check=False
    )
    assert ran.returncode == 0, ran.stderr
    assert "data" in ran.stdout
    assert "release" not in ran.stdout


def test_hidden_tests_outside_a_test_cell_are_refused(tmp_path):
    notebook = small_notebook()
    notebook.cells.append(nbformat.v4.new_code_cell(TEST_SCORES, id="stray"))
    with pytest.raises(CatternError, match=r"cell \d+: hidden tests in a cell that earns nothing"):
        release(write_course(tmp_path / "course", notebook), tmp_path / "out")
