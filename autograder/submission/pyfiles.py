"""Chooses which of the Python files in a submission are the student's, and puts each where the lab expects it.

A file in its own place comes before one of the right name elsewhere, then one nearly of that name ("neural_net (1).py"), then
any that defines the same classes, or without any the same functions; of equals the one nearest to the top, then the one that differs most from the release.
A file that is empty or as released is taken only when there is no other.
"""

import re
from collections.abc import Mapping
from functools import lru_cache
from pathlib import PurePosixPath

from autograder.submission.cells import without_magics
from autograder.submission.collect import Found
from autograder.submission.naming import base_name, name_inside, plain_name
from autograder.submission.repair import python_source, shown, some
from cattern.checking.lab import Lab

MAX_HELPERS = 50
# Of a submission; parsing costs a thousand times what reading does.
MAX_PARSED_FILES, MAX_PARSED_BYTES = 300, 2**19


def python_files(
    found: list[Found], lab: Lab, release: Mapping[str, bytes], repairs: list[str]
) -> dict[str, bytes]:
    """Return the student files under their own names and the helper modules beside them; says in `repairs` what it took.

    Args:
        found: the Python files of the submission.
        lab: its `student_files` are looked for.
        release: the released files by name; without them no helper modules are taken.
        repairs: sentences are added to it.
    """
    found = _first(found, lab, repairs)
    files: dict[str, bytes] = {}
    taken: dict[str, str] = {}
    restored = {base_name(name).lower() for name in release} - {
        base_name(name).lower() for name in lab.student_files
    }
    for name in lab.student_files:
        stub = _stub(name, release)
        lines, wanted = set(stub.splitlines()), _wanted(stub)
        candidates = []
        for file in found:
            rank = _rank(file, name, wanted)
            if rank is None or file.path in taken.values() or base_name(file.path).lower() in restored:
                continue
            source, done = python_source(file.data)
            unwritten = source.strip() in (b"", stub.strip())
            news = sum(line not in lines for line in source.splitlines())
            order = (unwritten, not wanted <= _defined(source), rank, file.path.count("/"), -news, file.path)
            candidates.append((order, file.path, source, done))
        if not candidates:
            continue
        candidates.sort(key=lambda candidate: candidate[0])
        _, path, source, done = candidates[0]
        files[name], taken[name] = source, path
        if path != name:
            repairs.append(f"took {shown(path)} for {name}")
        if rest := [
            shown(other) for order, other, text, _ in candidates[1:] if not order[0] and text != source
        ]:
            repairs.append(f"ignored {some(rest)}: {shown(path)} was taken for {name}")
        repairs += [f"{name}: repaired {what}" for what in done]
    return files | _helpers(found, taken, release, repairs)


def _first(found: list[Found], lab: Lab, repairs: list[str]) -> list[Found]:
    """Return the files that are likeliest the student's, as many as it makes sense to parse, in their order."""
    own = {*lab.student_files}, {base_name(name) for name in lab.student_files}

    def unlike(file: Found) -> tuple:
        in_place = any(f"/{file.path}".endswith(f"/{name}") for name in own[0])
        return (not in_place, base_name(file.path) not in own[1], file.path.count("/"), file.path)

    kept, used = set(), 0
    for file in sorted(found, key=unlike)[:MAX_PARSED_FILES]:
        used += len(file.data)
        if used <= MAX_PARSED_BYTES:
            kept.add(file.path)
    if rest := [shown(file.path) for file in found if file.path not in kept]:
        repairs.append(f"ignored {some(rest)}: more Python than a submission holds")
    return [file for file in found if file.path in kept]


