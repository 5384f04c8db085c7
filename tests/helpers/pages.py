"""A page in a real Chromium: does it fit, and what does axe-core find?"""

import os
import shutil
from pathlib import Path

import pytest

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
PICTURES = os.environ.get("CATTERN_PICTURES")  # a folder for screenshots, to look at


def violations(file: Path, width: int, scheme: str) -> tuple[bool, list[str]]:
    """Return whether a page is wider than the screen, and axe-core's violations in words."""
    if CHROMIUM is None:
        pytest.skip("needs Chromium: install your system's package")
    from axe_playwright_python.sync_playwright import Axe
    from playwright.sync_api import sync_playwright

    with sync_playwright() as p:
        browser = p.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        # axe is a script, and these pages allow none: only for the test
        context = browser.new_context(
            viewport={"width": width, "height": 900}, color_scheme=scheme, bypass_csp=True
        )
        page = context.new_page()
        page.goto(file.as_uri())
        wide = page.evaluate("document.documentElement.scrollWidth") > width
        found = Axe().run(page).response["violations"]
        if PICTURES:
            page.screenshot(path=str(Path(PICTURES) / f"{file.stem}-{width}-{scheme}.png"), full_page=True)
        browser.close()
    return wide, [f"{v['id']}: {v['nodes'][0]['html'][:200]}" for v in found]
