"""The bar beside a long loop, in a terminal and in a notebook; Ctrl+C keeps what was learned; nobody else notices any of it."""

import os
import pty
import re
import signal
import subprocess
import sys
import termios
from pathlib import Path

import pytest
from jupyter_client.manager import start_new_kernel

from cattern import progress as module

ROOT = Path(module.__file__).resolve().parent.parent
TRAIN = """
import numpy as np
from cattern import progress
from cattern.neural_net import TwoLayerNet
progress.SOON = 0
np.random.seed(0)
net, X, y = TwoLayerNet(784, 50, 10), np.random.randn(500, 784), np.random.randint(10, size=500)
history = net.train(X, y, X, y, num_iters={updates}, verbose=True)
print("kept", len(history["loss_history"]), len(history["val_acc_history"]))
"""
ENVIRONMENT = {**os.environ, "TQDM_DISABLE": "", "PYTHONPATH": str(ROOT)}


def script(code: str, interrupt: str = "") -> tuple[str, str]:
    """Run code in Python with a terminal as stderr, Ctrl+C when a text is there; return what went to stdout and there."""
    ours, theirs = pty.openpty()
    termios.tcsetwinsize(theirs, (24, 100))
    command = [sys.executable, "-u", "-c", code]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=theirs, env=ENVIRONMENT, text=True)
    os.close(theirs)
    said = b""
    while True:
        try:
            said += os.read(ours, 4096)
        except OSError:
            break  # it has ended
        if interrupt and interrupt in said.decode(errors="replace"):
            process.send_signal(signal.SIGINT)
            interrupt = ""
    os.close(ours)
    return process.communicate()[0], said.decode()


def test_a_terminal_has_the_classic_lines_and_a_bar_beside_them():
    printed, bar = script(TRAIN.format(updates=201))
    lines = printed.splitlines()
    assert [re.sub(r"loss [\d.]{8}$", "loss", line) for line in lines] == [
        "iteration 0 / 201: loss",
        "iteration 100 / 201: loss",
        "iteration 200 / 201: loss",
        "kept 201 81",
    ]
    assert re.search(r"%\|.*\| \d+ of 201 updates, 00:0\d left, loss 2\.\d+, accuracy 0\.\d+", bar)
    assert re.search(r"201 of 201 updates in 00:0\d", bar)


def test_ctrl_c_keeps_what_was_learned():
    printed, _ = script(TRAIN.format(updates=100_000), interrupt="left")
    done, kept = re.search(
        r"stopped after (\d+) of 100000 updates: what was learned is kept\nkept (\d+) ", printed
    ).groups()
    assert int(done) == int(kept) < 100_000


def test_ctrl_c_a_second_time_ends_everything_and_after_an_error_it_is_as_always():
    stuck = "from cattern import progress; import time; progress.SOON = 0\n"
    loop = "for i in progress.progress(range(9), 'steps'):\n    if i: {}\n"
    again = "os.kill(os.getpid(), 2); os.kill(os.getpid(), 2)"
    _, said = script(f"import os\n{stuck}{loop.format(again)}")
    assert said.rstrip().endswith("KeyboardInterrupt")
    failing = f"def f():\n    {loop.format('1 / 0').replace(chr(10), chr(10) + '    ')}\n"
    after = "import sys, os\ntry: f()\nexcept ZeroDivisionError as e: kept = e\nos.kill(os.getpid(), 2); print('not reached')"
    printed, said = script(f"{stuck}{failing}{after}")
    assert "not reached" not in printed and said.rstrip().endswith("KeyboardInterrupt")


def test_a_loop_inside_another_has_no_bar_and_is_not_cut_short():
    printed, bar = script(
        "import os\nfrom cattern.progress import progress\nfrom cattern import progress as p; p.SOON = 0\n"
        "for i in progress(range(4), 'runs'):\n    for j in progress(range(5), 'epochs'):\n"
        "        if (i, j) == (1, 2): os.kill(os.getpid(), 2)\n        print(i, j)\n"
    )
    lines = [f"{i} {j}" for i in range(2) for j in range(5)]
    assert printed.splitlines() == [*lines, "stopped after 2 of 4 runs: what was learned is kept"]
    assert "runs" in bar and "epochs" not in bar


def test_a_notebook_shows_a_bar_and_its_button_keeps_what_was_learned():
    manager, client = start_new_kernel(kernel_name="python3", env=ENVIRONMENT)
    outputs, pressed = [], []

    def seen(message):
        outputs.append(message)
        if " left" in message["content"].get("data", {}).get("text/html", "") and not pressed:
            pressed.append(manager.interrupt_kernel())

    try:
        reply = client.execute_interactive(TRAIN.format(updates=100_000), output_hook=seen, timeout=60)
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)
    assert reply["content"]["status"] == "ok"
    text = "".join(m["content"].get("text", "") for m in outputs)
    assert "what was learned is kept\nkept" in text
    assert not [m for m in outputs if m["content"].get("name") == "stderr"]
    last = [m["content"]["data"] for m in outputs if "data" in m["content"]][-1]
    assert re.match(
        r"<progress value=\d+ max=100000></progress> <code>\d+ of 100000 updates in 00:", last["text/html"]
    )
    assert re.match(r"\d+ of 100000 updates in 00:", last["text/plain"])


@pytest.mark.parametrize("verbose", [True, False])
def test_where_nobody_looks_on_nothing_is_seen_and_nothing_imported(verbose):
    code = (
        "import sys, signal\nfrom cattern.progress import progress\nsteps = progress(iter('abc'), 'letters', %r, loss=[None])\n"
        "for x in steps:\n    steps.print(x)\n"
        "assert signal.getsignal(2) is signal.default_int_handler and 'tqdm' not in sys.modules"
    )
    command = [sys.executable, "-c", code % verbose]
    done = subprocess.run(command, env=ENVIRONMENT, capture_output=True, text=True, check=True)
    assert (done.stdout, done.stderr) == ("a\nb\nc\n", "")


def test_what_is_no_number_is_not_shown_and_no_error():
    assert (
        module._words({"loss": [0.5, 0.25], "odd": [[1, 2]], "none": [None], "no": [], "accuracy": "x"})
        == "loss 0.25"
    )


def test_tqdms_own_switch_and_nbgraders_runs_turn_it_off(monkeypatch):
    monkeypatch.setattr(module, "in_notebook", lambda: True)
    for name in module.OFF:
        monkeypatch.delenv(name, raising=False)
    assert module._somebody_looks_on()
    for name in module.OFF:
        with monkeypatch.context() as patch:
            patch.setenv(name, "1")
            assert not module._somebody_looks_on()
