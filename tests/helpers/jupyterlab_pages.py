"""JupyterLab in Chromium: a server in a folder, and what a person does on its pages."""

import os
import re
import secrets
import socket
import subprocess
import sys
import time
import urllib.request
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PICTURES = Path(os.environ.get("CATTERN_PICTURES") or ROOT / "build" / "pictures")  # screenshots, to look at


@contextmanager
def server(folder, home, **environment):
    """JupyterLab in a folder; yields the part of its addresses before the path, and the part behind it."""
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        port = s.getsockname()[1]
    token = secrets.token_hex(8)
    environment = {**os.environ, "HOME": str(home), "JUPYTER_CONFIG_DIR": str(home / "config"), **environment}
    command = [sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root", f"--port={port}"]
    command += [f"--IdentityProvider.token={token}", "--ServerApp.root_dir", str(folder)]
    command += ["--LabApp.news_url=", "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate"]
    log = (home / "log").open("w")
    process = subprocess.Popen(command, cwd=folder, env=environment, stdout=log, stderr=log)
    address = f"http://127.0.0.1:{port}"
    try:
        for _ in range(240):
            try:
                urllib.request.urlopen(f"{address}/api?token={token}", timeout=1).read()
                break
            except OSError:
                assert process.poll() is None, (home / "log").read_text()[-2000:]
                time.sleep(0.5)
        yield address, f"?token={token}"
    finally:
        process.terminate()
        process.wait(20)
        log.close()


def open_notebook(browser, address: str):
    """Return a page with a notebook open in JupyterLab, and its kernel ready: what is run earlier is not run at all."""
    page = browser.new_page(viewport={"width": 1280, "height": 1000})
    page.goto(address)
    page.wait_for_selector(".jp-Notebook .jp-Cell", timeout=120_000)
    page.get_by_role("button", name="No", exact=True).click()  # no Jupyter news
    page.wait_for_selector('.jp-Notebook-ExecutionIndicator[data-status="idle"]', timeout=120_000)
    return page


def run_first_cells(page) -> None:
    """Run the cells of lab 1 that come before its first TODO."""
    for text in ("from cattern import check", "def rel_error", "def own_random_stream", "def init_toy_model"):
        execute(page, text)


def run_cell(page, text: str, output: str) -> str:
    """Run the code cell that contains `text`; wait until its output contains `output`, and return the output."""
    area = execute(page, text).locator(".jp-OutputArea")
    area.get_by_text(output).first.wait_for(timeout=90_000)
    return area.inner_text()


def execute(page, text: str):
    """Run the code cell that contains `text`, and return it when it has run.

    A key that is pressed while JupyterLab draws its cells, or while it connects to the kernel, is lost without a word:
    the cell's number says whether it ran, and it is pressed again where none came.
    """
    before, pressed, end = None, 0.0, time.monotonic() + 180
    while time.monotonic() < end:
        cell = find_cell(page, text)
        number = cell.locator(".jp-InputPrompt").first.inner_text().strip()
        before = number if before is None else before
        if number != before and re.fullmatch(r"\[\d+\]:", number):
            return cell
        if number == before and time.monotonic() - pressed > 5:
            cell.locator(".jp-InputArea-editor").click()
            page.keyboard.press("Control+Enter")
            pressed = time.monotonic()
        page.wait_for_timeout(100)
    raise AssertionError(f"the cell with {text!r} did not run")


def find_cell(page, text: str):
    """Return the cell that contains `text`; the notebook draws cells only when they come into view."""
    cells = page.locator(".jp-Notebook .jp-CodeCell", has_text=text)
    if not cells.count():
        page.locator(".jp-Notebook .jp-Cell").first.scroll_into_view_if_needed()
    panel = page.locator(".jp-WindowedPanel-outer").first
    for _ in range(80):
        if cells.count():
            cells.first.scroll_into_view_if_needed()
            return cells.first
        panel.evaluate("e => e.scrollBy(0, 500)")
        page.wait_for_timeout(100)
    raise AssertionError(f"no cell with {text!r}")


def picture(page, name: str) -> None:
    """Keep a screenshot in `build/pictures`, or where CATTERN_PICTURES says."""
    PICTURES.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=str(PICTURES / f"{name}.png"))
