"""The warm process inside the wall: forks one child for each task, and afterwards leaves no trace of it.

It imports nothing of `autograder`, so it can be the only file of it that is visible in there. It never reads a byte that
a student wrote: files, requests and answers go through descriptors that it only hands on. As process 1 of its own
process namespace it cannot be killed or stopped from inside, and it can end everything else with one call.
"""

import contextlib
import ctypes
import gc
import importlib
import json
import mmap
import os
import random
import resource
import select
import shutil
import signal
import socket
import struct
import sys
import time
import traceback
from collections.abc import Callable
from pathlib import Path

# nonce, CPU seconds, wall seconds, bytes of address space, processes, open files, bytes of a file, bytes of an answer
ORDER = struct.Struct("<16sQdQQQQQ")
# wait status, CPU seconds, largest resident size in bytes, why it was ended
REPORT = struct.Struct("<idQB")
NOT_ENDED, LATE, CROWDED = 0, 1, 2
MAX_FILES = 20_000  # that a task may have in its folder: more of them would slow the next task, which has to remove them
# Written before an answer, last of all: nonce, kind, bytes that follow
FRAME = struct.Struct("<16sBQ")
ANSWER, OUT_OF_MEMORY, TOO_LONG = 0, 1, 2
READY = b"ready"

_PR_SET_PDEATHSIG, _PR_SET_DUMPABLE, _PR_SET_CHILD_SUBREAPER = 1, 4, 36
_PR_SET_SECCOMP, _SECCOMP_MODE_FILTER = 22, 2


def main() -> None:
    """Warm up, then serve tasks until the other end of the control socket is closed."""
    config = json.loads(sys.argv[1])
    control = socket.socket(fileno=config["control"])
    walls, tmp = config["walls"], Path(config["tmp"])
    if config["uid"] is not None:
        os.setgroups([])
        os.setresgid(config["uid"], config["uid"], config["uid"])
        os.setresuid(config["uid"], config["uid"], config["uid"])
    libc = ctypes.CDLL(None)
    libc.prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)  # nobody else may look into this process or change it
    if not walls:
        libc.prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    os.umask(0o077)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))

    sys.argv = ["cattern"]
    sys.path[:0] = [config["engine"]]
    sys.path += config["packages"]
    for name in config["preload"]:
        importlib.import_module(name)
    if "numpy" in sys.modules:
        sys.modules["numpy"].random.seed(0)
    no_forks = _program(bytes.fromhex(config["filter"]))
    size = _address_space()
    gc.collect()
    gc.freeze()  # a collection in a child would otherwise touch, and so copy, every page

    while _empty(tmp):
        control.send(READY)
        order, descriptors, *_ = socket.recv_fds(control, ORDER.size, 4)
        if len(order) != ORDER.size:
            break
        child = os.fork()
        if child == 0:
            control.close()
            if not walls:
                libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
                os.setpgid(0, 0)
            _answer(order, descriptors, tmp / "work", size, no_forks)
        for descriptor in descriptors:
            os.close(descriptor)
        control.send(_watch(control, child, ORDER.unpack(order)[2], tmp if walls else None))


def _answer(
    order: bytes, descriptors: list[int], work: Path, size: int, no_forks: Callable[[], None] | None
) -> None:
    """Be the child: limit yourself, lay out the student's files, call the entry point, write the answer, end."""
    code = 1
    try:
        nonce, cpu, _, memory, processes, files, file_size, longest = ORDER.unpack(order)
        request, answer, notes, *pipe = descriptors
        os.dup2(notes, 2)
        os.close(notes)
        signal.signal(signal.SIGINT, signal.default_int_handler)
        files_and_request = os.pread(request, os.fstat(request).st_size, 0)
        os.close(request)
        (length,) = struct.unpack_from("<Q", files_and_request)
        head = json.loads(files_and_request[8 : 8 + length])
        at = 8 + length
        work.mkdir()
        for name, bytes_ in head["files"]:
            path = work / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(files_and_request[at : at + bytes_])
            at += bytes_
        os.chdir(work)
        sys.path.insert(0, str(work))
        # Python reseeds this in every fork; code that forgets to seed shall still draw the same numbers.
        random.seed(0)
        module, function = head["entry"].split(":")

        _limit(resource.RLIMIT_CPU, cpu, cpu + 2)  # two seconds for what a stopped loop leaves to be done
        _limit(resource.RLIMIT_AS, size + memory)
        _limit(resource.RLIMIT_NOFILE, files)
        _limit(resource.RLIMIT_FSIZE, max(file_size, longest + FRAME.size))
        if no_forks:  # outside the wall, the limit would count everything else that the same user runs
            _limit(resource.RLIMIT_NPROC, processes + 1)
            no_forks()
        try:
            said = getattr(importlib.import_module(module), function)(files_and_request[at:], *pipe)
            kind = ANSWER if len(said) <= longest else TOO_LONG
        except MemoryError:
            said, kind = b"", OUT_OF_MEMORY
        if kind != ANSWER:
            said = b""
        left = memoryview(said)
        while left:
            left = left[os.pwrite(answer, left, FRAME.size + len(said) - len(left)) :]
        os.pwrite(answer, FRAME.pack(nonce, kind, len(said)), 0)
        code = 0
    except SystemExit as error:
        code = error.code & 255 if isinstance(error.code, int) else int(error.code is not None)
    except BaseException:
        with contextlib.suppress(BaseException):
            os.write(2, traceback.format_exc()[-4000:].encode(errors="replace"))
    finally:
        os._exit(code)  # no handler of the student's runs any more, and no thread keeps this process alive


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("code", ctypes.c_void_p))


