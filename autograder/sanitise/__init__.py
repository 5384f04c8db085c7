"""What a student wrote, made fit for a page: the one door between submissions and the instructor's browser.

    markdown_to_html(source)    safe HTML of a markdown text, for pages of our own
    safe_markdown(source)       markdown that any renderer may show, for what lies in autograded/
    clean_html(html)            HTML with only what the allow-list allows
    picture(data)               a `data:` address of an image, or None when it is none

Nothing outside the allow-list survives, so nothing has to be foreseen. A markdown text that needs no cleaning stays as it
is, to the byte: that is known from nbconvert's own renderer giving the same with and without raw HTML.
"""

import base64
import binascii
import html
import re
from collections.abc import Mapping
from urllib.parse import unquote

import nh3
from pygments.token import STANDARD_TYPES

MAX_MARKDOWN = (
    40_000  # characters: a markdown parser may take the square of it, and nobody writes that much into a cell
)
MAX_PICTURE = 8 * 2**20
MAX_FORMULAS = 200  # that a text opens: nbconvert looks for the end of each in all that follows

_MAGIC = {"png": b"\x89PNG\r\n\x1a\n", "jpeg": b"\xff\xd8\xff", "gif": b"GIF8", "webp": b"RIFF"}
_TEXT = "p br hr h1 h2 h3 h4 h5 h6 div span pre code kbd samp var blockquote q cite abbr center"
_TEXT += " b strong i em u s del ins strike small big sub sup mark tt font details summary"
_LISTS = "ul ol li dl dt dd table caption thead tbody tfoot tr th td colgroup col figure figcaption img a"
_TAGS = {*_TEXT.split(), *_LISTS.split()}
_ALIGNED = ("p", "div", "h1", "h2", "h3", "h4", "h5", "h6", "table", "tr", "th", "td", "img", "center")
_ATTRIBUTES = {
    "a": {"href", "title"},
    "img": {"src", "alt", "title", "width", "height"},
    "th": {"colspan", "rowspan", "scope"},
    "td": {"colspan", "rowspan"},
    "ol": {"start"},
    "abbr": {"title"},
    "font": {"color"},
    "table": {"border"},
}
for _tag in _ALIGNED:
    _ATTRIBUTES[_tag] = _ATTRIBUTES.get(_tag, set()) | {"align", "style"}
_ATTRIBUTES["span"] = {"style"}
_ATTRIBUTES["font"] |= {"style"}
# What colours code, and nothing else: a class of the page's own could put a text above its buttons.
_CLASSES = {"span": {name for name in STANDARD_TYPES.values() if name}, "div": {"highlight"}}
_STYLES = {"text-align", "color", "font-weight", "font-style", "text-decoration"}
LINK = re.compile(r"(https?://|mailto:)[^\s<>\"'\\]+")
# MathJax commands that make links, styles or load code. What is left of `\href` is a sign that looks like a backslash.
_TEX = re.compile(r"\\(?=(?:href|url|style|class|cssId|require|mmlToken|html\w*|data)(?![A-Za-z]))")


def picture(data: bytes) -> str | None:
    """Return the `data:` address of a PNG, JPEG, GIF or WebP image, told from its first bytes; None for anything else."""
    kind = next((kind for kind, magic in _MAGIC.items() if data.startswith(magic)), None)
    if kind is None or len(data) > MAX_PICTURE or (kind == "webp" and data[8:12] != b"WEBP"):
        return None
    return f"data:image/{kind};base64,{base64.b64encode(data).decode()}"


def clean_html(text: str, pictures: Mapping[str, str] | None = None) -> str:
    """Return HTML with only allowed elements, attributes and addresses, well-formed.

    Args:
        text: any HTML.
        pictures: the address that an image's `src` stands for (`attachment:a.png`, `images/b.png`): a `data:` address of
            `picture`. Every other image that is not data of an image loses its address.
    """
    known = pictures or {}

    # It must not raise: nh3 would then keep the attribute.
    def attribute(tag: str, name: str, value: str) -> str | None:
        if name == "href":
            return value if LINK.fullmatch(value) else None
        if name == "src":
            return known.get(value) or known.get(unquote(value).removeprefix("./")) or _checked(value)
        return value

    clean = nh3.clean(
        text,
        tags=_TAGS,
        clean_content_tags={"script", "style", "title", "textarea", "xmp", "noscript", "noembed", "noframes"},
        attributes=_ATTRIBUTES,
        attribute_filter=attribute,
        allowed_classes=_CLASSES,
        filter_style_properties=_STYLES,
        url_schemes={"http", "https", "mailto", "data", "attachment"},
    )
    return _TEX.sub("∖", clean)


