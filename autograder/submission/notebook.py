"""Reads what the JSON of a notebook holds, whatever its format, into the cells of a valid nbformat-4 notebook.

Done by hand, without nbformat: it validates, but does not mend, and its import costs more than grading a lab.
"""

import re
from collections.abc import Mapping
from functools import lru_cache

ID = re.compile(r"[a-zA-Z0-9_-]{1,64}")
_FLAGS = ("grade", "solution", "locked", "task")
_OUTPUTS = {
    "stream": ("name", "text"),
    "display_data": ("data",),
    "execute_result": ("data",),
    "error": ("ename", "evalue", "traceback"),
}


def grade_id(cell: Mapping) -> str | None:
    """Return the grade_id of a cell, if its metadata has a usable one."""
    metadata = cell.get("metadata")
    tag = metadata.get("nbgrader") if isinstance(metadata, dict) else None
    name = tag.get("grade_id") if isinstance(tag, dict) else None
    return _usable(name[:1000]) if isinstance(name, str) else None


@lru_cache(maxsize=1000)  # a class has the same few names, and each is asked for a dozen times
def _usable(name: str) -> str | None:
    name = name.strip()
    return name if ID.fullmatch(name) else None


def grade_ids(raw: object) -> set[str]:
    """Return the grade_ids anywhere in what a notebook's JSON says."""
    return {name for cell in listed_cells(raw) if isinstance(cell, dict) and (name := grade_id(cell))}


def listed_cells(raw: object) -> list:
    """Return whatever stands where a notebook keeps its cells: format 4, 3 or 2, or merely a list."""
    if isinstance(raw, dict):
        sheets = raw.get("worksheets")
        if isinstance(sheets, list):  # formats 2 and 3
            lists = [sheet.get("cells") for sheet in sheets if isinstance(sheet, dict)]
            return [cell for each in lists if isinstance(each, list) for cell in each]
        raw = raw.get("cells")
    return raw if isinstance(raw, list) else []


def _text(value: object) -> str | None:
    if isinstance(value, list) and all(isinstance(line, str) for line in value):
        value = "".join(value)
    if not isinstance(value, str):
        return None
    # An unpaired surrogate cannot be written to any file.
    return value if value.isascii() else value.encode("utf-8", "replace").decode()


def read_cell(raw: object) -> dict | None:
    """Return a cell with the fields of format 4; its id and metadata are left as they were. None when it is no cell."""
    if not isinstance(raw, dict):
        return None
    kind, source = raw.get("cell_type"), _text(raw.get("source", raw.get("input")))
    if kind == "heading":  # format 3
        level = raw.get("level")
        kind, source = (
            "markdown",
            f"{'#' * (level if type(level) is int and 1 <= level <= 6 else 1)} {source or ''}",
        )
    if kind not in ("code", "markdown", "raw"):
        kind = "code" if {"outputs", "input", "execution_count", "prompt_number"} & raw.keys() else "markdown"
    cell = {
        "cell_type": kind,
        "id": raw.get("id"),
        "metadata": raw.get("metadata"),
        "source": (source or "").replace("\r\n", "\n").replace("\r", "\n").replace("\0", ""),
    }
    if kind == "code":
        count = raw.get("execution_count")
        cell["execution_count"] = count if type(count) is int and count >= 0 else None
        outputs = raw.get("outputs")
        cell["outputs"] = [
            o for each in (outputs if isinstance(outputs, list) else []) if (o := _output(each))
        ]
    else:
        attached = raw.get("attachments")
        bundles = (
            {n: b for n, v in attached.items() if (b := _bundle(v))} if isinstance(attached, dict) else {}
        )
        if bundles:
            cell["attachments"] = bundles
    return cell


def _output(raw: object) -> dict | None:
    """Return an output with the fields that the format asks for, or None: what is shown matters, nothing is graded by it."""
    kind = raw.get("output_type") if isinstance(raw, dict) else None
    if not isinstance(kind, str) or kind not in _OUTPUTS:
        return None
    output: dict = {"output_type": kind}
    for name in _OUTPUTS[kind]:
        if name == "data":
            output["data"] = _bundle(raw.get("data")) or {}
        elif name == "traceback":
            lines = raw.get(name)
            output[name] = [_text(line) or "" for line in lines] if isinstance(lines, list) else []
        else:
            output[name] = _text(raw.get(name)) or ""
    if "data" in output:
        output["metadata"] = {}
    if kind == "execute_result":
        output["execution_count"] = None
    return output if kind != "stream" or output["name"] in ("stdout", "stderr") else None


def _bundle(raw: object) -> dict[str, str]:
    # Only text and images: JSON data may be nested without end.
    if not isinstance(raw, dict):
        return {}
    return {_text(kind): text for kind, value in raw.items() if (text := _text(value)) is not None}


def nbgrader_tag(name: str, given: Mapping, kind: str) -> dict:
    """Return nbgrader's metadata, schema 3, with only what it allows and all that it asks for."""
    tag = {"schema_version": 3, "grade_id": name, **{flag: given.get(flag) is True for flag in _FLAGS}}
    if kind == "markdown" and not tag["task"]:
        tag["grade"] = tag["solution"] = tag["grade"] or tag["solution"]
    tag["task"] = tag["task"] and kind == "markdown"
    if tag["grade"] or tag["task"]:
        points = given.get("points")
        tag["points"] = points if type(points) in (int, float) and 0 <= points < 1e6 else 0
    return tag