def _program(code: bytes) -> Callable[[], None] | None:
    """Return a function that lets its process make no system call that the filter refuses, for good; None without one.

    All that it needs is made here, before any fork.
    """
    if not code:
        return None
    held = ctypes.create_string_buffer(code, len(code))
    program = _Program(len(code) // 8, ctypes.addressof(held))
    prctl, where = ctypes.CDLL(None, use_errno=True).prctl, ctypes.addressof(program)

    def install() -> None:
        if prctl(_PR_SET_SECCOMP, _SECCOMP_MODE_FILTER, ctypes.c_void_p(where), 0, 0):
            raise OSError(ctypes.get_errno(), "the filter of system calls could not be set")

    install.held = held, program  # for as long as the function is
    return install


def _limit(which: int, soft: int, hard: int | None = None) -> None:
    """Set a limit for good; one that is lower already stays."""
    _, old = resource.getrlimit(which)
    hard = soft if hard is None else hard
    if old != resource.RLIM_INFINITY:
        soft, hard = min(soft, old), min(hard, old)
    resource.setrlimit(which, (soft, hard))


def _watch(control: socket.socket, child: int, wall_seconds: float, tmp: Path | None) -> bytes:
    """Wait for a child, then end whatever it left behind. Returns a report.

    `tmp` is a file system of the task's own behind the wall, None without one.
    """
    descriptor = os.pidfd_open(child)
    watcher = select.poll()
    watcher.register(descriptor, select.POLLIN)
    watcher.register(control, select.POLLHUP)
    deadline, why, seen = time.monotonic() + wall_seconds, NOT_ENDED, []
    while not seen and not why:
        seen = watcher.poll(min(100.0, max(0.0, deadline - time.monotonic()) * 1000))
        if not seen:
            why = LATE if time.monotonic() >= deadline else CROWDED if tmp and _crowded(tmp) else NOT_ENDED
    if any(what == control.fileno() for what, _ in seen):
        os._exit(0)  # the grader is gone; what else is in here ends with this process
    os.close(descriptor)
    if why:
        os.kill(child, signal.SIGKILL)
    if tmp is None:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(child, signal.SIGKILL)
    _, status, usage = os.wait4(child, 0)
    _end_the_rest(tmp is not None)
    return REPORT.pack(status, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * 1024, why)


def _crowded(tmp: Path) -> bool:
    room = os.statvfs(tmp)
    return room.f_files - room.f_ffree > MAX_FILES


def _end_the_rest(walls: bool) -> None:
    """Kill and bury every other process. Returns only when there is none."""
    while True:
        if walls:
            try:
                os.kill(-1, signal.SIGKILL)  # everything in this process namespace but process 1
            except ProcessLookupError:
                return
        else:
            for orphan in _children():
                os.kill(orphan, signal.SIGKILL)
        with contextlib.suppress(ChildProcessError):
            while True:
                os.waitpid(-1, 0)
        if not walls and not _children():
            return


def _children() -> list[int]:
    """Return the processes whose parent is this one, orphans that it inherited included (without walls only)."""
    found = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            if int(path.read_text().rpartition(")")[2].split()[1]) == os.getpid():
                found.append(int(path.parent.name))
    return found


def _empty(folder: Path) -> bool:
    """Remove all that is in or on a folder. False when something resists: the whole sandbox is then replaced."""
    try:
        for entry in os.scandir(folder):
            if entry.is_dir(follow_symlinks=False):
                shutil.rmtree(entry.path)
            else:
                Path(entry.path).unlink()
        if folder.stat().st_uid == os.getuid():  # in a user namespace the student owns it as well
            os.utime(folder, (0, 0))
        return not any(name.startswith("user.") for name in os.listxattr(folder))
    except (OSError, RecursionError):
        return False


def _address_space() -> int:
    """Return the bytes of address space of this process, found as the smallest limit that lets it map one page more."""
    page, low, high = mmap.PAGESIZE, 0, 2**44
    old = resource.getrlimit(resource.RLIMIT_AS)
    while high - low > page:
        middle = (low + high) // 2 // page * page
        resource.setrlimit(resource.RLIMIT_AS, (middle, old[1]))
        try:
            mmap.mmap(-1, page).close()
            high = middle
        except (OSError, MemoryError):
            low = middle
    resource.setrlimit(resource.RLIMIT_AS, old)
    return high


if __name__ == "__main__":
    main()
