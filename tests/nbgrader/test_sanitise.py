"""Whatever a markdown cell holds, no script of it runs in a browser, and an honest one looks as it did."""

import base64
import re
from html.parser import HTMLParser

import nbformat
import pytest
from browsing import CHROMIUM, chromium, hits, page_of
from hypothesis import given
from hypothesis import strategies as st
from nbconvert.filters.markdown_mistune import IPythonRenderer, MarkdownWithMath
from payloads import CALL, HONEST, PAYLOADS, PNG

from autograder.back.answers import as_html
from autograder.sanitise import MAX_MARKDOWN, clean_html, markdown_to_html, picture, safe_markdown
from autograder.sanitise.notebook import safe_notebook

PICTURES = {"attachment:photo.png": f"data:image/png;base64,{PNG}"}
ATTACHMENTS = {"photo.png": {"image/png": PNG}}
STYLES = ["text-align", "color", "font-weight", "font-style", "text-decoration"]


def rendered(source: str, attachments=None) -> str:
    """Return what formgrader and the feedback pages make of a markdown cell."""
    renderer = IPythonRenderer(escape=False, attachments=attachments or {})
    return MarkdownWithMath(renderer=renderer).render(source)


class Elements(HTMLParser):
    """The elements of a page with their attributes, and its text without white space."""

    def __init__(self, page: str):
        super().__init__(convert_charrefs=True)
        self.elements, self.text = [], ""
        self.feed(page)
        self.close()
        self.text = "".join(self.text.replace("¶", "").split())

    def handle_starttag(self, tag, attributes):
        if dict(attributes).get("class") != "anchor-link":
            self.elements.append((tag, dict(attributes)))

    def handle_data(self, data):
        self.text += data


def test_the_corpus_is_large():
    assert len(PAYLOADS) >= 60


@pytest.mark.parametrize("name", PAYLOADS)
def test_nothing_active_is_left_of(name):
    for html in (rendered(safe_markdown(PAYLOADS[name])), markdown_to_html(PAYLOADS[name])):
        for tag, attributes in Elements(html).elements:
            assert tag not in (
                "script",
                "style",
                "iframe",
                "object",
                "embed",
                "svg",
                "math",
                "form",
                "input",
                "meta",
            )
            assert not [
                a for a in attributes if a.startswith("on") or a in ("srcdoc", "data-toggle", "srcset")
            ]
            for address in (attributes.get("href"), attributes.get("src")):
                assert address is None or re.match(r"(https?://|mailto:|#|data:image/png;)", address), address
        assert not re.search(r"\\(href|require)", html)


@pytest.mark.skipif(CHROMIUM is None, reason="needs Chromium")
def test_no_script_runs_in_a_browser():
    """All payloads on one page, as formgrader renders them, and as our own pages do."""
    with chromium() as browser:
        page = browser.new_page()
        page.route("**/*", lambda route: route.abort())
        safe = [rendered(safe_markdown(text)) for text in PAYLOADS.values()]
        assert hits(page, page_of(safe)) == 0
        assert hits(page, page_of(markdown_to_html(text) for text in PAYLOADS.values())) == 0
        assert hits(page, page_of(as_html(text) for text in PAYLOADS.values())) == 0
        ran = sum(hits(page, page_of([rendered(text)])) > 0 for text in list(PAYLOADS.values())[:60:4])
        assert ran >= 8, "the payloads that stock nbconvert lets through are payloads indeed"


@pytest.mark.parametrize("name", HONEST)
def test_an_honest_cell_looks_the_same(name):
    source = HONEST[name]
    before = Elements(rendered(source, ATTACHMENTS))
    for html in (
        rendered(safe_markdown(source, PICTURES), ATTACHMENTS),
        f"<div>{markdown_to_html(source, PICTURES)}</div>",
    ):
        after = Elements(html)
        assert after.text == before.text
        assert shapes(after) == shapes(before)


def shapes(page: Elements) -> list[str]:
    """Return what shows: a task list's boxes do not, nor do wrappers."""
    return [tag for tag, _ in page.elements if tag not in ("input", "tbody", "span", "div")]


@pytest.mark.parametrize("name", [name for name in HONEST if "html" not in name and name != "aligned"])
def test_markdown_without_html_stays_as_it_is(name):
    assert safe_markdown(HONEST[name], PICTURES) == HONEST[name]


