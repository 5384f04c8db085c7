"""Turns whatever a student's notebook has become into a valid nbformat-4 notebook in which every grade_id stands once.

Rules, in this order. A cell that lost its nbgrader metadata is known by its cell id, else by its place and text. A tag that the
release does not have is dropped: it is another notebook's. Of several cells with one grade_id,
those left as released are dropped; if the others are neighbours that share no line and assign no common name they are one
answer split in two and are joined, else the last one counts. A code answer is joined with the untagged code cells next to it
when it is empty, when only together they are Python, or when they assign a name that the released cell asks for and the answer lacks.
A deleted cell comes back as released, so that nbgrader finds a place for its points; it does not count as an answer.
"""

import copy
import re
from collections.abc import Mapping

from autograder.submission.notebook import ID, grade_id, listed_cells, nbgrader_tag, read_cell
from autograder.submission.places import recover_by_place
from autograder.submission.repair import parsed, shown, some

MAX_CELLS = 2000
MAX_JOINED = 20  # cells that one answer may lie in: each is parsed with all before it
_MEANING = ("grade_id", "grade", "solution", "task", "locked", "points", "schema_version")
_DROPPED = {"dropped": True}  # the metadata of a copy that does not count, until all metadata are restored


def tidy(raw: object, release: Mapping | None) -> tuple[dict, dict[str, str], list[str]]:
    """Return a valid notebook, its sources by grade_id, and what was repaired.

    Args:
        raw: what the notebook's JSON says: format 4, 3 or 2, or merely a list of cells.
        release: the released notebook, from which metadata and missing cells come; None when there is none.
    """
    done: list[str] = []
    listed = listed_cells(raw)
    if len(listed) > MAX_CELLS:
        done.append(f"read only the first {MAX_CELLS} of {len(listed)} cells")
    cells = [cell for each in listed[:MAX_CELLS] if (cell := read_cell(each))]
    if len(cells) < len(listed[:MAX_CELLS]):
        done.append(f"dropped {len(listed[:MAX_CELLS]) - len(cells)} things that are not cells")
    if not (isinstance(raw, dict) and raw.get("nbformat") == 4):
        done.append("brought to notebook format 4")

    stubs = [stub for each in listed_cells(release) if (stub := read_cell(each))]
    released = {name: stub for stub in stubs if (name := grade_id(stub))}
    _drop_foreign(cells, released, done)
    _recover_ids(cells, released, done)
    if known := recover_by_place(cells, stubs):
        done.append(
            f"cells without tags, known by place and text: {some([shown(name, 40) for name in known])}"
        )
    _one_each(cells, released, done)
    _join_neighbours(cells, released, done)
    answers = {g: cell["source"] for cell in cells if (g := grade_id(cell))}
    _bring_back(cells, released, done)
    _metadata(cells, released, done)
    _unique_ids(cells)
    # The student's kernel may exist on no other machine, so the notebook gets the one kernel that does.
    kernel = {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"}
    metadata = {"kernelspec": kernel, "language_info": {"name": "python"}}
    return {"cells": cells, "metadata": metadata, "nbformat": 4, "nbformat_minor": 5}, answers, done


def _drop_foreign(cells: list[dict], released: Mapping, done: list[str]) -> None:
    foreign = [cell for cell in cells if released and grade_id(cell) and grade_id(cell) not in released]
    names = sorted({grade_id(cell) for cell in foreign})
    for cell in foreign:
        cell["metadata"] = {}
    if names:
        done.append(f"tags of another notebook, dropped: {some([shown(name, 40) for name in names])}")


def _recover_ids(cells: list[dict], released: Mapping, done: list[str]) -> None:
    ids = {cell["id"]: name for name, cell in released.items() if isinstance(cell["id"], str)}
    present = {grade_id(cell) for cell in cells}
    for cell in cells:
        name = ids.get(cell["id"]) if isinstance(cell["id"], str) else None
        if name and not grade_id(cell) and name not in present:
            present.add(name)
            cell["metadata"] = {"nbgrader": {"grade_id": name}}
            done.append(f"knew cell {shown(name)} again by its id")


def _one_each(cells: list[dict], released: Mapping, done: list[str]) -> None:
    where: dict[str, list[int]] = {}
    for index, cell in enumerate(cells):
        if name := grade_id(cell):
            where.setdefault(name, []).append(index)
    dropped = set()
    for name, copies in where.items():
        if len(copies) == 1:
            continue
        stub = released[name]["source"].strip() if name in released else ""
        written = [i for i in copies if cells[i]["source"].strip() not in ("", stub)]
        kept, how = copies[0], "all as released, kept the first"
        if written:
            kept, how = (
                written[-1],
                "kept the only one filled in" if len(written) == 1 else "kept the last one filled in",
            )
        sources = [cells[i]["source"] for i in written]
        neighbours = len(written) > 1 and written[-1] - written[0] == len(written) - 1
        if neighbours and not _overlap(sources):
            kept, how = written[0], "joined them, for they are parts of one answer"
            cells[kept]["source"] = "\n".join(source.rstrip("\n") for source in sources)
            dropped.update(written[1:])
        done.append(f"cell {shown(name)} stands {len(copies)} times: {how}")
        for i in copies:
            if i != kept:
                cells[i]["metadata"] = dict(_DROPPED)
    cells[:] = [cell for i, cell in enumerate(cells) if i not in dropped]


def _join_neighbours(cells: list[dict], released: Mapping, done: list[str]) -> None:
    given = {cell["source"].strip() for cell in released.values()}
    names = [grade_id(cell) for cell in cells]
    for name, stub in released.items():
        tag = stub["metadata"].get("nbgrader", {})
        if name not in names or stub["cell_type"] != "code" or not tag.get("solution") or tag.get("locked"):
            continue
        at = names.index(name)
        joined = 0
        for step in (1, -1):
            while 0 <= (near := at + step) < len(cells) and joined < MAX_JOINED:
                source, extra = cells[at]["source"], cells[near]["source"]
                if names[near] or cells[near]["metadata"] == _DROPPED:
                    break
                if cells[near]["cell_type"] != "code" or extra.strip() in ("", *given):
                    break
                both = "\n".join([source.rstrip("\n"), extra.rstrip("\n")][::step])
                if not _belongs(source, extra, both, stub["source"]):
                    break
                cells[at]["source"] = re.sub(
                    r"^[ \t]*raise NotImplementedError.*$\n?", "", both, flags=re.MULTILINE
                )
                del cells[near], names[near]
                at, joined = min(at, near), joined + 1
        if joined:
            done.append(
                f"joined cell {shown(name)} with {joined} untagged beside it: together they are the answer"
            )


def _belongs(source: str, extra: str, both: str, stub: str) -> bool:
    if not source.strip():
        return True
    if parsed(without_magics(source)) is None:
        return parsed(without_magics(both)) is not None
    if parsed(without_magics(both)) is None:
        return False
    asked = set(re.findall(r"[A-Za-z_]\w*", stub))
    left = source if source.strip() != stub.strip() else ""
    return bool((_assigned(extra) & asked) - _assigned(left))


def _overlap(sources: list[str]) -> bool:
    """Tell whether two of some sources have a line or assign a name in common."""
    seen_lines: set[str] = set()
    seen_names: set[str] = set()
    for source in sources:
        lines, names = {line.strip() for line in source.splitlines()} - {""}, _assigned(source)
        if lines & seen_lines or names & seen_names:
            return True
        seen_lines |= lines
        seen_names |= names
    return False


def _assigned(source: str) -> set[str]:
    names = set()
    for line in source.splitlines():
        left, equals, right = line.partition("=")
        if equals and not right.startswith("="):
            names |= {name.strip() for name in left.split(",") if name.strip().isidentifier()}
    return names


def without_magics(source: str) -> str:
    """Return the source of a code cell without the lines that only a notebook understands (`%…`, `!…`)."""
    lines = source.splitlines(keepends=True)
    return "".join(line for line in lines if not line.lstrip().startswith(("%", "!")))


def _bring_back(cells: list[dict], released: Mapping, done: list[str]) -> None:
    names, after = [grade_id(cell) for cell in cells], -1
    missing = [name for name in released if name not in names]
    for name, stub in released.items():
        if name in missing:
            cells.insert(after + 1, dict(stub))
            names.insert(after + 1, name)
        after = names.index(name)
    if missing:
        done.append(f"missing, put back as released: {some([shown(name, 40) for name in missing])}")


def _meaning(tag) -> list | None:
    """Return what a cell's nbgrader metadata says, without the checksums that a release adds."""
    return [tag.get(key) for key in _MEANING] if isinstance(tag, dict) else None


def _metadata(cells: list[dict], released: Mapping, done: list[str]) -> None:
    changed = []
    for cell in cells:
        name, given = grade_id(cell), cell["metadata"]
        if name in released:
            stub = released[name]
            cell["metadata"] = copy.deepcopy(stub["metadata"])
            if cell["cell_type"] != stub["cell_type"]:
                cell["cell_type"] = stub["cell_type"]
                for key in {"outputs", "execution_count", "attachments"} & cell.keys():
                    del cell[key]
                cell.update({"outputs": [], "execution_count": None} if cell["cell_type"] == "code" else {})
                changed.append(name)
            elif _meaning(given.get("nbgrader")) != _meaning(stub["metadata"].get("nbgrader")):
                changed.append(name)
        elif name:
            cell["metadata"] = {"nbgrader": nbgrader_tag(name, given["nbgrader"], cell["cell_type"])}
            changed += [name] if cell["metadata"]["nbgrader"] != given["nbgrader"] else []
        else:
            cell["metadata"] = {}
    if changed:
        done.append(f"metadata or cell type restored: {some([shown(name, 40) for name in changed])}")


def _unique_ids(cells: list[dict]) -> None:
    used: set[str] = set()
    for number, cell in enumerate(cells):
        name = cell["id"]
        if not isinstance(name, str) or not ID.fullmatch(name) or name in used:
            name = next(n for k in range(len(cells) + 1) if (n := f"cell-{number}" + "-x" * k) not in used)
        used.add(name)
        cell["id"] = name
