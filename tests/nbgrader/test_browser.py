"""A student's way through the lab in a real JupyterLab in a real Chromium: open, run, break, mend."""

import shutil
import subprocess
import sys

import nbformat
import pytest
from browsing import CHROMIUM, chromium
from courses import course_of
from jupyterlab_pages import open_notebook, picture, run_cell, run_first_cells, server
from lab_styles.two_layer_net import SOLUTION
from notebook_fixtures import instructor_notebook, nbgrader, write_course
from payloads import HONEST, PAYLOADS

from autograder import bundle
from autograder.release import released_files

pytestmark = pytest.mark.browser
LAB = "two_layer_net"


@pytest.fixture(scope="module")
def student_folder(tmp_path_factory):
    """A student's folder with the solution in it, and cells as released."""
    folder = tmp_path_factory.mktemp("student")
    bundle.write_files(folder, {**bundle.handed_out(course_of(LAB)), **released_files(course_of(LAB))})
    (folder / "cattern" / "neural_net.py").write_text(SOLUTION, encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def jupyter(student_folder, tmp_path_factory):
    """JupyterLab in that folder; yields the address of the notebook."""
    quick = {"CATTERN_QUICK": "1", "CATTERN_OFFLINE": "1", "PYTHONPATH": str(student_folder)}
    with server(student_folder, tmp_path_factory.mktemp("home"), **quick) as (address, token):
        yield f"{address}/lab/tree/{LAB}.ipynb{token}"


@pytest.fixture(scope="module")
def browser():
    """One Chromium for all tests."""
    if CHROMIUM is None:
        pytest.skip("needs Chromium: install your system's package")
    with chromium() as browser:
        yield browser


@pytest.fixture(scope="module")
def page(jupyter, browser):
    """The notebook, open in Chromium."""
    return open_notebook(browser, jupyter)


def test_a_student_runs_the_first_cells_and_the_checks_answer(page, student_folder):
    page.locator(".jp-MarkdownOutput h1", has_text="A two-layer network, from scratch").first.wait_for(
        timeout=60_000
    )
    picture(page, "top")
    run_first_cells(page)
    assert "3.68e-08" in run_cell(page, "correct_scores = np.array", "difference from the correct scores")
    assert "✓ TODO#1" in run_cell(page, 'check("TODO#1")', "TODO#1")
    run_cell(page, "TODO#1 proves", "TODO#1")
    picture(page, "notebook")


def test_a_mistake_is_explained_in_the_notebook_and_gone_after_a_save(page, student_folder):
    file = student_folder / "cattern" / "neural_net.py"
    file.write_text(SOLUTION.replace("0.5 * reg", "reg"), encoding="utf-8")
    said = run_cell(page, 'check("TODO#2")', "TODO#2")
    assert "partly right, 8 of 12 points" in said and "twice as large" in " ".join(said.split())
    picture(page, "mistake")
    file.write_text(SOLUTION, encoding="utf-8")
    run_cell(page, 'check("TODO#2")', "✓ TODO#2")


def test_a_feedback_page_shows_why_a_point_was_lost(browser, demo):
    """The page of the demo's `dora`: her TODO#2, what it gave, and the mistake that gives it."""
    out, _ = demo
    html = out / "feedback" / "dora" / LAB / f"{LAB}.html"
    page = browser.new_page(viewport={"width": 1100, "height": 900})
    page.goto(html.as_uri())
    said = page.get_by_text("The L2 term is twice as large").first
    said.scroll_into_view_if_needed()
    assert said.is_visible()
    assert page.get_by_text("partly right, 8 of 12").first.is_visible()
    page.evaluate("window.scrollBy(0, 250)")
    picture(page, "feedback")


@pytest.fixture(scope="module")
def formgrader(tmp_path_factory):
    """A course that a server shows; in it dora, whose notebook holds every payload. Yields its folder and an address."""
    course = write_course(tmp_path_factory.mktemp("course"), instructor_notebook())
    nbgrader(course, "generate_assignment", LAB)
    handed_in = course / "submitted" / "dora" / LAB
    shutil.copytree(course / "release" / LAB, handed_in)
    text = SOLUTION.replace("0.5 * reg", "reg")
    (handed_in / "cattern" / "neural_net.py").write_text(text, encoding="utf-8")
    notebook = nbformat.read(handed_in / f"{LAB}.ipynb", as_version=4)
    answer = next(c for c in notebook.cells if c.metadata.get("nbgrader", {}).get("grade_id") == "t4")
    answer.source = HONEST["maths"] + "\n\n" + PAYLOADS["img-onerror"]
    notebook.cells += [nbformat.v4.new_markdown_cell(text) for text in PAYLOADS.values()]
    nbformat.write(notebook, handed_in / f"{LAB}.ipynb")
    (handed_in / "evil.html").write_text(PAYLOADS["script"], encoding="utf-8")
    with server(course, tmp_path_factory.mktemp("home")) as (address, token):
        yield course, address, token


@pytest.fixture(scope="module")
def watched(browser):
    """A page that counts the scripts of its content that ran, and what its policy refused."""
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    page.add_init_script("window.hits = 0; window.hit = () => { window.hits++; }")
    page.refused = []
    page.on("console", lambda m: page.refused.append(m.text) if "Content Security" in m.text else None)
    return page


def touch(page) -> int:
    """Go near everything in the cells, and return how often a script of theirs ran."""
    page.evaluate(
        """() => { document.addEventListener('click', e => e.target.closest('a[href^=http]') && e.preventDefault());
           document.querySelectorAll('.rendered_html *').forEach(e => ['mouseover', 'pointerover', 'focus', 'click']
             .forEach(name => name === 'click' ? e.click && e.click() : e.dispatchEvent(new Event(name, {bubbles: true})))) }"""
    )
    page.wait_for_timeout(300)
    return page.evaluate("window.hits")


def test_formgraders_button_grades_with_the_oracle(watched, formgrader):
    """An instructor presses "autograde" in nbgrader's own page, and reads the oracle's words there."""
    from nbgrader.api import Gradebook

    (course, address, token), page = formgrader, watched
    page.goto(f"{address}/lab{token}")  # where one logs in
    page.route("**/*", lambda r: r.continue_() if r.request.url.startswith(address) else r.abort())
    page.goto(f"{address}/formgrader/manage_submissions/{LAB}")
    page.locator("tr", has_text="dora").locator(".autograde a").click()
    page.get_by_text("Success").first.wait_for(timeout=240_000)
    picture(page, "formgrader")
    with Gradebook(f"sqlite:///{course / 'gradebook.db'}") as book:
        submission = book.find_submission_notebook(LAB, LAB, "dora")
        name, points = submission.id, {g.name: g.auto_score for g in submission.grades}
    assert (points["todo1"], points["todo2"]) == (10, 8)
    page.goto(f"{address}/formgrader/submissions/{name}")
    said = page.get_by_text("The L2 term is twice as large").first
    said.scroll_into_view_if_needed()
    picture(page, "formgrader-submission")
    assert said.is_visible()


def test_no_script_of_a_student_runs_in_formgrader(watched, formgrader):
    """On the page that the test before opened: its own scripts work, and none of the payloads."""
    page = watched
    page.wait_for_function("document.getElementById('todo2').placeholder == '8'", timeout=20_000)
    page.locator("span.name-hidden.glyphicon").first.click()
    assert page.get_by_text("dora").first.is_visible()
    assert touch(page) == 0
    policy = page.locator("meta[http-equiv=Content-Security-Policy]").get_attribute("content")
    assert "default-src 'none'" in policy
    page.evaluate(
        "document.querySelector('.rendered_html').insertAdjacentHTML('beforeend', '<img src=x onerror=hit()>')"
    )
    page.wait_for_timeout(200)
    assert page.evaluate("window.hits") == 0, "were it not clean, the policy would still hold"
    own = [text for text in page.refused if "cloudflare" not in text and "onerror" not in text]
    assert len(own) <= 1, own
    evil = page.request.get(page.url.partition("#")[0] + "evil.html")
    assert evil.status == 404, "a page that was handed in is not served"


def test_a_person_marks_by_hand_and_the_students_page_has_points_and_comment(browser, watched, formgrader):
    """On the page of the tests before: T4's answer, the student's file below, and the marks where they belong."""
    (course, *_), page = formgrader, watched
    assert page.get_by_text("cattern/neural_net.py, as it was handed in").first.is_visible()
    write(page, "#t4", "3.5", "grade")
    write(page, "#t4-comment", "Why is the sum one?", "comment")
    picture(page, "formgrader-by-hand")
    for words in (
        ("grade", LAB, "submitted", "--out", "grades"),
        ("feedback", LAB, "submitted", "--out", "pages"),
    ):
        command = [sys.executable, "-m", "cattern", *words, "--course", "."]
        done = subprocess.run(command, cwd=course, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
    html = course / "pages" / "dora" / LAB / f"{LAB}.html"
    own = browser.new_page()
    own.goto(html.as_uri())
    assert own.get_by_text("marked by hand, 3.5 of 5").first.is_visible()
    assert own.get_by_text("Why is the sum one?").first.is_visible()
    assert own.locator("math").count() and own.evaluate("window.hits || 0") == 0
    picture(own, "feedback-by-hand")
    own.close()


def write(page, box: str, text: str, kind: str) -> None:
    """Write into a box of formgrader's page and leave it; that saves it."""
    page.locator(box).fill(text)
    with page.expect_response(
        lambda r: f"/formgrader/api/{kind}/" in r.url and r.request.method == "PUT"
    ) as saved:
        page.locator(box).press("Tab")
    assert saved.value.ok


def test_no_script_of_a_student_runs_in_nbgraders_feedback(watched, formgrader):
    course, page = formgrader[0], watched
    nbgrader(course, "generate_feedback", LAB)
    html = course / "feedback" / "dora" / LAB / f"{LAB}.html"
    page.unroute("**/*")
    page.route("**/*", lambda r: r.continue_() if r.request.url.startswith("file:") else r.abort())
    page.goto(html.as_uri())
    assert page.get_by_text("The L2 term is twice as large").first.is_visible()
    assert touch(page) == 0
    assert page.locator("meta[http-equiv=Content-Security-Policy]").count() == 1
