"""One table of what Cattern costs, beside peers, measured in one run on this machine.

    python benchmarks/bench.py             all rows, into benchmarks/RESULTS.md
    python benchmarks/bench.py --quick     each row once, printed only: it must run, its figures say little
    python benchmarks/bench.py --large     all rows, and those that take an hour
    python benchmarks/bench.py check mnist the rows of these files

Some rows have peers that are no part of the project's environment. They are looked for in the folder $CATTERN_BENCH_PEERS, which
`pip install --target FOLDER jax optuna` makes; a row without its peer says so.

The rows stand in `benchmarks/rows_*.py`; each such file has a function `rows(work)` that returns them. Nothing here
asserts a time.
"""

import argparse
import sys
from importlib import import_module
from pathlib import Path
from tempfile import TemporaryDirectory

from measure import ONE_THREAD, as_markdown, machine, measure

HERE = Path(__file__).resolve().parent
RESULTS = HERE / "RESULTS.md"
INTRODUCTION = """\
# What Cattern costs

Measured by `make bench`, in one run on one machine, ours and the peer's in turn; medians, and the median of the ratios run
by run. A ratio below 1 is cheaper than the peer.

"""


def main() -> None:
    """Measure, print, and write the table unless it was a quick one or a part."""
    files = {path.stem.removeprefix("rows_"): path for path in sorted(HERE.glob("rows_*.py"))}
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("parts", nargs="*", help=f"which rows: {', '.join(files)}")
    parser.add_argument("--quick", action="store_true", help="each row once; nothing is written")
    parser.add_argument(
        "--large", action="store_true", help="also what takes an hour: peers, on 20 submissions"
    )
    given = parser.parse_args()
    if unknown := set(given.parts) - files.keys():
        parser.error(f"there are no rows {', '.join(sorted(unknown))}: choose from {', '.join(files)}")
    found = []
    with TemporaryDirectory(prefix="cattern-bench-") as work:
        for name in given.parts or files:
            folder = Path(work) / name
            folder.mkdir()
            for row in import_module(files[name].stem).rows(folder):
                if (given.quick and not row.quick_runs) or (row.large and not given.large):
                    continue
                found.append(measure(row, given.quick))
                print(as_markdown(found[-1:]).splitlines()[-1], flush=True)
    if not given.quick and not given.parts:
        RESULTS.write_text(f"{INTRODUCTION}{machine()}\n\n{as_markdown(found)}", encoding="utf-8")
        print(f"written: {RESULTS.name}")


if __name__ == "__main__":
    import os

    os.environ.update(ONE_THREAD)
    sys.path[:0] = [str(HERE.parent), str(HERE.parent / "tests" / "helpers")]
    main()
