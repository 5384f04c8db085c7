"""nbconvert's own renderer of markdown, and two that differ from it where a text could do harm."""

import html
from collections.abc import Mapping

from nbconvert.filters.markdown_mistune import InvalidNotebook, IPythonRenderer, MarkdownWithMath

from autograder.sanitise import LINK, as_attachments

__all__ = ["IPythonRenderer", "InvalidNotebook", "Lenient", "Strict", "render"]


class Strict(IPythonRenderer):
    """What nbconvert makes of a text, were it without HTML, diagrams, and addresses that are not plain."""

    known: Mapping[str, str] = {}

    def block_html(self, html: str) -> str:
        """Leave HTML out."""
        return ""

    def inline_html(self, html: str) -> str:
        """Leave HTML out."""
        return ""

    def block_mermaidjs(self, code: str) -> str:
        """Show a diagram's text."""
        return f"<pre>{html.escape(code)}</pre>"

    def link(self, text: str, url: str, title: str | None = None) -> str:
        """Keep a link to an ordinary address, else its text."""
        return super().link(text, url, title) if LINK.fullmatch(html.unescape(url)) else text

    def image(self, text: str, url: str, title: str | None = None) -> str:
        """Keep a picture that was handed in, else its text."""
        if url.startswith("attachment:") and url in self.known:
            return super().image(text, url, title)
        return text


class Lenient(IPythonRenderer):
    """nbconvert's renderer, whose HTML will be cleaned: images keep their names, and those elsewhere become links."""

    def image(self, text: str, url: str, title: str | None = None) -> str:
        """Keep a picture's name; one that is elsewhere becomes a link."""
        if LINK.fullmatch(url):
            return self.link(f"[picture: {text or 'elsewhere'}]", url, title)
        return f'<img src="{html.escape(url)}" alt="{html.escape(text)}">'


def render(renderer: type, source: str, known: Mapping[str, str] | None = None, anchors: bool = False) -> str:
    """Return the HTML that a renderer makes of a markdown text."""
    made = renderer(escape=False, exclude_anchor_links=not anchors, attachments=as_attachments(known or {}))
    made.known = known or {}
    return MarkdownWithMath(renderer=made).render(source)
