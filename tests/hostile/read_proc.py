"""Looks for what the kernel tells about other processes and the machine."""

import os


def scores(X):
    return " ".join(
        path for path in ("/proc", "/sys", "/home", "/var", "/run", "/etc/passwd") if os.path.exists(path)
    )