def files_from_cells(
    notebook: Mapping, files: Mapping[str, bytes], lab: Lab, release: Mapping[str, bytes], repairs: list[str]
) -> dict[str, bytes]:
    """Return the student files that are missing, empty or as released, but whose classes the notebook defines.

    The last cell that defines them counts; it gets the imports of the released file that it lacks.
    """
    given = {}
    for name in lab.student_files:
        stub = _stub(name, release)
        wanted = _classes(stub)
        if not wanted or files.get(name, b"").strip() not in (b"", stub.strip()):
            continue
        cells = [c["source"] for c in notebook["cells"] if c["cell_type"] == "code"]
        defining = [source for cell in cells if wanted <= _classes((source := without_magics(cell)).encode())]
        if not defining:
            continue
        imports = re.findall(r"^(?:import|from) .*$", stub.decode("utf-8", "replace"), re.MULTILINE)
        missing = [line for line in imports if line not in defining[-1]]
        given[name] = "\n".join([*missing, defining[-1].strip("\n"), ""]).encode()
        state = "as released or empty" if name in files else "missing"
        repairs.append(
            f"{name} is {state}: took the last notebook cell that defines {', '.join(sorted(wanted))} for it"
        )
    return given


def _stub(name: str, release: Mapping[str, bytes]) -> bytes:
    return _readable(release[name]) if name in release else b""


@lru_cache(maxsize=32)  # a class is compared with the same few files
def _readable(source: bytes) -> bytes:
    return python_source(source)[0]


def _rank(file: Found, name: str, wanted: set[str]) -> int | None:
    """Return how little a file looks like the student file `name`, or None when it does not at all."""
    base = base_name(file.path)
    if f"/{file.path}".endswith(f"/{name}"):
        return 0
    if base == base_name(name):
        return 1
    if plain_name(base) == base_name(name):
        return 2
    if not wanted:
        return None
    defined = _defined(file.data)
    if name_inside(base, base_name(name)):
        return 3 if 2 * len(wanted & defined) >= len(wanted) else None
    return 4 if wanted <= defined else None


def _wanted(stub: bytes) -> set[str]:
    """Return the names by which a file is known: its classes; without any, its functions."""
    return _classes(stub) or _defined(stub)


def _classes(source: bytes) -> set[str]:
    return _names(rb"class", source)


def _defined(source: bytes) -> set[str]:
    return _names(rb"class|def", source)


def _names(keyword: bytes, source: bytes) -> set[str]:
    found = re.findall(rb"^(?:%b)[ \t]+([A-Za-z_]\w*)[ \t]*[(:]" % keyword, source, re.MULTILINE)
    return {name.decode() for name in found}


def _helpers(
    found: list[Found], taken: Mapping[str, str], release: Mapping[str, bytes], repairs: list[str]
) -> dict[str, bytes]:
    helpers: dict[str, bytes] = {}
    if not release or not taken:
        return helpers
    name, path = next(iter(taken.items()))
    known = set(release.values())
    in_place = f"/{path}".endswith(f"/{name}")
    top = PurePosixPath(path.removesuffix(name)) if in_place else PurePosixPath(path).parent
    for file in found:
        if file.path in taken.values() or not PurePosixPath(file.path).is_relative_to(top):
            continue
        if any(_rank(file, student, set()) is not None for student in taken):
            continue
        place = str(PurePosixPath(file.path).relative_to(top))
        # A student file out of its package folder: its neighbours may be imported from there or from the top.
        places = [place] if in_place else [place, str(PurePosixPath(name).parent / place)]
        if any(f"/{released}".lower().endswith(f"/{place}".lower()) for released in release):
            # Most are as they were released: repairing means parsing, so it is left to those that are not.
            if file.data not in known and python_source(file.data)[0] not in known:
                repairs.append(f"ignored {shown(file.path)}: the released file is used in its place")
        elif not place.endswith(".py") or not all(
            p.isidentifier() for p in place.removesuffix(".py").split("/")
        ):
            continue  # nothing can import it
        elif len(helpers) >= MAX_HELPERS:
            repairs.append(
                f"ignored {shown(file.path)}: more than {MAX_HELPERS} modules of the student's own"
            )
        elif place.lower() in {other.lower() for other in helpers}:
            repairs.append(f"ignored {shown(file.path)}: another module has its name")
        else:
            source, done = python_source(file.data)
            helpers |= dict.fromkeys(places, source)
            repairs += [f"{shown(place)}: repaired {what}" for what in done]
    return helpers