@given(st.text(alphabet="<>/ab='\"&;:()[]`$\\#-*\n scriptonerjv!", max_size=80))
def test_whatever_the_text_is_twice_is_once(text):
    html = rendered(safe_markdown(text))
    for tag, attributes in Elements(html).elements:
        assert tag not in ("script", "style", "iframe", "svg") and not [
            a for a in attributes if a.startswith("on")
        ]
    assert clean_html(clean_html(text)) == clean_html(text)


def test_a_picture_is_told_from_its_bytes():
    png = base64.b64decode(PNG)
    assert picture(png) == f"data:image/png;base64,{PNG}"
    assert picture(b"<svg onload=hit()>") is None and picture(b"RIFF....AVI ") is None
    for bad in ("image/svg+xml", "text/html", "image/png"):
        address = f"data:{bad};base64," + base64.b64encode(b"<svg onload=hit()>").decode()
        assert "data:" not in clean_html(f'<img src="{address}">')
    assert "http" not in clean_html('<img src="http://x.example/a.png">'), "opening a page calls nobody"


def test_a_picture_beside_the_notebook_becomes_part_of_the_page():
    source = '![](images/page%202.png)\n\n<img src="./b.png">\n\n![](notes.html)'
    files = {
        "images/page 2.png": base64.b64decode(PNG),
        "b.png": base64.b64decode(PNG),
        "notes.html": b"<script>",
    }
    cell = {"cell_type": "markdown", "metadata": {}, "source": source}
    made = safe_notebook({"cells": [cell]}, files)["cells"][0]
    assert made["source"].count(f"data:image/png;base64,{PNG}") == 2 and "notes.html" not in made["source"]


def test_a_notebook_keeps_nothing_that_acts():
    bad = '"><script>hit()</script>'
    about = {"grade_id": "t4", "points": 5, "grade": True, "comment": bad, "cell_type": "markdown"}
    data = {
        "text/html": bad,
        "image/svg+xml": bad,
        "application/javascript": CALL,
        "image/png": PNG,
        "text/plain": "ok",
    }
    outputs = [
        {"output_type": "display_data", "data": data, "metadata": {"x": bad}},
        {"output_type": "stream", "name": bad, "text": ["a", "b"]},
        {"output_type": "execute_result", "data": {"text/html": bad}},
        {"output_type": bad},
        7,
    ]
    cells = [
        {"cell_type": "markdown", "id": bad, "metadata": {"nbgrader": about, "tags": [bad]}, "source": "ok"},
        {"cell_type": "code", "metadata": {"magics_language": bad}, "source": bad, "outputs": outputs},
        {"cell_type": "raw", "metadata": {"raw_mimetype": "text/html"}, "source": bad},
        {
            "cell_type": "markdown",
            "metadata": {"nbgrader": {"grade_id": bad}},
            "source": "# t4\n\n![x](attachment:x)",
        },
    ]
    cells[3]["attachments"] = {"x": {"image/png": base64.b64encode(b"<svg>").decode()}}
    made = safe_notebook(
        {"cells": cells, "metadata": {"language_info": {"pygments_lexer": bad}}, "nbformat_minor": bad}
    )
    nbformat.validate(
        nbformat.from_dict(made | {"cells": [{**c, "id": f"c{i}"} for i, c in enumerate(made["cells"])]})
    )
    text, code, raw, last = made["cells"]
    assert text["metadata"] == {
        "nbgrader": {"grade_id": "t4", "points": 5, "grade": True, "cell_type": "markdown"}
    }
    assert "id" not in text and code["metadata"] == {} and last["metadata"] == {}
    assert code["outputs"][0]["data"] == {"text/plain": "ok", "image/png": PNG}
    assert code["outputs"][1:] == [{"output_type": "stream", "name": "stdout", "text": "ab"}]
    assert raw["cell_type"] == "markdown" and raw["source"] == f"```\n{bad}\n```"
    assert "attachments" not in last and 'id="t4"' not in rendered(last["source"]), (
        "a heading takes no field's id"
    )


def test_a_text_that_costs_too_much_is_shown_as_it_is():
    for source in ("\\\\[ " * 5000, "x" * (MAX_MARKDOWN + 1), "> " * 3000):
        made = safe_markdown(source)
        assert (
            "<" not in made and Elements(rendered(made)).text == "".join(source.split())
        ) or made == source


def test_what_the_instructor_wrote_stays():
    own = '<img src="https://example.org/logo.png" onclick="help()">'
    cell = {"cell_type": "markdown", "metadata": {}, "source": own}
    assert safe_notebook({"cells": [cell]}, trusted={own})["cells"][0]["source"] == own
