"""A verdict in words: the same in a terminal and in a notebook, readable without colour and without trust in what students wrote."""

import re

from cattern.checking import words

VERDICT = {
    "id": "TODO#2",
    "title": "loss",
    "status": "partial",
    "score": 8.0,
    "max_score": 12.0,
    "rationale": "what `reg` adds to the loss is 1.3714, expected 1.3038",
    "evidence": {"expected": "1.3038", "got": "1.3714", "max_rel_error": 0.025, "tolerance": 1e-5},
    "mistakes": [{"id": "x", "explanation": "The L2 term is twice as large.", "hint": "Look at the half."}],
    "remarks": ["slow"],
}
RESULT = {"verdict": VERDICT, "hints": ["a", "b", "c"], "printed": "<script>alert(1)</script>\n"}


def plain(html: str) -> str:
    text = re.sub(r"<[^>]+>", " ", html)
    for name, sign in (("lt", "<"), ("gt", ">"), ("quot", '"'), ("#x27", "'"), ("amp", "&")):
        text = text.replace(f"&{name};", sign)
    return " ".join(text.split())


def test_html_says_all_that_the_text_says():
    html, text = words.as_html(RESULT), words.as_text(RESULT)
    for line in text.splitlines():
        for word in line.replace("`", "").split():
            if word != "|":
                assert word in plain(html), word


def test_nothing_a_student_wrote_is_markup():
    result = {**RESULT, "verdict": {**VERDICT, "rationale": "it raised <img src=x onerror=alert(1)> `</p>`"}}
    html = words.as_html(result)
    assert "<script" not in html and "<img" not in html and html.count("</p>") == html.count("<p ")


def test_html_is_readable_on_any_background_and_by_a_screen_reader():
    html = words.as_html(RESULT)
    assert "background" not in html and not re.search(r"[^-]color:", html)
    assert '<span aria-hidden="true">◐</span>' in html and "partly right" in html
    assert html.count("<th scope=") == 2 and 'hint("TODO#2", 2)' in html


def test_a_hint_tells_how_to_get_the_next_one():
    lines = words.hint_lines(RESULT, 2, lambda task, step: f"hint {task} {step}")
    assert lines == ["TODO#2: loss", "1. a", "2. b", "More: hint TODO#2 3"]
    assert words.hint_lines(RESULT, 3, None)[-1] == "3. c"


def test_each_status_has_a_sign_and_a_word():
    from cattern.checking.verdict import STATUSES

    assert {*STATUSES, "given"} == words.SIGNS.keys() == words.STATUS.keys()
