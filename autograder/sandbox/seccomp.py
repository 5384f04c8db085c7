"""Which system calls the wall refuses: the ones that could outlive a task, reach a neighbour or bargain with the kernel.

Student code needs none of them. What is refused fails with an ordinary error (EPERM), so a library that only tries finds
its other way. The filter is a classic BPF program (linux/seccomp.h), given to bubblewrap before anything runs.
"""

import errno
import platform
import struct

# name: (x86_64, aarch64), from the kernel's asm/unistd.h
_REFUSED = {
    # What stays behind when its process is gone.
    "shmget": (29, 194), "msgget": (68, 186), "semget": (64, 190), "mq_open": (240, 180),
    "add_key": (248, 217), "request_key": (249, 218), "keyctl": (250, 219),
    # Memory that no limit counts.
    "memfd_create": (319, 279), "memfd_secret": (447, 447),
    # Other processes, the warm one above all.
    "ptrace": (101, 117), "process_vm_readv": (310, 270), "process_vm_writev": (311, 271), "kcmp": (312, 272),
    "pidfd_getfd": (438, 438), "setpriority": (141, 140), "ioprio_set": (251, 30),
    "move_pages": (279, 239), "migrate_pages": (256, 238),
    # Other namespaces and mounts.
    "unshare": (272, 97), "setns": (308, 268), "mount": (165, 40), "umount2": (166, 39), "pivot_root": (155, 41),
    "chroot": (161, 51), "open_tree": (428, 428), "move_mount": (429, 429), "fsopen": (430, 430),
    "fsconfig": (431, 431), "fsmount": (432, 432), "fspick": (433, 433), "mount_setattr": (442, 442),
    "name_to_handle_at": (303, 264), "open_by_handle_at": (304, 265),
    # Doors into the kernel that have been broken before.
    "bpf": (321, 280), "perf_event_open": (298, 241), "userfaultfd": (323, 282), "personality": (135, 92),
    "io_uring_setup": (425, 425), "io_uring_enter": (426, 426), "io_uring_register": (427, 427), "syslog": (103, 116),
}  # fmt: skip
# Allowed for the caller itself (first argument 0), refused for another process.
_ONLY_SELF = {
    "prlimit64": (302, 261), "sched_setaffinity": (203, 122), "sched_setscheduler": (144, 119),
    "sched_setparam": (142, 118), "sched_setattr": (314, 274),
}  # fmt: skip
_CLONE, _CLONE3, _SOCKET = (56, 220), 435, (41, 198)
_NEW_NAMESPACES = 0x7E020000  # every CLONE_NEW… flag
_FAMILIES = (
    1,
    2,
    10,
)  # AF_UNIX, AF_INET, AF_INET6: a network namespace does not hold the others (vsock, for one)

_ARCHITECTURES = {"x86_64": (0, 0xC000003E), "aarch64": (1, 0xC00000B7)}
_LOAD, _EQUAL, _AT_LEAST, _ANY_BIT, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
_NUMBER_AT, _ARCHITECTURE_AT, _ARGUMENT_AT = 0, 4, 16
_ALLOW, _KILL, _FAIL = 0x7FFF0000, 0x80000000, 0x00050000


def refused_calls() -> bytes:
    """Return the filter for this machine.

    Raises:
        NotImplementedError: the machine is neither x86_64 nor aarch64.
    """
    machine = platform.machine()
    if machine not in _ARCHITECTURES:
        raise NotImplementedError(
            f"the wall has no system-call table for {machine}: it knows x86_64 and aarch64"
        )
    column, architecture = _ARCHITECTURES[machine]
    refuse = (_RETURN, 0, 0, _FAIL | errno.EPERM)
    allow = (_RETURN, 0, 0, _ALLOW)
    argument = (_LOAD, 0, 0, _ARGUMENT_AT)

    program = [
        (_LOAD, 0, 0, _ARCHITECTURE_AT),
        (_EQUAL, 1, 0, architecture),
        (_RETURN, 0, 0, _KILL),
        (_LOAD, 0, 0, _NUMBER_AT),
        (_AT_LEAST, 0, 1, 0x40000000),  # the x32 twins of x86_64's calls
        (_RETURN, 0, 0, _KILL),
    ]
    for numbers in _REFUSED.values():
        program += [(_EQUAL, 0, 1, numbers[column]), refuse]
    for numbers in _ONLY_SELF.values():
        program += [(_EQUAL, 0, 4, numbers[column]), argument, (_EQUAL, 1, 0, 0), refuse, allow]
    program += [(_EQUAL, 0, 4, _CLONE[column]), argument, (_ANY_BIT, 0, 1, _NEW_NAMESPACES), refuse, allow]
    # clone3 keeps its flags in memory, where a filter cannot look; told "no such call", the C library uses clone.
    program += [(_EQUAL, 0, 1, _CLONE3), (_RETURN, 0, 0, _FAIL | errno.ENOSYS)]
    families = [(_EQUAL, len(_FAMILIES) - i, 0, family) for i, family in enumerate(_FAMILIES)]
    program += [(_EQUAL, 0, len(families) + 2, _SOCKET[column]), argument, *families]
    program += [(_RETURN, 0, 0, _FAIL | errno.EAFNOSUPPORT), allow]
    return b"".join(struct.pack("<HBBI", *instruction) for instruction in program)
