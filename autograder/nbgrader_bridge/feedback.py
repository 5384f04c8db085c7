"""nbgrader's own feedback pages: the same verdicts, and no hidden test."""

from nbgrader.preprocessors import ClearHiddenTests


class HideTests(ClearHiddenTests):
    """Takes the hidden tests out of the test cells of a page; what a student wrote is left as it is."""

    def preprocess_cell(self, cell, resources, cell_index):
        """Clear one cell, when it is a test cell."""
        about = cell.metadata.get("nbgrader", {})
        if about.get("grade") and not about.get("solution"):
            cell, resources = super().preprocess_cell(cell, resources, cell_index)
        return cell, resources
