"""`check --watch` in a terminal: a save is checked at once, whatever the check before was doing."""

import os
import re
import select
import signal
import subprocess
import sys
import time

import pytest
from lab_styles.two_layer_net import SOLUTION

from cattern.checking.ask import About
from cattern.checking.watch import affected

LOOP = SOLUTION.replace(
    "        N = X.shape[0]\n", "        N = X.shape[0]\n        while True:\n            pass\n"
)
MISTAKE = SOLUTION.replace("0.5 * reg", "reg")


class Terminal:
    """A command in a terminal of its own."""

    def __init__(self, folder, *words: str):
        pty = pytest.importorskip("pty")
        self.screen, inside = pty.openpty()
        env = {**os.environ, "PYTHONPATH": str(folder), "TERM": "xterm", "PYTHONUNBUFFERED": "1"}
        command = [sys.executable, "-m", "cattern", *words]
        self.process = subprocess.Popen(
            command, cwd=folder, env=env, stdin=inside, stdout=inside, stderr=inside, start_new_session=True
        )
        os.close(inside)
        self.said = ""

    def wait_for(self, text: str, seconds: float = 60) -> str:
        """Return all that was printed since the last time, up to a text."""
        deadline = time.monotonic() + seconds
        while text not in self.said:
            assert time.monotonic() < deadline, self.said
            if select.select([self.screen], [], [], 0.2)[0]:
                try:
                    self.said += os.read(self.screen, 65536).decode()
                except OSError:  # it ended
                    assert text in self.said, self.said
        before, text, self.said = self.said.partition(text)
        return re.sub(r"\s+", " ", re.sub(r"\x1b\[[0-9;]*[A-Za-z]", "", before + text))


@pytest.fixture
def terminal(bundle_with):
    """`check --watch` in a terminal, after its first check of a right file."""
    folder = bundle_with(SOLUTION)
    terminal = Terminal(folder, "check", "--watch")
    terminal.wait_for("All of it is right: 72 of 72 points")
    terminal.wait_for("watching")
    yield terminal
    terminal.process.kill()
    terminal.process.wait()
    os.close(terminal.screen)


def test_every_save_is_checked_and_an_endless_loop_is_in_nobodys_way(terminal, bundle_with):
    bundle_with(MISTAKE)
    said = terminal.wait_for("Next: TODO#2 loss")
    assert "neural_net.py saved:" in said and "The L2 term is twice as large" in said
    bundle_with(LOOP)
    time.sleep(1.5)  # it is being checked, and would be for ten seconds
    bundle_with(SOLUTION)
    said = terminal.wait_for("All of it is right: 72 of 72 points")
    assert "had not ended" not in said
    os.killpg(terminal.process.pid, signal.SIGINT)
    assert terminal.process.wait(20) == 0


def test_colour_is_for_terminals_only(terminal, bundle_with):
    bundle_with(MISTAKE)
    terminal.wait_for("saved:")
    while "Next:" not in terminal.said:
        terminal.said += os.read(terminal.screen, 65536).decode()
    assert "\x1b[32m✓ TODO#1" in terminal.said and "\x1b[33m◐ TODO#2" in terminal.said


def test_a_save_concerns_the_tasks_that_need_the_file():
    def about(task_id, file, needs=(), source="module"):
        return About(task_id, "", 1.0, source, file, tuple(needs), "", ())

    one, two, three = (
        about("1", "cattern/a.py"),
        about("2", "cattern/b.py"),
        about("3", "cattern/b.py", ["1"]),
    )
    theory, data = about("T1", "", source="cell"), about("8", "net.npz", source="data")
    tasks = [one, two, three, theory, data]
    assert affected(tasks, tasks, {"a.py"}) == [one, three]
    assert affected(tasks, tasks, {"b.py"}) == [two, three]
    assert affected([three], tasks, {"a.py"}) == [three]
    assert affected(tasks, tasks, {"lab.ipynb"}) == [theory]
    assert affected(tasks, tasks, {"net.npz"}) == [data]
    assert affected(tasks, tasks, {"helpers.py"}) == tasks
