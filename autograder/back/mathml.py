"""LaTeX as MathML: a formula on a page needs no script and no server.

The converter passes on what stands in `\\text{…}` and `\\href{…}` unescaped, so its answer is rebuilt from a list of
elements and attributes that only draw. A formula that it cannot read, or that asks for more, stays as it was typed.
"""

import re
from html import escape
from xml.etree import ElementTree

NAMESPACE = "{http://www.w3.org/1998/Math/MathML}"
ELEMENTS = frozenset(
    [
        "math",
        "mrow",
        "mi",
        "mn",
        "mo",
        "mtext",
        "mspace",
        "msub",
        "msup",
        "msubsup",
        "munder",
        "mover",
        "munderover",
        "mfrac",
        "msqrt",
        "mroot",
        "mtable",
        "mtr",
        "mtd",
        "mfenced",
        "menclose",
        "mpadded",
        "mphantom",
        "mstyle",
    ]
)
ATTRIBUTES = frozenset(
    [
        "display",
        "mathvariant",
        "stretchy",
        "fence",
        "accent",
        "form",
        "separator",
        "lspace",
        "rspace",
        "minsize",
        "maxsize",
        "width",
        "height",
        "depth",
        "linethickness",
        "columnalign",
        "columnlines",
        "columnspacing",
        "rowspacing",
        "rowlines",
        "displaystyle",
        "scriptlevel",
        "movablelimits",
        "notation",
        "open",
        "close",
    ]
)
MOST = 4000  # characters of one formula; the longest of the labs' own solutions has a few hundred


def mathml(latex: str, block: bool = False) -> str:
    """Return a formula as MathML.

    Args:
        latex: what stands between the dollar signs.
        block: True for a formula on a line of its own.

    Returns:
        A `<math>` element with the LaTeX as its text for screen readers, or the escaped LaTeX in `<code>`.
    """
    from latex2mathml.converter import convert

    try:
        if len(latex) > MOST:
            raise ValueError("a formula this long is no formula")
        latex = re.sub(r"\{(align|equation|gather)\}", r"{\1*}", latex)  # no numbers, as in a notebook
        tree = ElementTree.fromstring(convert(latex, display="block" if block else "inline"))
        drawn = _rebuilt(tree)
    except Exception:  # the converter raises what it likes; the student's formula is not an error
        return f"<code>{escape(latex)}</code>"
    drawn.set("alttext", " ".join(latex.split()))
    if not block:
        return ElementTree.tostring(drawn, encoding="unicode")
    drawn.set("display", "block")
    scrolls = '<span class="formula" tabindex="0" role="group" aria-label="formula">'  # where it is wider than a phone
    return f"{scrolls}{ElementTree.tostring(drawn, encoding='unicode')}</span>"


def _rebuilt(element: ElementTree.Element) -> ElementTree.Element:
    name = element.tag.removeprefix(NAMESPACE)
    if name not in ELEMENTS:
        raise ValueError(f"{name} is no element of a formula")
    copy = ElementTree.Element(name, {k: v for k, v in element.attrib.items() if k in ATTRIBUTES})
    copy.text, copy.tail = element.text, element.tail
    copy.extend(map(_rebuilt, element))
    return copy
