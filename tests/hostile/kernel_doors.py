"""Tries the system calls that leave something behind or open another world, and names those that worked."""

import ctypes
import os
import platform

libc = ctypes.CDLL(None, use_errno=True)
IPC_CREAT, KEY = 0o1600, 4711


def scores(X):
    worked = []
    for name, call in {
        "shared memory": lambda: libc.shmget(KEY, 4096, IPC_CREAT),
        "semaphore": lambda: libc.semget(KEY, 1, IPC_CREAT),
        "message queue": lambda: libc.msgget(KEY, IPC_CREAT),
        "posix queue": lambda: libc.mq_open(b"/left", os.O_CREAT | os.O_RDWR, 0o600, None),
        "memory file": lambda: libc.memfd_create(b"left", 0),
        "user namespace": lambda: libc.unshare(0x10000000),
        "mount namespace": lambda: libc.unshare(0x00020000),
        "chroot": lambda: libc.chroot(b"/tmp"),
        "mount": lambda: libc.mount(b"none", b"/tmp", b"tmpfs", 0, None),
        "set uid": lambda: libc.setuid(0),
        "key": lambda: libc.syscall(
            *{"x86_64": (248,), "aarch64": (217,)}[platform.machine()], b"user", b"k", b"v", 1, -2
        ),
        "vfork": lambda: libc.syscall(58) if platform.machine() == "x86_64" else -1,
        "process": lambda: libc.syscall({"x86_64": 56, "aarch64": 220}[platform.machine()], 17, 0, 0, 0, 0),
        "pidfd_getfd": lambda: libc.syscall(438, 0, 0, 0),
        "unknown call": lambda: libc.syscall(460, 0, 0, 0),
        "io_uring": lambda: libc.syscall(425, 8, ctypes.create_string_buffer(200)),
    }.items():
        if call() >= 0:
            worked.append(name)
    flags = 0x10000000 | 17  # a new user namespace, SIGCHLD
    child = libc.syscall({"x86_64": 56, "aarch64": 220}[platform.machine()], flags, 0, 0, 0, 0)
    if child == 0:
        os._exit(0)
    if child > 0:
        worked.append("clone")
    return " ".join(worked)
