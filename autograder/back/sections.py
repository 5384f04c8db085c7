"""Which section of the notebook a task belongs to: the heading above its test cell."""

import json
import re

from cattern.checking.lab import Lab


def sections(lab: Lab, notebook: bytes) -> dict[str, str]:
    """Return task id → the heading of the section it stands in; a task without a cell in the notebook has none.

    Args:
        lab: the lab.
        notebook: the released notebook's bytes.
    """
    of_cell = {name: task.id for task in lab.tasks for name in (task.grade_id, task.cell) if name}
    heading, found = "", {}
    for cell in json.loads(notebook)["cells"]:
        source = "".join(cell["source"])
        if cell["cell_type"] == "markdown":
            titles = re.findall(r"^#{1,4} +(.+?)\s*#*$", source, re.MULTILINE)
            heading = titles[-1].replace("`", "") if titles else heading
        name = cell["metadata"].get("nbgrader", {}).get("grade_id")
        if name in of_cell:
            found.setdefault(of_cell[name], heading)
    return found
