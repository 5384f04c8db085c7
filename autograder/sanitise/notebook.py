"""A student's notebook made fit for formgrader, nbconvert and JupyterLab: what is written to autograded/ goes through here."""

import re
from collections.abc import Collection, Mapping

from autograder.sanitise import as_attachments, fenced, picture, picture_of, plain_text, safe_markdown

MAX_TOTAL = 400_000  # characters of markdown in one notebook; what follows is shown as plain text

_NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")
_WORD = re.compile(r"[\w .+-]{0,100}")


def safe_notebook(
    notebook: Mapping, files: Mapping[str, bytes] | None = None, trusted: Collection[str] = ()
) -> dict:
    """Return a notebook (nbformat 4) that any renderer may show, formgrader and nbconvert among them.

    Outputs that are neither text nor an image are dropped, as is all metadata but nbgrader's own.

    Args:
        notebook: the student's.
        files: what lies beside it, by path: the images among them that a cell shows become part of the cell.
        trusted: markdown texts of the instructor's own, which stay as they are.
    """
    beside = {name: data for name, content in (files or {}).items() if (data := picture(content))}
    cells = [dict(cell) for cell in notebook.get("cells", ()) if isinstance(cell, Mapping)]
    for cell in cells:
        cell["metadata"] = _metadata(cell.get("metadata"))
    names = {cell["metadata"]["nbgrader"]["grade_id"] for cell in cells if "nbgrader" in cell["metadata"]}
    reserved = frozenset(name + end for name in names for end in ("", "-comment", "_extra_credit"))
    made, used = [], 0
    for cell in cells:
        used += len(cell.get("source") or "") if cell.get("cell_type") != "code" else 0
        made.append(_cell(cell, beside, reserved, trusted, used > MAX_TOTAL))
    about = {"kernelspec": {"name": "python3", "display_name": "Python 3 (ipykernel)", "language": "python"}}
    about["language_info"] = {"name": "python"}
    minor = notebook.get("nbformat_minor")
    return {
        "cells": made,
        "metadata": about,
        "nbformat": 4,
        "nbformat_minor": minor if type(minor) is int and 0 <= minor <= 5 else 5,
    }


def _cell(
    cell: dict, beside: Mapping[str, str], reserved: frozenset, trusted: Collection[str], too_much: bool
) -> dict:
    kind, source = cell.get("cell_type"), plain_text(cell.get("source"))
    made = {"cell_type": "code" if kind == "code" else "markdown", "metadata": cell["metadata"]}
    if isinstance(cell.get("id"), str) and _NAME.fullmatch(cell["id"]):
        made["id"] = cell["id"]
    if kind == "code":
        count = cell.get("execution_count")
        outputs = [o for raw in cell.get("outputs") or () if (o := _output(raw))]
        return {
            **made,
            "source": source,
            "execution_count": count if type(count) is int else None,
            "outputs": outputs,
        }
    if kind != "markdown" or (too_much and source not in trusted):  # a raw cell would go into a page as it is
        return {**made, "source": fenced(source)}
    known = _attached(cell.get("attachments"))
    made["source"] = source if source in trusted else safe_markdown(source, {**beside, **known}, reserved)
    if made["source"] == source and (held := as_attachments(known)):
        made["attachments"] = held
    return made


def _attached(attachments: object) -> dict[str, str]:
    """Return the images among a cell's attachments: how the text calls them → their address."""
    known = {}
    for name, bundle in attachments.items() if isinstance(attachments, Mapping) else ():
        data = bundle.values() if isinstance(bundle, Mapping) else ()
        address = next(filter(None, map(picture_of, data)), None)
        if address and isinstance(name, str):
            known[f"attachment:{name}"] = address
    return known


def _output(raw: object) -> dict | None:
    """Return an output with its text and its images, or None."""
    kind = raw.get("output_type") if isinstance(raw, Mapping) else None
    if kind == "stream":
        name = "stderr" if raw.get("name") == "stderr" else "stdout"
        return {"output_type": kind, "name": name, "text": plain_text(raw.get("text"))}
    if kind == "error":
        lines = raw.get("traceback")
        lines = [plain_text(line) for line in lines] if isinstance(lines, list) else []
        return {
            "output_type": kind,
            "ename": plain_text(raw.get("ename")),
            "evalue": plain_text(raw.get("evalue")),
            "traceback": lines,
        }
    if kind not in ("display_data", "execute_result") or not isinstance(raw.get("data"), Mapping):
        return None
    data = {"text/plain": plain_text(raw["data"].get("text/plain"))} if "text/plain" in raw["data"] else {}
    for image in ("image/png", "image/jpeg"):
        if address := picture_of(raw["data"].get(image)):
            mime, _, content = address.removeprefix("data:").partition(";base64,")
            data[mime] = content
    made = {"output_type": kind, "data": data, "metadata": {}}
    return made | ({"execution_count": None} if kind == "execute_result" else {}) if data else None


def _metadata(given: object) -> dict:
    """Return what nbgrader needs to know of a cell, and nothing a page could trip over."""
    tag = given.get("nbgrader") if isinstance(given, Mapping) else None
    if not isinstance(tag, Mapping) or not _NAME.fullmatch(str(tag.get("grade_id"))):
        return {}
    plain = {
        k: v
        for k, v in tag.items()
        if type(v) in (bool, int, float) or (isinstance(v, str) and _WORD.fullmatch(v))
    }
    kept = {k: given[k] for k in ("deletable", "editable") if type(given.get(k)) is bool}
    return {**kept, "nbgrader": plain}
