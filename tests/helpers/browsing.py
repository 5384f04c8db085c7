"""One Chromium for tests that look at pages."""

import shutil
from collections.abc import Iterable
from contextlib import contextmanager

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
EVENTS = "mouseover pointerover focus click animationstart toggle"


@contextmanager
def chromium():
    """Give a browser."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as p:
        browser = p.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        browser.close()


def page_of(bodies: Iterable[str]) -> str:
    """Return a page that counts the scripts of its content that run, and has no policy against them."""
    head = "<script>window.hits=0; function hit() { window.hits++; }</script>"
    return (
        f"<!doctype html><meta charset=utf-8>{head}<body>{''.join(f'<section>{b}</section>' for b in bodies)}"
    )


def hits(page, html: str) -> int:
    """Open a page, touch everything on it, and return how often a script of its content ran."""
    page.set_content(html, wait_until="load")
    page.evaluate(
        """events => { document.addEventListener('click', e => e.target.closest('a[href^=http]') && e.preventDefault());
           document.querySelectorAll('section *').forEach(e => events.forEach(name => {
             try { name === 'click' && e.tagName === 'A' ? e.click() : e.dispatchEvent(new Event(name, {bubbles: true})) }
             catch (error) {} })) }""",
        EVENTS.split(),
    )
    page.wait_for_timeout(200)
    return page.evaluate("window.hits === undefined ? 99 : window.hits")
