"""nbgrader's pages with a Content-Security-Policy: what lies in autograded/ is clean, and were it not, no script of it runs.

A script runs only with the page's nonce, which the scripts in the page's head get; nothing of a student's is in there.
"""

import base64
import hashlib
import re
import secrets
from pathlib import Path

from nbconvert.exporters import HTMLExporter

_MATHJAX = "https://cdnjs.cloudflare.com/ajax/libs/mathjax/2.7.7/"
# formgrader's own: the eye that shows a name, and the hints that belong to it.
_FORMGRADERS = (
    "toggle_name(true);",
    "toggle_name(false);",
    """
  $('span.glyphicon.name-hidden').tooltip({title: "Show student name", placement: "bottom", trigger: "hover"});
  $('span.glyphicon.name-shown').tooltip({title: "Hide student name", placement: "bottom", trigger: "hover"});
  """,
)


def guard_pages(c) -> None:
    """Let formgrader and `generate_feedback` write guarded pages: fill nbgrader's configuration object."""
    from nbgrader.server_extensions.formgrader.handlers import template_path

    c.HTMLExporter.template_name = "guarded"
    c.HTMLExporter.extra_template_basedirs = [str(Path(__file__).with_name("templates")), template_path]
    c.HTMLExporter.extra_template_paths = [template_path]
    c.HTMLExporter.filters = {"guard": "autograder.nbgrader_bridge.pages.guard"}
    c.HTMLExporter.sanitize_html = True
    c.GenerateFeedback.exporter_class = "autograder.nbgrader_bridge.pages.FeedbackExporter"
    c.FeedbackExporter.template_name = "feedback"
    c.FeedbackExporter.extra_template_basedirs = [template_path]


def guard(head: str, nonce: str = "") -> str:
    """Return a page's head (or a page that begins with it) with the policy, and its scripts with the nonce.

    Args:
        head: from the document's type to `</head>`.
        nonce: a word that nobody who wrote a part of the page could know; drawn when not given.
    """
    nonce = nonce or secrets.token_hex(16)
    known = " ".join(f"'sha256-{_hash(script)}'" for script in _FORMGRADERS)
    policy = (
        f"default-src 'none'; script-src 'nonce-{nonce}' 'unsafe-eval' 'unsafe-hashes' {known} {_MATHJAX}; "
        f"style-src 'self' 'unsafe-inline' {_MATHJAX}; font-src 'self' data: {_MATHJAX}; img-src data: 'self'; "
        "connect-src 'self'; form-action 'none'; base-uri 'none'"
    )
    head = re.sub(r"<script\b", f'<script nonce="{nonce}"', head)
    return head.replace(
        "<head>", f'<head>\n<meta http-equiv="Content-Security-Policy" content="{policy}">', 1
    )


class FeedbackExporter(HTMLExporter):
    """nbconvert's exporter of `generate_feedback`, whose pages have the policy."""

    def from_notebook_node(self, nb, resources=None, **kwargs):
        """Return the page and the resources."""
        page, resources = super().from_notebook_node(nb, resources, **kwargs)
        head, end, rest = page.partition("</head>")
        # No page can hold its own hash, and the same page has the same.
        return guard(head, hashlib.sha256(page.encode()).hexdigest()[:32]) + end + rest, resources


def _hash(script: str) -> str:
    return base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
