"""What happens on this side while a task runs: bytes over its pipe, its stderr, and the warm process's report."""

import contextlib
import os
import select
import socket
import time

from autograder.sandbox.init import REPORT
from autograder.sandbox.task import MAX_NOTES, printable
from cattern.checking.channel import PipeError


class Watched:
    """A task that runs, until it ends or its time is over. It is the `Pipe` of a conversation with it.

    Args:
        control: where the warm process reports the end.
        notes: descriptor of what the task writes to stderr. It is read all the time, or the task would wait.
        pipe: this end of the pipe.
        seconds: how long to wait, at most.
    """

    def __init__(self, control: socket.socket, notes: int, pipe: socket.socket, seconds: float):
        self._control, self._notes, self._pipe = control, notes, pipe
        self._tail, self._report, self._unread, self._over = b"", None, bytearray(), False
        self._deadline = time.monotonic() + seconds
        os.set_blocking(notes, False)
        pipe.setblocking(False)
        self._poll = select.poll()
        for each in (control, notes, pipe):
            self._poll.register(each, select.POLLIN)

    def send(self, data: bytes) -> None:
        """Send all of the data to the task; see `Pipe`."""
        left = memoryview(data)
        while left:
            try:
                left = left[self._pipe.send(left) :]
            except BlockingIOError:
                self._poll.modify(self._pipe, select.POLLOUT)
                self._step()
                self._poll.modify(self._pipe, select.POLLIN)
            except OSError:
                raise PipeError("the process ended") from None

    def receive(self, size: int) -> bytes:
        """Return exactly so many bytes from the task; see `Pipe`."""
        while len(self._unread) < size:
            if self._step():
                try:
                    data = self._pipe.recv(2**18)
                except OSError:
                    data = b""
                if not data:
                    raise PipeError("the process ended")
                self._unread += data
        found = bytes(self._unread[:size])
        del self._unread[:size]
        return found

    def hang_up(self) -> None:
        """Close this end: the task knows that nothing more comes."""
        self._poll.unregister(self._pipe)
        self._pipe.close()

    def wait(self) -> tuple[tuple | None, str]:
        """Return the warm process's report (None without one) and the end of what the task wrote to stderr."""
        with contextlib.suppress(PipeError):
            while self._report is None:
                self._step()
        with contextlib.suppress(OSError):
            self._tail = (self._tail + os.read(self._notes, 2**20))[-MAX_NOTES:]
        return self._report, printable(self._tail)

    def _step(self) -> bool:
        """Wait for something to happen; tell whether it was at the pipe.

        Raises:
            PipeError: it was the end of the task, or of its time.
        """
        left = self._deadline - time.monotonic()
        ready = dict(self._poll.poll(left * 1000)) if left > 0 and not self._over else {}
        if self._notes in ready:
            data = os.read(self._notes, 2**16)
            self._tail = (self._tail + data)[-MAX_NOTES:]
            if not data:
                self._poll.unregister(self._notes)
        if self._pipe.fileno() in ready:  # what it sent before its end is read before that
            return True
        if self._control.fileno() in ready:
            said = b""
            with contextlib.suppress(OSError):
                said = self._control.recv(REPORT.size)
            self._report = REPORT.unpack(said) if len(said) == REPORT.size else None
            self._over = True
        if not ready or self._over:
            raise PipeError("the process ended")
        return False
