"""Runs untrusted code: one Python kept warm behind bubblewrap, one forked process for each task, bytes in, bytes out.

    with Sandbox(engine_dir) as sandbox:
        outcome = sandbox.run(files, request)

What comes back is what a student's process wrote: check it before use. A forged answer can only ever be an answer to the
same task, because each task has its own process, descriptors and nonce, and nothing of it lives on.

A limit decides the same under load as without: CPU seconds count only what the task itself used, so keep them at ten
times what honest work takes; the wall limit is there for code that sleeps, and is far larger.
"""

import contextlib
import itertools
import json
import os
import secrets
import select
import signal
import socket
import struct
import subprocess
import warnings
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from autograder import temporary
from autograder.sandbox import walls
from autograder.sandbox.init import ORDER, READY
from autograder.sandbox.seccomp import task_filter, wall_filter
from autograder.sandbox.talk import Watched
from autograder.sandbox.task import Limits, Outcome, check_paths, outcome_of, printable
from autograder.sandbox.walls import SandboxError, require_bubblewrap, require_walls
from cattern.checking.channel import Pipe, PipeError
from cattern.checking.lab import PACKAGES

__all__ = [
    "AGENT",
    "Limits",
    "Outcome",
    "Sandbox",
    "SandboxError",
    "engine_files",
    "require_bubblewrap",
    "require_walls",
]

AGENT = "cattern_agent"  # the engine's name for `cattern.checking.agent`
ENTRY = f"{AGENT}.process:serve"
_START_SECONDS = 120.0  # for importing NumPy and Matplotlib on a busy machine
_GRACE_SECONDS = 10.0  # for the warm process to clean up after a task
_numbers = itertools.count()


