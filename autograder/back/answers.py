"""What a student wrote in Markdown, as HTML that only says and shows: no script, no link that runs, no picture from elsewhere."""

import re
from collections.abc import Mapping
from functools import lru_cache
from html import escape
from urllib.parse import unquote

from autograder.back.mathml import mathml
from autograder.sanitise import clean_html, picture, picture_of, plain_text

MOST = 60_000  # characters of one answer that a page shows
_HOLD = re.compile("\ue000(\\d+)\ue001")  # a place kept for a formula: two characters that no text needs


def as_html(
    markdown: str,
    attachments: Mapping[str, Mapping[str, str]] | None = None,
    beside: Mapping[str, bytes] | None = None,
) -> str:
    """Return an answer as HTML: Markdown and tables, formulas as MathML, pictures from the cell's own attachments.

    Args:
        markdown: the cell's source, as typed; HTML in it is shown as text.
        attachments: the cell's attachments, name → {type: base64}, as a notebook keeps them.
        beside: files that were handed in beside the notebook, by path.
    """
    text = re.sub("[\ue000\ue001]", "", plain_text(markdown)[:MOST])
    formulas: list[str] = []
    known = _pictures(attachments or {}, beside or {})
    html = clean_html(_reader().render(text, {"formulas": formulas, "pictures": known}), known)
    cut = "<p><em>The answer goes on; it is cut here.</em></p>" if len(markdown) > MOST else ""
    return _HOLD.sub(lambda place: formulas[int(place[1])], html) + cut


@lru_cache
def _reader():
    from markdown_it import MarkdownIt
    from mdit_py_plugins.amsmath import amsmath_plugin
    from mdit_py_plugins.dollarmath import dollarmath_plugin

    reader = MarkdownIt("commonmark", {"html": False}).enable(["table", "strikethrough"])
    reader.use(dollarmath_plugin, allow_space=True, double_inline=True).use(amsmath_plugin)
    rules = {
        "math_inline": False,
        "math_inline_double": True,
        "math_block": True,
        "math_block_label": True,
        "amsmath": True,
    }
    for name, block in rules.items():
        reader.add_render_rule(name, _formula(block))
    reader.add_render_rule("image", _picture)
    reader.add_render_rule("heading_open", lambda self, tokens, i, options, env: "<p><strong>")
    reader.add_render_rule("heading_close", lambda self, tokens, i, options, env: "</strong></p>\n")
    return reader


def _formula(block: bool):
    def rule(self, tokens, i, options, env) -> str:
        env["formulas"].append(mathml(tokens[i].content.strip(), block))
        return f"\ue000{len(env['formulas']) - 1}\ue001"

    return rule


def _picture(self, tokens, i, options, env) -> str:
    """Draw a picture that was handed in, and name any other."""
    about = escape(tokens[i].content or "a picture without a description")
    source = unquote(str(tokens[i].attrs.get("src", ""))).removeprefix("./")
    if (data := env["pictures"].get(source)) is None:
        return f"<em>[a picture that was not handed in: {about}]</em>"
    return f'<img src="{data}" alt="{about}">'


def _pictures(attachments: Mapping[str, Mapping[str, str]], beside: Mapping[str, bytes]) -> dict[str, str]:
    """Return how a text calls a picture → its data address, for what is one by its own first bytes."""
    found = {name: address for name, content in beside.items() if (address := picture(content))}
    for name, kinds in attachments.items():
        for data in kinds.values():
            if address := picture_of(data):
                found[f"attachment:{name}"] = address
    return found
