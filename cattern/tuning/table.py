"""The table of a sweep: one row a trial, kept in a CSV file that grows line by line and survives whatever ends the sweep."""

import csv
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

# The columns that are not settings. `curve` holds the validation accuracy after each epoch, `data` a checksum of the data.
RESULTS = ("trial", "seed", "val_accuracy", "seconds", "error", "curve", "data")
TEXTS = ("error", "curve", "data")


class Table:
    """The trials that are done.

    Attributes:
        rows: a dict for each: its settings by name, and RESULTS. `val_accuracy` is None where the trial failed.
    """

    def __init__(self, file: Path | None = None):
        """Read the file, if there is one. A last line that was not written to its end is dropped.

        Raises:
            ValueError: the file is not such a table.
        """
        self.file, self.rows = file, []
        self._by_key: dict[str, dict[str, Any]] = {}
        if file and file.exists():
            self._read(file)
            for row in self.rows:
                self._note(row)

    def find(self, key: str) -> dict[str, Any] | None:
        """Return the row of a trial by its `trial_key`, or None when it is not done."""
        return self._by_key.get(key)

    def _note(self, row: dict[str, Any]) -> None:
        self._by_key.setdefault(trial_key(settings_of(row), row["seed"], row["data"]), row)

    def add(self, row: dict[str, Any]) -> None:
        """Add a trial, in memory and in the file: as a line more, or, when it brings a new setting, by a new file."""
        known = self._columns()
        self.rows.append({"trial": len(self.rows), **row})
        self._note(self.rows[-1])
        if self.file is None:
            return
        if len(self.rows) > 1 and set(row) <= set(known):
            with self.file.open("a", newline="", encoding="utf-8") as out:
                self._writer(out).writerow(_written(self.rows[-1]))
            return
        beside = self.file.with_name(f"{self.file.name}.part")
        with beside.open("w", newline="", encoding="utf-8") as out:
            writer = self._writer(out)
            writer.writeheader()
            writer.writerows(map(_written, self.rows))
        beside.replace(self.file)

    def _columns(self) -> list[str]:
        settings = dict.fromkeys(name for row in self.rows for name in settings_of(row))
        return ["trial", "seed", *settings, *RESULTS[2:]]

    def _writer(self, out) -> csv.DictWriter:
        return csv.DictWriter(out, self._columns(), lineterminator="\n")

    def _read(self, file: Path) -> None:
        lines = file.read_text(encoding="utf-8", errors="replace").splitlines(keepends=True)
        whole = [line for line in lines if line.endswith("\n")]
        reader = csv.DictReader(whole)
        try:
            if not set(RESULTS) <= set(reader.fieldnames or ()):
                raise ValueError("its first line does not name the columns")
            self.rows = [_row(cells) for cells in reader]
        except (ValueError, TypeError, AttributeError, csv.Error) as error:
            raise ValueError(f"{file} is not a table of trials ({error}): choose another name") from None
        if len(whole) < len(lines):
            file.write_text("".join(whole), encoding="utf-8", newline="\n")


def trial_key(settings: Mapping[str, Any], seed: int, data: str) -> str:
    """Return what tells a trial from every other: a text, in which 1 is not True."""
    return json.dumps([dict(sorted(settings.items())), seed, data])


def settings_of(row: Mapping[str, Any]) -> dict[str, Any]:
    """Return the settings of a trial, by name."""
    return {name: value for name, value in row.items() if name not in RESULTS}


def frame(rows: list[dict[str, Any]]):
    """Return rows as a pandas DataFrame; a failed trial has the accuracy nan."""
    import pandas as pd

    settings = dict.fromkeys(name for row in rows for name in settings_of(row))
    found = pd.DataFrame(rows, columns=["trial", "seed", *settings, *RESULTS[2:-1]])
    return found.astype({"val_accuracy": float})


def _written(row: Mapping[str, Any]) -> dict[str, str]:
    """Return a row as the texts of its cells: as JSON what is no string, and a string that would be read as something else."""
    return {name: value if _is_plain(name, value) else json.dumps(value) for name, value in row.items()}


def _is_plain(name: str, value: Any) -> bool:
    return name in TEXTS or (isinstance(value, str) and value.isprintable() and _value(value) == value != "")


def _row(cells: Mapping[str, str]) -> dict[str, Any]:
    """Return a row from the texts of its cells; an empty one is a setting that the trial has not."""
    return {
        name: text if name in TEXTS else _value(text) for name, text in cells.items() if text or name in TEXTS
    }


def _value(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text
