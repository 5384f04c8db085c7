"""Which system calls the wall lets through: an allow-list, so that a door nobody thought of is shut.

Student code needs little more than memory and files. What is refused fails with an ordinary error (EPERM), so a library
that only tries finds its other way. The filters are classic BPF programs (linux/seccomp.h): one that bubblewrap sets before
anything runs, and one more for each task, which may start threads but no process. So the limits on the CPU time and the
memory of one process are limits of the whole task.
"""

import errno
import platform
import struct

from autograder.sandbox.calls import ALLOWED, CLONE, CLONE3, ONLY_SELF, SOCKET, UNKNOWN_FROM

_NEW_NAMESPACES = 0x7E020000  # every CLONE_NEW… flag
_THREAD = 0x00010000  # CLONE_THREAD
# AF_UNIX, AF_INET, AF_INET6: a network namespace does not hold the others (vsock, for one)
_FAMILIES = (1, 2, 10)

_ARCHITECTURES = {"x86_64": (0, 0xC000003E), "aarch64": (1, 0xC00000B7)}
_LOAD, _EQUAL, _AT_LEAST, _ANY_BIT, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
_NUMBER_AT, _ARCHITECTURE_AT, _ARGUMENT_AT = 0, 4, 16
_KILL, _FAIL = 0x80000000, 0x00050000

_ALLOW = (_RETURN, 0, 0, 0x7FFF0000)
_REFUSE = (_RETURN, 0, 0, _FAIL | errno.EPERM)
_NO_SUCH_CALL = (_RETURN, 0, 0, _FAIL | errno.ENOSYS)
_ARGUMENT = (_LOAD, 0, 0, _ARGUMENT_AT)


def wall_filter() -> bytes:
    """Return the filter for everything inside the wall, the warm process included.

    Raises:
        NotImplementedError: the machine is neither x86_64 nor aarch64.
    """
    column, program = _begin()
    for numbers in ALLOWED.values():
        if numbers[column] is not None:
            program += [(_EQUAL, 0, 1, numbers[column]), _ALLOW]
    for numbers in ONLY_SELF.values():
        program += [(_EQUAL, 0, 4, numbers[column]), _ARGUMENT, (_EQUAL, 1, 0, 0), _REFUSE, _ALLOW]
    program += [(_EQUAL, 0, 4, CLONE[column]), _ARGUMENT, (_ANY_BIT, 0, 1, _NEW_NAMESPACES), _REFUSE, _ALLOW]
    families = [(_EQUAL, len(_FAMILIES) - i, 0, family) for i, family in enumerate(_FAMILIES)]
    program += [(_EQUAL, 0, len(families) + 3, SOCKET[column]), _ARGUMENT, *families]
    program += [(_RETURN, 0, 0, _FAIL | errno.EAFNOSUPPORT), _ALLOW]
    # clone3 keeps its flags in memory, where a filter cannot look; told "no such call", the C library uses clone.
    program += [(_EQUAL, 0, 1, CLONE3[column]), _NO_SUCH_CALL, (_AT_LEAST, 0, 1, UNKNOWN_FROM), _NO_SUCH_CALL]
    return _packed([*program, _REFUSE])


def task_filter() -> bytes:
    """Return the filter that a task gets on top: threads, but no process beside its own."""
    column, program = _begin()
    for name in ("fork", "vfork"):
        if ALLOWED[name][column] is not None:
            program += [(_EQUAL, 0, 1, ALLOWED[name][column]), _REFUSE]
    program += [(_EQUAL, 0, 4, CLONE[column]), _ARGUMENT, (_ANY_BIT, 1, 0, _THREAD), _REFUSE, _ALLOW]
    return _packed([*program, _ALLOW])


def _begin() -> tuple[int, list[tuple]]:
    """Return this machine's column of the tables, and how every filter begins: with the call's number at hand."""
    machine = platform.machine()
    if machine not in _ARCHITECTURES:
        known = " and ".join(_ARCHITECTURES)
        raise NotImplementedError(f"the wall has no system-call table for {machine}: it knows {known}")
    column, architecture = _ARCHITECTURES[machine]
    return column, [
        (_LOAD, 0, 0, _ARCHITECTURE_AT),
        (_EQUAL, 1, 0, architecture),
        (_RETURN, 0, 0, _KILL),
        (_LOAD, 0, 0, _NUMBER_AT),
        (_AT_LEAST, 0, 1, 0x40000000),  # the x32 twins of x86_64's calls
        (_RETURN, 0, 0, _KILL),
    ]


def _packed(program: list[tuple]) -> bytes:
    return b"".join(struct.pack("<HBBI", *instruction) for instruction in program)
