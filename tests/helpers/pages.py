"""A page in a real Chromium: does it fit, and what does axe-core find?"""

import os
from pathlib import Path

import pytest
from browsing import CHROMIUM, chromium

PICTURES = os.environ.get("CATTERN_PICTURES")  # a folder for screenshots, to look at


def violations(file: Path, width: int, scheme: str) -> tuple[bool, list[str]]:
    """Return whether a page is wider than the screen, and axe-core's violations in words."""
    if CHROMIUM is None:
        pytest.skip("needs Chromium: install your system's package")
    from axe_playwright_python.sync_playwright import Axe

    with chromium() as browser:
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
    return wide, [f"{v['id']}: {v['nodes'][0]['html'][:200]}" for v in found]