class Sandbox:
    """A warm process behind the wall. Use one in each thread; it ends when the thread that started it ends.

    Args:
        engine_dir: a folder that holds the RELEASED student package: every submission can read it.
        limits: of every task, unless `run` is given others.
        preload: modules to import once, before any task; all must be importable in there.
        packages: distributions that submissions may import, with what those require.
        walls: False runs tasks without bubblewrap: only time and memory are limited.

    Raises:
        SandboxError: bubblewrap is missing, or does not start here.
    """

    def __init__(
        self,
        engine_dir: Path,
        *,
        limits: Limits | None = None,
        preload: Sequence[str] = ("numpy", "matplotlib.pyplot", f"{AGENT}.process"),
        packages: Sequence[str] = tuple(PACKAGES.values()),
        walls: bool = True,
    ):
        self._engine, self._limits, self._walls = engine_dir, limits or Limits(), walls
        self._preload, self._packages = list(preload), tuple(packages)
        self._number = next(_numbers)
        self._process: subprocess.Popen | None = None
        self._pid = 0
        self._folder: Path | None = None
        if walls:
            require_bubblewrap()
        else:
            message = "no sandbox: submissions run as you, and can read and change what you can"
            warnings.warn(message, RuntimeWarning, stacklevel=2)

    def __enter__(self) -> "Sandbox":
        self._start()
        return self

    def __exit__(self, *_) -> None:
        self.close()

    def run(
        self,
        files: Mapping[str, bytes],
        request: bytes,
        limits: Limits | None = None,
        *,
        entry: str = ENTRY,
        converse: Callable[[Pipe], None] | None = None,
    ) -> Outcome:
        """Run one task. Whatever the student's code does, this returns, and the next task finds all as it was.

        Args:
            files: the student's files, by their paths in the task's working directory.
            request: handed to the entry point.
            limits: for this task; those of the sandbox by default.
            entry: `"module:function"` of the engine. The function takes the request's bytes and returns the answer's.
            converse: talks with the task while it runs, over a pipe whose descriptor the function takes as well. It must
                not raise for what the task does; a `PipeError` ends it, and the task with it.

        Raises:
            ValueError: a path leads out of the working directory.
            SandboxError: the sandbox cannot be started (again).
        """
        check_paths(files)
        limits = limits or self._limits
        if not self._ready(_GRACE_SECONDS):
            self._start()
        names = json.dumps({"entry": entry, "files": [(name, len(data)) for name, data in files.items()]})
        nonce = secrets.token_bytes(16)
        order = ORDER.pack(
            nonce, limits.cpu_seconds, limits.wall_seconds, limits.memory, limits.processes,
            limits.open_files, limits.file_size, limits.output,
        )  # fmt: skip
        with contextlib.ExitStack() as stack:
            descriptors = [os.memfd_create("request"), os.memfd_create("answer"), *os.pipe()]
            for descriptor in descriptors[:3]:
                stack.callback(os.close, descriptor)
            asked, answer, notes, notes_in = descriptors
            here, there = (stack.enter_context(end) for end in socket.socketpair())
            try:
                said = names.encode()
                with open(asked, "wb", closefd=False) as file:
                    file.writelines((struct.pack("<Q", len(said)), said, *files.values(), request))
                self._is_ready = False
                socket.send_fds(
                    self._control, [order], [asked, answer, notes_in, *([there.fileno()] if converse else [])]
                )
            except OSError as error:
                return Outcome("sandbox", notes=f"the task could not be handed over: {error}")
            finally:
                os.close(notes_in)
                there.close()
            task = Watched(self._control, notes, here, limits.wall_seconds + _GRACE_SECONDS)
            if converse:
                with contextlib.suppress(PipeError):
                    converse(task)
            task.hang_up()
            report, text = task.wait()
            if report is None:
                self.close()
                return Outcome("sandbox", notes=f"the warm process did not answer\n{text}")
            return outcome_of(report, limits, nonce, answer, text)

    def close(self) -> None:
        """End the warm process and everything in it. Safe to call twice; `run` starts it again."""
        if self._process is not None:
            self._control.close()
            if self._process.poll() is None:
                # Killing process 1 ends its namespace; bubblewrap is gone only after all of that is.
                with contextlib.suppress(ProcessLookupError):
                    os.kill(self._pid or self._process.pid, signal.SIGKILL)
            self._process.wait()
            self._process = None
        if self._folder is not None:
            temporary.remove(self._folder)
            self._folder = None

    def _start(self) -> None:
        self.close()
        self._is_ready = False
        self._control, inside = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with inside, contextlib.ExitStack() as stack:
            errors, bpf, info = (stack.enter_context(_memory_file(n)) for n in ("stderr", "seccomp", "info"))
            bpf.write(wall_filter() if self._walls else b"")
            bpf.seek(0)
            command, environment = self._command(inside.fileno(), bpf.fileno(), info.fileno())
            self._process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=errors,
                pass_fds=[file.fileno() for file in (inside, bpf, info)],
                env=environment,
                start_new_session=True,
            )
            inside.close()
            ready = self._ready(_START_SECONDS)
            self._pid = _inner_pid(info)
            if not ready:
                self.close()
                errors.seek(0)
                raise walls.refusal(printable(errors.read()))

    def _command(self, control: int, bpf: int, info: int) -> tuple[list[str], dict[str, str]]:
        """Return the command that starts the warm process, and its environment; makes its folder where there is no wall."""
        if self._walls:
            tmp, environment = str(walls.private_tmp(self._packages)), {}
            command = walls.wall_command(self._engine, self._packages, self._limits.tmp_size, bpf, info)
            command += ["--", *walls.python_command(walls.INIT)]
        else:
            self._folder = temporary.make_folder("open")
            tmp = str(self._folder)
            environment = walls.ENVIRONMENT | {"HOME": tmp, "TMPDIR": tmp, "MPLCONFIGDIR": tmp}
            command = walls.python_command(Path(__file__).with_name("init.py"))
        config = {
            "control": control,
            "walls": self._walls,
            "uid": walls.sandbox_uid(self._number) if self._walls else None,
            "engine": str(walls.ENGINE if self._walls else self._engine.resolve()),
            "packages": walls.package_folders(self._packages),
            "preload": self._preload,
            "tmp": tmp,
            "filter": task_filter().hex() if self._walls else "",
        }
        # When memory ends, the kernel shall end a sandbox, and nothing else.
        expendable = ["/bin/sh", "-c", 'echo 1000 2>/dev/null >/proc/self/oom_score_adj; exec "$@"', "sh"]
        return [*expendable, *command, json.dumps(config)], environment

    def _ready(self, seconds: float) -> bool:
        """Whether the warm process has cleaned up and waits for a task."""
        if self._process is None or self._process.poll() is not None:
            return False
        if not self._is_ready:
            watcher = select.poll()
            watcher.register(self._control, select.POLLIN)
            with contextlib.suppress(OSError):
                self._is_ready = bool(watcher.poll(seconds * 1000)) and self._control.recv(64) == READY
        return self._is_ready


def engine_files(release: Mapping[str, bytes]) -> dict[str, bytes]:
    """Return what the sandbox can see of the released package: all but the checks, and the agent under its own name.

    Nothing of a driver, a stand-in or a probe is in it.
    """
    checks, agent = "cattern/checking/", "cattern/checking/agent/"
    files = {name: data for name, data in release.items() if not name.startswith(checks)}
    files |= {
        f"{AGENT}/{name.removeprefix(agent)}": data
        for name, data in release.items()
        if name.startswith(agent)
    }
    return files | {"cattern/__init__.py": b""}


def _inner_pid(info) -> int:
    """Return the warm process's id, as bubblewrap wrote it down; 0 without one."""
    info.seek(0)
    with contextlib.suppress(ValueError):
        return json.loads(info.read())["child-pid"]
    return 0


def _memory_file(name: str):
    return os.fdopen(os.memfd_create(name), "w+b")
