"""What the commands for students print, word for word, and how they end. What they ask is made up here: nothing runs."""

import io
import json
import os
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
from typer.testing import CliRunner

from cattern import cli
from cattern.checking import ask, check, submit, watch
from cattern.errors import CatternError, UsageError
from mnist_data import load_mnist


def result(task: str, status: str, score: float, raised: str = "") -> dict:
    said = {"id": task, "title": "loss", "status": status, "score": score, "max_score": 8.0}
    said |= {"rationale": raised or "it is 2, expected 1", "mistakes": [], "remarks": []}
    return {
        "verdict": said | {"evidence": {"raised": raised} if raised else {}},
        "hints": ["Look.", "Think."],
    }


RIGHT = result("TODO#1", "pass", 8.0)
WRONG = result("TODO#2", "fail", 0.0)
STOPPED = [result(f"TODO#{n}", "error", 0.0, "ValueError: no, in line 3") for n in (3, 4)]


@pytest.fixture
def asked(monkeypatch):
    """Set what the check finds; return what it was asked."""
    questions = []

    def answer(*found: dict):
        def results(lab, words, *more):
            questions.append((lab, list(words), *more))
            return iter(found)

        monkeypatch.setattr(ask, "results", results)
        return questions

    monkeypatch.setattr(ask, "find_lab", lambda typed: "two_layer_net")
    monkeypatch.setattr(watch, "watch", lambda *given: pytest.fail("it watches, and nobody asked it to"))
    return answer


def run(*words: str):
    return CliRunner().invoke(cli.app, words)


def test_check_says_each_task_then_the_sum_and_ends_with_1_unless_all_is_right(asked):
    questions = asked(RIGHT, WRONG)
    done = run("check", "--seconds", "3")
    assert questions == [("two_layer_net", [], 3.0)]
    lines = done.stdout.splitlines()
    assert lines[0].startswith("✓ TODO#1") and any(line.startswith("✗ TODO#2") for line in lines)
    assert lines[-2] == "8 of 16 points in 2 tasks. Next: TODO#2 loss. Stuck? python -m cattern hint 2"
    assert lines[-1].endswith("python -m cattern status counts the notebook's, too.")
    assert done.exit_code == 1
    asked(RIGHT)
    done = run("check", "1")
    assert done.exit_code == 0 and "points." not in done.stdout  # one task needs no sum
    assert questions[-1] == ("two_layer_net", ["1"], 10.0)
    asked(result("T1", "given", 0.0))
    assert run("check", "T1").exit_code == 0
    assert run("check", "--seconds", "0.4").exit_code == 2


def test_check_says_the_same_trouble_once(asked):
    asked(*STOPPED)
    assert run("check").stdout.count("ValueError") == 1


def test_check_in_json_is_a_line_a_task_and_nothing_else(asked):
    asked(RIGHT, WRONG)
    lines = run("check", "--json").stdout.splitlines()
    assert [json.loads(line) for line in lines] == [RIGHT, WRONG]


def test_check_watches_until_it_is_stopped(asked, monkeypatch):
    def saves(lab, tasks, seconds):
        assert (lab, tasks, seconds) == ("two_layer_net", ["2"], 10.0)
        yield set(), iter([WRONG])
        yield {"b.py", "a.py"}, iter([result("TODO#2", "pass", 8.0)])
        raise KeyboardInterrupt

    monkeypatch.setattr(watch, "watch", saves)
    done = run("check", "2", "--watch")
    lines = done.stdout.splitlines()
    assert "a.py, b.py saved:" in lines and lines[-1].endswith("(Ctrl+C ends it)")
    assert sum(line.startswith("watching ") for line in lines) == 2
    assert (done.exit_code, done.stderr) == (0, "\n")
    done = run("check", "2", "--watch", "--json")
    assert [json.loads(line)["verdict"]["status"] for line in done.stdout.splitlines()] == ["fail", "pass"]
    assert done.stderr.count("watching ") == 2 and "saved" not in done.output


def test_hint_goes_as_far_as_it_is_asked_to(asked):
    questions = asked(WRONG)
    assert run("hint").stdout == "TODO#2: loss\n1. Look.\nMore: python -m cattern hint 2 --step 2\n"
    assert "2. Think." in run("hint", "2", "--step", "2").stdout
    run("hint", "2", "3")
    assert [words for _, words, *_ in questions] == [["all"], ["2"], ["2"], ["3"]]
    assert run("hint", "--step", "0").exit_code == 2


def test_status_is_a_line_a_task(asked):
    questions = asked(RIGHT, WRONG)
    done = run("status")
    assert done.exit_code == 0 and len(done.stdout.splitlines()) >= 3 and "8 of 16" in done.stdout
    assert json.loads(run("status", "2", "--json").stdout) == [RIGHT["verdict"], WRONG["verdict"]]
    assert [words for _, words, *_ in questions] == [["all"], ["2"]]


