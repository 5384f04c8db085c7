"""Where each lab shows what its source material states: a table of items, cells, and what the cells hold.

    .venv/bin/python benchmarks/source_material.py --write

The items and their cells are in source_material.toml; what a cell holds is read from the notebooks.
"""

import argparse
import re
import tomllib
from pathlib import Path

import nbformat

HERE = Path(__file__).resolve().parent
PAGE = HERE.parent / "docs" / "source-material.md"
DRAWS = re.compile(r"\b(plt\.subplots|draw_\w+|plot_\w+|show_\w+)\(")
INTRODUCTION = """\
# What the source material states, and where the labs show it

Every figure, curve, question and number that an earlier course report gave for the five labs, the cells of the instructor notebook that
show it, and the section they stand in. The table is generated; a test compares it with the notebooks:

    .venv/bin/python benchmarks/source_material.py --write

Which figures come out, and how near, is in [reproduced.md](reproduced.md).
"""


def sections(cells: list) -> dict[str, str]:
    """Return cell id → the title of the last section (a line that begins with ##) at or before the cell."""
    title, found = "before section 1", {}
    for cell in cells:
        if cell.cell_type == "markdown" and (line := re.search(r"^## (.+)$", cell.source, re.M)):
            title = line[1].split(" · ")[0]
        found[cell.id] = title
    return found


def holds(cell) -> str:
    """Say what a cell holds: a graded test with its points, an answer for a person, a figure, output, or text."""
    tag = cell.metadata.get("nbgrader", {})
    if tag.get("grade"):
        return f"{'test' if cell.cell_type == 'code' else 'answer'}, {tag['points']:g} points"
    if cell.cell_type == "markdown":
        return "question" if "**Question.**" in cell.source else "text"
    return "figure" if DRAWS.search(cell.source) else "output"


def page(items: dict[str, dict[str, str]]) -> str:
    """Return the page for lab → item → cell ids with blanks between.

    Raises:
        ValueError: a notebook has no such cell.
    """
    lines = [INTRODUCTION]
    for number, (lab, rows) in enumerate(items.items(), 1):
        path = HERE.parent / "notebooks" / lab / f"{lab}.ipynb"
        cells = {cell.id: cell for cell in nbformat.read(path, as_version=4).cells}
        titles = sections(list(cells.values()))
        lines += [
            f"## Lab {number}, `{lab}`",
            "",
            "| source material | cell | holds | section |",
            "|---|---|---|---|",
        ]
        for item, names in rows.items():
            for i, name in enumerate(names.split()):
                if name not in cells:
                    raise ValueError(
                        f"{path.name} has no cell {name}, which source_material.toml names for: {item}"
                    )
                lines.append(f"| {'' if i else item} | `{name}` | {holds(cells[name])} | {titles[name]} |")
        asked = [f"`{name}`" for name, cell in cells.items() if "**Question.**" in cell.source]
        lines += ["", f"{len(asked)} questions for the students to think about: {', '.join(asked)}.", ""]
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--write", action="store_true", help="write docs/source-material.md")
    text = page(tomllib.loads((HERE / "source_material.toml").read_text(encoding="utf-8")))
    if parser.parse_args().write:
        PAGE.write_text(text, encoding="utf-8")
        print(f"Written to {PAGE}")
    else:
        print(text, end="")


if __name__ == "__main__":
    main()
