"""Tries to look into the parent, to slow it down, or to lower its limits, and names what worked."""

import ctypes
import os
import resource

libc = ctypes.CDLL(None, use_errno=True)


def scores(X):
    worked = []

    def attempt(name, call):
        try:
            call()
        except OSError:
            return
        worked.append(name)

    def traced(request):
        if libc.ptrace(request, 1, 0, 0) != 0:
            raise OSError

    attempt("prlimit", lambda: resource.prlimit(1, resource.RLIMIT_NOFILE, (1, 1)))
    attempt("priority", lambda: os.setpriority(os.PRIO_PROCESS, 1, 19))
    attempt("priority of a user", lambda: os.setpriority(os.PRIO_USER, 0, 19))
    attempt("affinity", lambda: os.sched_setaffinity(1, {0}))
    attempt("scheduler", lambda: os.sched_setscheduler(1, os.SCHED_IDLE, os.sched_param(0)))
    attempt("attach", lambda: traced(16))
    attempt("seize", lambda: traced(0x4206))
    buffer = ctypes.create_string_buffer(8)
    vector = (ctypes.c_void_p * 2)(ctypes.addressof(buffer), 8)
    if libc.process_vm_readv(1, vector, 1, vector, 1, 0) >= 0:
        worked.append("read memory")
    return " ".join(worked)
