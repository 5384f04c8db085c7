"""What is said of a place and of a relation, from the entries of a verdict. Nothing here needs NumPy."""

from collections.abc import Iterable, Mapping, Sequence


def sentences(verdict: Mapping) -> list[str]:
    """Return what a task's verdict (as JSON) says of places in the student's code and of exact relations, each once."""
    found = [located(entries) for entries in _by_place(verdict.get("located", ()))]
    of: dict[str, list[str]] = {}  # what is said of calls holds for all that comes of them
    for entry in verdict.get("relation", ()):
        of.setdefault(entry["relation"], []).append(entry["property"])
    for said, names in of.items():
        names = [_quoted(name) for name in names]
        together = [names] if said.startswith("`") else [[name] for name in names]
        found += [f"{_capital(_listed(several))}: {said}." for several in together]
    return list(dict.fromkeys(found))


def _quoted(name: str) -> str:
    return f"“{name}”" if "," in name else name


def _listed(names: Iterable[str]) -> str:
    """Return names as a list in words, each once."""
    names = list(dict.fromkeys(names))
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)


def located(entries: Sequence[Mapping]) -> str:
    """Return the sentences about one place, from the entries of a verdict's "located" that name it."""
    entry = entries[0]
    names = dict.fromkeys(("a part of " if e.get("part") else "") + _quoted(e["property"]) for e in entries)
    right = _listed(names)
    verb, given = "are" if len(names) > 1 else "is", "given the above, " if entry.get("after") else ""
    lines = dict.fromkeys(
        "the rest of the line" if n == entry["line"] else f"line {n}" for n in entry.get("with", ())
    )
    others = "".join(f" and {line} mended" for line in lines)
    if not entry["is"]:
        return f"{_capital(right)} {verb} right once line {entry['line']} is mended (`{entry['code']}`)."
    return (
        f"Line {entry['line']}: `{entry['code']}` {entry['is']}. Needed here: {entry['needs']}. "
        f"With it{others}, {given}{right} {verb} right on every test."
    )


def _by_place(entries) -> list[list[Mapping]]:
    found: dict[tuple, list[Mapping]] = {}
    for entry in entries:
        found.setdefault((entry["line"], entry["code"], entry["is"], entry["needs"]), []).append(entry)
    return list(found.values())


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
