"""The marker rules for Python text."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from notebook_fixtures import ROOT

from autograder.markers import MarkerError, message, regions, spans, strip

BEGIN, END = "### BEGIN SOLUTION", "### END SOLUTION"
SMALL = f"""def double(x):
    # TODO#1: return twice `x`. Mind the type.
    # A second line of the hint.
    {BEGIN}
    y = 2 * x
    return y
    {END}
"""


def test_a_region_becomes_one_stub_with_its_todo_and_the_hint_stays():
    assert strip(SMALL, "f.py") == (
        "def double(x):\n    # TODO#1: return twice `x`. Mind the type.\n    # A second line of the hint.\n"
        '    raise NotImplementedError("TODO#1: return twice `x`")\n'
    )


def test_a_region_knows_where_it_is_and_what_it_holds():
    (region,) = regions(SMALL, "f.py")
    assert (region.begin, region.end, region.indent, region.task) == (4, 7, "    ", "TODO#1")
    assert region.lines == ("    y = 2 * x", "    return y")


def test_the_students_network_raises_each_todo_by_name():
    text = strip((ROOT / "cattern/neural_net.py").read_text(), "neural_net.py")
    compile(text, "neural_net.py", "exec")
    assert [
        text.count(f'raise NotImplementedError("TODO#{n}:')
        + text.count(f"raise NotImplementedError('TODO#{n}:")
        for n in range(1, 8)
    ] == [1] * 7
    assert "SOLUTION" not in text
    assert "np.maximum" not in text


BAD = {
    "nested": (
        f"# TODO#1: a\n{BEGIN}\n# TODO#2: b\n{BEGIN}\nx = 1\n{END}\n{END}\n",
        "line 4",
        "inside the region that began in line 2",
    ),
    "unclosed": (f"x = 1\n# TODO#1: a\n{BEGIN}\nx = 1\n", "line 3", "without an END"),
    "unopened": (f"x = 1\n{END}\n", "line 2", "without a BEGIN"),
    "reversed": (f"# TODO#1: a\n{END}\nx = 1\n{BEGIN}\n", "line 2", "without a BEGIN"),
    "no todo": (f"x = 0\n{BEGIN}\nx = 1\n{END}\n", "line 2", "no `# TODO#n: …` comment"),
    "todo of the region before": (
        f"# TODO#1: a\n{BEGIN}\nx = 1\n{END}\n{BEGIN}\ny = 1\n{END}\n",
        "line 5",
        "no `# TODO#n",
    ),
    "todo outside the block": (
        f"# TODO#1: a\ndef f():\n    {BEGIN}\n    x = 1\n    {END}\n",
        "line 3",
        "no `# TODO#n",
    ),
    "todo in the block before": (
        f"def f():\n    # TODO#1: a\n    pass\ndef g():\n    {BEGIN}\n    x = 1\n    {END}\n",
        "line 5",
        "no `# TODO#n",
    ),
    "todo in a deeper block": (
        f"if 1:\n    # TODO#1: a\n    pass\n{BEGIN}\nx = 1\n{END}\n",
        "line 4",
        "no `# TODO#n",
    ),
    "code beside the marker": (f"# TODO#1: a\nx = 1  {BEGIN}\n{END}\n", "line 2", "a line of its own"),
    "two hashes": (
        f"# TODO#1: a\n## BEGIN SOLUTION\nx = 1\n{END}\n",
        "line 2",
        "exactly `### BEGIN SOLUTION`",
    ),
    "lower case": (
        f"# TODO#1: a\n### begin solution\nx = 1\n{END}\n",
        "line 2",
        "exactly `### BEGIN SOLUTION`",
    ),
    "plural": (f"# TODO#1: a\n{BEGIN}\nx = 1\n{END}S\n", "line 4", "exactly `### END SOLUTION`"),
    "hidden tests": (
        "x = 1\n### BEGIN HIDDEN TESTS\nassert x\n### END HIDDEN TESTS\n",
        "line 2",
        "in a test cell of the notebook",
    ),
    "not Python": ("def f(:\n", "line 1", "not valid Python"),
}


@pytest.mark.parametrize("case", BAD)
def test_wrong_markers_are_refused_with_file_and_line(case):
    text, line, reason = BAD[case]
    with pytest.raises(MarkerError) as caught:
        strip(text, "cattern/some.py")
    assert "cattern/some.py" in str(caught.value)
    assert line in str(caught.value)
    assert reason in str(caught.value)


def test_a_stub_that_would_not_compile_is_refused():
    # The region holds the whole `if` but not its `else`.
    text = f"# TODO#1: a\n{BEGIN}\nif 1:\n    x = 1\n{END}\nelse:\n    x = 2\n"
    compile(text.replace(BEGIN, "").replace(END, ""), "f", "exec")
    with pytest.raises(MarkerError, match="not valid Python"):
        strip(text, "f.py")


def test_an_empty_region_gets_a_stub_too():
    assert (
        strip(f"# TODO#9: a\n{BEGIN}\n{END}\n", "f.py")
        == '# TODO#9: a\nraise NotImplementedError("TODO#9: a")\n'
    )


def test_messages_are_one_line_of_at_most_100_characters():
    assert message("TODO#1", "a  \n b.") == "TODO#1: a b"
    long = message("TODO#1", "word " * 50)
    assert len(long) <= 100
    assert long.endswith("word …")


# Texts made of good regions and given code, in every line end and indentation.
ends = st.sampled_from(["\n", "\r\n", "\r"])
todo_words = st.text(
    st.characters(codec="utf-8", exclude_categories=["Cc", "Cs", "Zl", "Zp"]), min_size=1, max_size=150
)
bodies = st.lists(
    st.sampled_from(["secret = 1", "for _ in ():", "    secret += 2", "", "# secret remark"]), max_size=5
)


@st.composite
def sources(draw):
    end, indent = draw(ends), draw(st.sampled_from(["    ", "\t", "  \t"]))
    lines, n = ["import math", "def f(x):"], draw(st.integers(1, 4))
    for number in range(1, n + 1):
        lines += [f"{indent}# TODO#{number}: {draw(todo_words)}", indent + BEGIN]
        lines += [indent + line if line else "" for line in draw(bodies)]
        lines += [indent + END, draw(st.sampled_from(["", f"{indent}given = {number}"]))]
    text = end.join([*lines, f"{indent}return x"])
    return text + draw(st.sampled_from(["", end])), n, end


@given(sources())
def test_stripping_keeps_all_else_to_the_byte(made):
    text, n, end = made
    try:
        stripped = strip(text, "f.py")
    except MarkerError as error:  # the drawn TODO text may itself read like a marker
        assert "exactly" in str(error)
        return
    compile(stripped, "f.py", "exec")
    kept, inside = [], False
    for line in text.split(end):
        if line.strip() == BEGIN:
            inside = True
            kept.append(None)
        elif line.strip() == END:
            inside = False
        elif not inside:
            kept.append(line)
    after = stripped.split(end)
    assert len(after) == len(kept)
    for was, now in zip(kept, after, strict=True):
        assert now == was if was is not None else now.strip().startswith("raise NotImplementedError(")
    assert strip(stripped, "f.py") == stripped
    for number in range(1, n + 1):
        assert sum(f"TODO#{number}:" in line for line in after if "raise" in line) >= 1


@given(st.lists(st.sampled_from([BEGIN, END, "x = 1"]), max_size=8))
def test_markers_pass_exactly_when_they_alternate(lines):
    markers = [line for line in lines if line != "x = 1"]
    good = markers == [BEGIN, END] * (len(markers) // 2)
    if good:
        assert len(spans("\n".join(lines), "f")) == len(markers) // 2
    else:
        with pytest.raises(MarkerError):
            spans("\n".join(lines), "f")


@given(st.text())
def test_any_text_without_markers_comes_back_or_is_named(text):
    try:
        assert strip(text, "f.py") == text
    except MarkerError as error:
        assert "f.py" in str(error)