@pytest.mark.parametrize("command", ["check", "hint", "status", "submit"])
def test_a_command_that_does_not_know_the_lab_shows_itself(monkeypatch, tmp_path, command):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(ask, "lab_names", lambda: ["binary_mlp", "nn_library"])
    said = run(command).exception
    assert "which lab? " in str(said) and str(said).endswith(f"as in: python -m cattern {command} binary_mlp")


@pytest.mark.parametrize("function", [check.check, check.hint, check.status])
def test_a_function_that_does_not_know_the_lab_shows_itself(monkeypatch, tmp_path, capsys, function):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(ask, "lab_names", lambda: ["binary_mlp", "nn_library"])
    function()
    assert capsys.readouterr().out.endswith(f"as in: {function.__name__}(lab='binary_mlp')\n")


def test_submit_says_what_is_in_what_is_odd_and_where_it_is(monkeypatch, tmp_path):
    monkeypatch.setattr(ask, "find_lab", lambda typed: "two_layer_net")
    (tmp_path / "mine.zip").write_bytes(b"x" * 2048)
    calls = []

    def pack(*given):
        calls.append(given)
        return tmp_path / "mine.zip", ["it is old", "it is small"], [RIGHT]

    monkeypatch.setattr(submit, "submit", pack)
    said = run("submit").stdout.splitlines()
    assert said[0].startswith("✓ TODO#1") and said[-3:-1] == ["note: it is old", "note: it is small"]
    assert said[-1] == f"hand in this one file: {tmp_path / 'mine.zip'} (2 kB)"
    run("submit", "nn_library", "--out", "a.zip", "--student", "s1", "--anyway")
    assert calls == [("two_layer_net", None, None, False), ("nn_library", Path("a.zip"), "s1", True)]


def test_data_names_every_file_and_counts_what_is_missing(monkeypatch):
    reports = [SimpleNamespace(name="a", problem="", path="x/a", ok=True)]
    calls = []
    monkeypatch.setattr(load_mnist, "fetch", lambda *given: calls.append(given) or reports)
    assert run("data").stdout == "a: x/a\n"
    reports.append(SimpleNamespace(name="b", problem="is gone", path="x/b", ok=False))
    done = run("data", "--folder", "x", "--force")
    assert done.stdout == "a: x/a\nb: is gone\n" and isinstance(done.exception, CatternError)
    assert str(done.exception).startswith("1 of 2 files are not usable")
    assert calls == [(None, False), (Path("x"), True)]


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_colour_and_a_clean_screen_are_for_terminals(monkeypatch):
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setattr(sys, "stdout", io.StringIO())
    assert not cli.in_colour()
    cli.clear_screen()
    assert sys.stdout.getvalue() == ""
    monkeypatch.setattr(sys, "stdout", Terminal())
    assert cli.in_colour()
    cli.clear_screen()
    assert sys.stdout.getvalue() == "\x1b[2J\x1b[H"
    monkeypatch.setenv("NO_COLOR", "1")
    assert not cli.in_colour()


@pytest.mark.parametrize(
    ("error", "code"), [(CatternError("why"), 1), (UsageError("why"), 2), (OSError("why"), 1)]
)
def test_an_error_is_one_sentence_and_has_its_exit_code(monkeypatch, capsys, error, code):
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("MKL_NUM_THREADS", "3")

    def app():
        raise error

    monkeypatch.setattr(cli, "app", app)
    monkeypatch.setattr(cli, "installed", lambda group: [])
    with pytest.raises(SystemExit) as ended:
        cli.main()
    assert ended.value.code == code
    assert capsys.readouterr() == ("", "cattern: why\n")
    threads = [os.environ[f"{name}_NUM_THREADS"] for name in ("OMP", "OPENBLAS", "MKL")]
    assert threads == ["1", "1", "3"]


def test_a_file_in_the_place_of_a_folder_is_named_in_words(monkeypatch, capsys, tmp_path):
    (tmp_path / "out").write_text("")
    monkeypatch.setattr(cli, "app", lambda: (tmp_path / "out").mkdir(parents=True, exist_ok=True))
    monkeypatch.setattr(cli, "installed", lambda group: [])
    with pytest.raises(SystemExit):
        cli.main()
    assert (
        capsys.readouterr().err == f"cattern: {tmp_path / 'out'}: a file is there, where a folder is wanted\n"
    )


def test_what_nobody_foresaw_has_pythons_own_words():
    """Rich's would show the values of variables, a student's among them."""
    assert cli.app.pretty_exceptions_enable is False


def test_what_is_installed_adds_its_commands(monkeypatch):
    added = []
    monkeypatch.setattr(cli, "installed", lambda group: [lambda app: added.append((group, app))])
    monkeypatch.setattr(cli, "app", lambda: None)
    cli.main()
    assert added == [("cattern.commands", cli.app)]