def markdown_to_html(source: str, pictures: Mapping[str, str] | None = None) -> str:
    """Return safe HTML of a markdown text as a notebook's cell holds it, formulas as they were written.

    Args:
        source: markdown, with or without HTML.
        pictures: as for `clean_html`.
    """
    source = plain_text(source)
    from autograder.sanitise.renderers import Lenient, render  # late: nbconvert takes seconds

    try:
        if not _is_too_much(source):
            return clean_html(render(Lenient, source), pictures)
    except Exception:  # a parser of text that meets hostile text
        pass
    return f"<pre>{html.escape(source)}</pre>"


def safe_markdown(
    source: str, pictures: Mapping[str, str] | None = None, reserved: frozenset = frozenset()
) -> str:
    """Return a markdown text that is safe in any renderer of notebooks: the same where it was safe, else its clean HTML.

    Args:
        source: markdown, with or without HTML.
        pictures: as for `clean_html`.
        reserved: ids of elements of the page, which no heading may take.
    """
    from autograder.sanitise.renderers import IPythonRenderer, Lenient, render

    source, known = plain_text(source), pictures or {}
    if _is_too_much(source):
        return fenced(source)
    try:
        if _is_safe(source, known, reserved):
            return source
        clean = clean_html(render(Lenient, source), known)
        # One line is one HTML block to every markdown parser: nothing in it is read as markdown again.
        block = "<div>" + clean.strip().replace("\r", "").replace("\n", "&#10;") + "</div>"
        if render(IPythonRenderer, block).strip() == block:
            return block
    except Exception:  # a parser of text that meets hostile text
        pass
    return fenced(source)


def _is_safe(source: str, known: Mapping[str, str], reserved: frozenset) -> bool:
    from autograder.sanitise.renderers import InvalidNotebook, IPythonRenderer, Strict, render

    try:
        shown = render(IPythonRenderer, source, known, anchors=True)
    except InvalidNotebook:  # an attachment that is not there
        return False
    if shown != render(Strict, source, known, anchors=True):
        return False
    return not _TEX.search(html.unescape(shown)) and not reserved & set(re.findall(r'\bid="([^"]*)"', shown))


def _is_too_much(source: str) -> bool:
    return len(source) > MAX_MARKDOWN or source.count("\\\\[") + source.count("\\begin{") > MAX_FORMULAS


def as_attachments(known: Mapping[str, str]) -> dict[str, dict[str, str]]:
    """Return pictures as a cell holds them: name → type → base64."""
    found = {}
    for name, address in known.items():
        if name.startswith("attachment:"):
            kind, _, data = address.removeprefix("data:").partition(";base64,")
            found[name.removeprefix("attachment:")] = {kind: data}
    return found


def _checked(address: str) -> str | None:
    """Return a `data:` address when it is one of an image, anew; else None."""
    head, comma, data = address.partition(",")
    if not comma or not head.startswith("data:image/") or not head.endswith(";base64"):
        return None
    return picture_of(data)


def picture_of(base64_text: object) -> str | None:
    """Return the `data:` address of an image given in base64 (text, or its lines), or None when it is none."""
    text = "".join(base64_text) if isinstance(base64_text, list) else base64_text
    if not isinstance(text, str) or len(text) > 2 * MAX_PICTURE:
        return None
    try:
        return picture(base64.b64decode(re.sub(r"\s+", "", text), validate=True))
    except (binascii.Error, ValueError):
        return None


def plain_text(value: object) -> str:
    """Return a notebook's text, one string or a list of lines, without what no file can hold."""
    if isinstance(value, list):
        value = "".join(line for line in value if isinstance(line, str))
    text = value if isinstance(value, str) else ""
    text = text.encode("utf-8", "replace").decode().replace("\r\n", "\n").replace("\r", "\n")
    return re.sub(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]", "\N{REPLACEMENT CHARACTER}", text)


def fenced(source: str) -> str:
    """Return markdown that shows a text as it is."""
    fence = "`" * max(3, 1 + max((len(run) for run in re.findall("`+", source)), default=0))
    return f"{fence}\n{source}\n{fence}"
