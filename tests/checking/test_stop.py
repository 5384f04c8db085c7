"""A loop that does not end is stopped by an exception in the student's own code; honest code is not, and no message is cut."""

import signal
import time

import pytest

from cattern.checking.agent import commands, stop
from cattern.checking.agent.loading import without_trace
from cattern.checking.agent.looks import stuck_at
from cattern.checking.agent.process import Agent

NAME, FILE = "student_that_loops", "student_that_loops.py"
STUDENT = """
def endless(x=None):
    while True:
        pass
def catches():
    while True:
        try:
            endless()
        except Exception:
            return "caught"
def calls(other):
    while True:
        other()
def honest(n):
    total = 0
    for i in range(n):
        total += i
    return total
"""
LOOP, CALLS = 3, 12  # lines


@pytest.fixture
def agent(monkeypatch):
    """An agent that has loaded the file and knows two of its loops; it waits for a twentieth of a second."""
    monkeypatch.setattr(stop, "KNOWN", 0.05)
    before = signal.getsignal(signal.SIGPROF)
    agent = Agent(-1, FILE)
    with without_trace([NAME]):
        agent.student, _ = agent._do_load(NAME, STUDENT, (LOOP, CALLS))
        yield agent
    signal.setitimer(signal.ITIMER_PROF, 0)
    signal.signal(signal.SIGPROF, before)


def asked(agent, do, *args):
    agent.stopper.begin()
    try:
        return do(*args)
    finally:
        agent.stopper.end()


def test_a_known_loop_is_stopped_in_the_students_code_and_told_once(agent, capfd):
    for _ in range(3):
        with pytest.raises(stop.TookTooLong, match=f"still at line {LOOP}") as error:
            asked(agent, agent._do_call, agent.student.endless, (), ())
        assert [entry.name for entry in error.traceback][-3:-1] == ["endless", "_tick"]
    assert asked(agent, agent._do_call, agent.student.catches, (), ()) == "caught"
    assert asked(agent, commands.outcome_of, agent.student.endless, (), {}) is None
    assert capfd.readouterr().err.count("still at line") == 1


def test_slow_code_outside_of_the_loop_is_not_stopped(agent):
    with pytest.raises(stop.TookTooLong):
        asked(agent, agent._do_call, agent.student.endless, (), ())
    began, n = time.process_time(), 1000
    while time.process_time() - began < 0.2:  # far longer than a loop that is known may take
        n *= 2
        assert asked(agent, agent._do_call, agent.student.honest, (n,), ()) == n * (n - 1) // 2


def test_while_a_message_is_sent_nothing_is_raised(agent):
    """What loops in calls of a stand-in is stopped when it gets the answer: a message that is cut would end everything."""
    said = []

    def send(*_, **__):
        began = time.process_time()
        while time.process_time() - began < 0.02:
            pass
        said.append("whole")

    agent._send, agent._serve = send, lambda: ({}, None)
    with pytest.raises(stop.TookTooLong) as error:
        asked(agent, agent._do_call, agent.student.calls, (lambda: agent._callback(1, "", (), {}),), ())
    assert said and "_callback" in [entry.name for entry in error.traceback]


def test_without_a_loop_the_line_is_one_that_every_look_saw():
    """A recursion without end is somewhere else at every look; what called it is not."""
    deep = [("f.py", "predict", 9), ("f.py", "f", 3)]
    looks = [[*deep, ("f.py", "f", line)] for line in (2, 3, 2)] + [
        [*deep, ("f.py", "f", 3), ("f.py", "f", 2)]
    ]
    assert stuck_at(looks) == stuck_at(looks[::-1]) == ("f.py", 3, False)
    assert stuck_at([[("f.py", "f", 2)], []]) is None
