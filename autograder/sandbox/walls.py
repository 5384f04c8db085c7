"""The view that bubblewrap gives a submission: a read-only Python, a small private /tmp, and nothing else.

Everything needed is bound at its own path, because libraries find one another by path. Folders of installed packages are
covered up and only the named packages put back: a course installed beside NumPy stays out of sight.
"""

import functools
import importlib.metadata
import os
import platform
import re
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Iterable
from pathlib import Path

from cattern.errors import CatternError

ENGINE = Path("/engine")
INIT = Path("/sandbox_init.py")

ENVIRONMENT = {
    "PATH": "/usr/bin:/bin",
    "LANG": "C.UTF-8",
    "TZ": "UTC",
    "PYTHONHASHSEED": "0",
    "PYTHONDONTWRITEBYTECODE": "1",
    "MPLBACKEND": "Agg",
    # One BLAS thread: sums come out in the same order every time, and a class does not fight over cores.
    "OPENBLAS_NUM_THREADS": "1",
    "OMP_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
}
_HOW_TO_GET_IT = (
    "Grading runs submissions inside bubblewrap. Install it with one of\n"
    "    sudo apt install bubblewrap\n"
    "    sudo dnf install bubblewrap\n"
    "    conda install -c conda-forge bubblewrap\n"
    "or, for submissions you trust as your own code, pass --no-sandbox."
)


class SandboxError(CatternError):
    """The wall around submissions cannot be built or does not hold; no submission is to blame."""


@functools.cache
def require_bubblewrap() -> str:
    """Return the path of `bwrap`.

    Raises:
        SandboxError: there is none, or it is older than 0.7; the message says how to get it.
    """
    found = shutil.which("bwrap")
    if found is None:
        raise SandboxError(f"bubblewrap (bwrap) is not installed. {_HOW_TO_GET_IT}")
    said = subprocess.run([found, "--version"], capture_output=True, text=True).stdout
    version = tuple(int(part) for part in re.findall(r"\d+", said)[:2])
    if version < (0, 7):
        raise SandboxError(
            f"{found} is {said.strip() or 'unusable'}; version 0.7 or later is needed. {_HOW_TO_GET_IT}"
        )
    return found


@functools.cache
def require_walls() -> None:
    """Build a wall once, around nothing.

    Raises:
        SandboxError: bubblewrap is missing, too old, or refused; the message says what to do.
    """
    command = [require_bubblewrap(), *_user(), "--unshare-ipc", "--unshare-pid", "--unshare-net"]
    done = subprocess.run([*command, "--ro-bind", "/", "/", "--", "true"], capture_output=True, text=True)
    if done.returncode:
        raise refusal(done.stderr)


def refusal(said: str) -> SandboxError:
    """Return the error that tells why no sandbox starts here, from bubblewrap's own words, and the cure for that."""
    if platform.release().endswith("-Microsoft"):
        cure = "WSL 1 has no namespaces: change to WSL 2 (in PowerShell: wsl --set-version <distribution> 2)."
    elif any(Path(sign).exists() for sign in ("/.dockerenv", "/run/.containerenv")):
        cure = (
            "A container may not build walls by default: start it with\n"
            "    --security-opt seccomp=unconfined --security-opt apparmor=unconfined --cap-add SYS_ADMIN"
        )
    elif "No space left" in said:
        cure = "Namespaces are used up or switched off: sudo sysctl user.max_user_namespaces=10000"
    elif "Permission denied" in said or "Operation not permitted" in said:
        cure = (
            "Ubuntu 24.04 and later let only named programs build walls. An administrator can allow bubblewrap:\n"
            "    sudo sysctl kernel.apparmor_restrict_unprivileged_userns=0\n"
            "and on other systems where user namespaces are switched off:\n"
            "    sudo sysctl kernel.unprivileged_userns_clone=1"
        )
    else:
        cure = "Where user namespaces are switched off, an administrator can allow them for bubblewrap."
    return SandboxError(
        f"the sandbox does not start on this machine: {said.strip() or 'no reason given'}\n{cure}\n"
        "Or pass --no-sandbox for code that you trust as your own."
    )


def python_command(init: Path) -> list[str]:
    """Return the command of a bare interpreter: no user packages, no `.pth` files, nothing written, UTF-8."""
    executable = Path(getattr(sys, "_base_executable", "") or sys.executable).resolve()
    return [str(executable), "-s", "-S", "-P", "-B", "-X", "utf8", str(init)]


def package_folders(packages: Iterable[str]) -> list[str]:
    """Return the folders to put on `sys.path` for these packages and what they need."""
    return sorted({str(path.parent) for path in _package_paths(tuple(packages))})


def wall_command(
    engine: Path, packages: Iterable[str], tmp_size: int, seccomp_fd: int, info_fd: int
) -> list[str]:
    """Return bubblewrap's command line, up to the program to run.

    Args:
        engine: the released student package; it appears as `ENGINE`.
        packages: names of the distributions that submissions may import.
        tmp_size: bytes that fit in the private /tmp.
        seccomp_fd: where bubblewrap reads the system-call filter.
        info_fd: where bubblewrap writes the process id of the program, as JSON.

    Raises:
        SandboxError: bubblewrap is missing.
    """
    packages = tuple(packages)
    command = [require_bubblewrap(), "--as-pid-1", "--die-with-parent", "--new-session"]
    command += ["--unshare-ipc", "--unshare-pid", "--unshare-net", "--unshare-uts", "--unshare-cgroup-try"]
    command += ["--seccomp", str(seccomp_fd), "--info-fd", str(info_fd), "--hostname", "cattern"]
    command += [*_user(), *_environment(packages), *_folders_above(packages), *_libraries(packages)]
    command += [
        *_devices(),
        "--perms",
        "1777",
        "--size",
        str(tmp_size),
        "--tmpfs",
        str(private_tmp(packages)),
    ]
    command += ["--ro-bind", str(engine.resolve()), str(ENGINE)]
    command += ["--ro-bind", str(Path(__file__).with_name("init.py")), str(INIT)]
    return [*command, "--chdir", "/", "--remount-ro", "/"]


