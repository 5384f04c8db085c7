"""Lab 1 as a student opens it: JupyterLab in a real Chromium, on the subset of the images; the file is edited in JupyterLab's own editor."""

import re

import nbformat
import pytest
from attempts import ATTEMPTS
from browsing import CHROMIUM, chromium
from courses import course_of
from jupyterlab_pages import find_cell, open_notebook, picture, run_cell, run_first_cells, server
from lab_styles.two_layer_net import SOLUTION

from autograder import bundle, notebook
from autograder.release import released_files

pytestmark = pytest.mark.browser
LAB = "two_layer_net"
MISTAKE, RIGHT = ATTEMPTS["TODO#1"][3], ATTEMPTS["TODO#1"][-1]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """What students get; in it the theory and the tuning are answered, and `cattern/neural_net.py` is as released."""
    top, course = tmp_path_factory.mktemp("student"), course_of(LAB)
    bundle.write_files(top, {**bundle.handed_out(course), **released_files(course)})
    path, answers = top / f"{LAB}.ipynb", notebook.solution_cells(course)
    cells = nbformat.read(path, as_version=4)
    for cell in cells.cells:
        cell.source = answers.get(cell.metadata.get("nbgrader", {}).get("grade_id"), cell.source)
    nbformat.write(cells, path)
    return top


@pytest.fixture(scope="module")
def page(folder, tmp_path_factory):
    """The notebook, open."""
    if CHROMIUM is None:
        pytest.skip("needs Chromium: install your system's package")
    quick = {"CATTERN_QUICK": "1", "CATTERN_OFFLINE": "1", "CATTERN_MNIST_DIR": "", "TQDM_DISABLE": ""}
    quick["PYTHONPATH"] = str(folder)
    with server(folder, tmp_path_factory.mktemp("home"), **quick) as (address, token), chromium() as browser:
        yield open_notebook(browser, f"{address}/lab/tree/{LAB}.ipynb{token}")


def test_the_first_todo_is_written_in_jupyterlabs_editor(page, folder):
    run_first_cells(page)
    said = run_cell(page, 'check("TODO#1")', "TODO#1")
    assert "not written yet" in said and "✓" not in said
    picture(page, "student-first-todo")
    edit(page, folder, 'NotImplementedError("TODO#1', MISTAKE[1])
    said = run_cell(page, 'check("TODO#1")', "There is no ReLU between the two layers")
    assert "wrong, 0 of 10 points" in said
    picture(page, "student-first-mistake")
    edit(page, folder, MISTAKE[1], RIGHT[1])
    run_cell(page, 'check("TODO#1")', "right, 10 of 10 points")
    picture(page, "student-first-right")


def edit(page, folder, old: str, code: str) -> None:
    """Put code in the place of the line that holds `old`, in JupyterLab's editor; save; go back to the notebook."""
    if not page.locator(".jp-FileEditor").count():
        page.locator(".jp-DirListing-item", has_text="cattern").first.dblclick()
        page.locator(".jp-DirListing-item", has_text="neural_net.py").first.dblclick()
        page.locator(".jp-FileEditor .cm-content").wait_for(timeout=60_000)
    else:
        page.locator(".lm-TabBar-tab", has_text="neural_net.py").first.click()
    line = page.locator(".jp-FileEditor .cm-line", has_text=old)
    page.locator(".jp-FileEditor").hover()
    for _ in range(40):  # the editor draws lines only when they come into view
        if line.count():
            break
        page.mouse.wheel(0, 300)
        page.wait_for_timeout(100)
    for _ in range(5):
        line.first.click(click_count=3)
        if old in page.evaluate("getSelection().toString()"):
            break
        page.wait_for_timeout(1000)  # the editor moved while it was clicked
    text = "".join(f"        {line}\n" for line in code.splitlines())
    page.keyboard.insert_text(text)
    picture(page, "student-editor")
    page.keyboard.press("Control+s")
    file = folder / "cattern" / "neural_net.py"
    for _ in range(100):
        if text in file.read_text(encoding="utf-8"):
            break
        page.wait_for_timeout(100)
    assert text in file.read_text(encoding="utf-8"), "it is not saved"
    page.locator(".lm-TabBar-tab", has_text=f"{LAB}.ipynb").first.click()


def test_the_whole_notebook_runs_on_the_subset(page, folder):
    (folder / "cattern" / "neural_net.py").write_text(SOLUTION, encoding="utf-8")
    page.locator(".lm-MenuBar-itemLabel", has_text="Run").click()
    page.locator(".lm-Menu-itemLabel", has_text=re.compile(r"^Run All Cells$")).click()
    find_cell(page, "best validation accuracy").locator(".jp-OutputArea").get_by_text(
        "best validation accuracy"
    ).first.wait_for(timeout=240_000)
    page.wait_for_function(
        "() => ![...document.querySelectorAll('.jp-InputPrompt')].some(e => e.textContent.includes('*'))",
        timeout=240_000,
    )
    assert not page.locator(".jp-OutputArea-output[data-mime-type='application/vnd.jupyter.stderr']").count()
    picture(page, "student-whole-notebook")


def test_nbgraders_button_validates_it(page):
    """All its visible tests pass. The button saves the notebook itself: to save twice at once makes JupyterLab ask which is right."""
    page.get_by_role("button", name="Validate").click()
    dialog = page.locator(".jp-Dialog")
    dialog.wait_for(timeout=300_000)
    assert "Success" in dialog.inner_text()
    picture(page, "student-validated")