def _user() -> list[str]:
    if sandbox_uid(0) is None:
        return ["--unshare-user", "--cap-drop", "ALL"]
    # Root sees a Python that only root may read; the warm process then becomes an ordinary user by itself.
    return ["--cap-drop", "ALL", "--cap-add", "CAP_SETUID", "--cap-add", "CAP_SETGID"]


def _environment(packages: tuple[str, ...]) -> list[str]:
    """Forget the grader's environment, set the sandbox's."""
    tmp = str(private_tmp(packages))
    values = ENVIRONMENT | {"HOME": tmp, "TMPDIR": tmp, "MPLCONFIGDIR": tmp}
    return ["--clearenv", *(part for name, value in values.items() for part in ("--setenv", name, value))]


def _folders_above(packages: tuple[str, ...]) -> list[str]:
    """Make the folders above those that are bound: bubblewrap would make them readable to root alone."""
    roots = _library_roots()
    bound = [Path(python_command(INIT)[0]), *roots, *_package_paths(packages)]
    above = {folder for path in bound for folder in path.parents if folder != Path("/")}
    made = sorted(folder for folder in above if not any(folder.is_relative_to(root) for root in roots))
    return [part for folder in made for part in ("--perms", "0755", "--dir", str(folder))]


def _libraries(packages: tuple[str, ...]) -> list[str]:
    """Show Python and the shared libraries; cover up what is installed there, and put back the packages."""
    command, covered = [], []
    for root in _library_roots():
        if root.is_symlink():
            command += ["--symlink", str(root.readlink()), str(root)]
            continue
        command += ["--ro-bind", str(root), str(root)]
        for pattern in ("*-packages", "python3*/*-packages"):
            covered += [
                path for path in sorted(root.glob(pattern)) if path.is_dir() and not path.is_symlink()
            ]
    for path in covered:
        command += ["--tmpfs", str(path)]
    for path in _package_paths(packages):
        command += ["--ro-bind", str(path), str(path)]
    for path in covered:
        command += ["--remount-ro", str(path)]
    for name in (
        "ld.so.cache",
        "alternatives",
    ):  # where the loader, and Debian's choice of BLAS, look things up
        command += ["--ro-bind-try", f"/etc/{name}", f"/etc/{name}"]
    executable = python_command(INIT)[0]
    return [*command, "--ro-bind", executable, executable]


def _devices() -> list[str]:
    made = ["--perms", "0755", "--dir", "/dev"]  # made for a bind, it would be root's alone
    names = [f"/dev/{name}" for name in ("null", "zero", "urandom")]
    return made + [part for name in names for part in ("--dev-bind", name, name)]


def private_tmp(packages: Iterable[str]) -> Path:
    """Return where the private temporary folder is, inside the wall: /tmp, unless the Python or a package is there."""
    needed = [Path(python_command(INIT)[0]), *_library_roots(), *_package_paths(tuple(packages))]
    return Path("/private") if any(path.is_relative_to("/tmp") for path in needed) else Path("/tmp")


def sandbox_uid(number: int) -> int | None:
    """Return the user id for this process's sandbox of that number, or None where only a user namespace can change it.

    A number of its own for every sandbox, so that limits on processes are not shared. Only root, with enough ids of its
    own (in some containers it has one), can give them.
    """
    if os.geteuid() != 0:
        return None
    ids = sum(int(line.split()[2]) for line in Path("/proc/self/uid_map").read_text().splitlines())
    if ids > 2**31:
        return 1_500_000_000 + (os.getpid() * 64 + number % 64) % 2**28
    return 40_000 + (os.getpid() * 64 + number % 64) % 20_000 if ids > 60_000 else None


def _library_roots() -> list[Path]:
    """Return the folders of the standard library and of shared libraries, none inside another."""
    wanted = [Path(sysconfig.get_path(name)) for name in ("stdlib", "platstdlib")]
    wanted += [Path(sys.base_prefix) / name for name in ("lib", "lib64")]
    wanted += [Path(path) for path in ("/usr/lib", "/usr/lib64", "/lib", "/lib64")]
    roots: list[Path] = []
    for path in sorted(set(wanted), key=lambda path: len(path.parts)):
        if path.exists() and not any(path.is_relative_to(root) for root in roots):
            roots.append(path)
    return roots


@functools.cache
def _package_paths(packages: tuple[str, ...]) -> list[Path]:
    """Return the installed files and folders of the named distributions and of all they require."""
    waiting, seen, paths = list(packages), set(), set()
    while waiting:
        name = re.sub(r"[-_.]+", "-", waiting.pop()).lower()
        if name in seen:
            continue
        seen.add(name)
        try:
            distribution = importlib.metadata.distribution(name)
        except importlib.metadata.PackageNotFoundError:
            continue  # an optional package, or a requirement of another platform
        for requirement in distribution.requires or ():
            if "extra ==" not in requirement:
                waiting.append(re.match(r"[\w.-]+", requirement)[0])
        tops = {file.parts[0] for file in distribution.files or ()} - {"..", "__pycache__"}
        paths |= {Path(distribution.locate_file(top)) for top in tops}
    return sorted(path for path in paths if path.exists())
