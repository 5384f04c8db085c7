"""A bar while something long runs, and Ctrl+C that ends it without losing what was learned. Given, nothing to write here.

    losses = []
    for i in progress(range(1000), "updates", loss=losses):
        ...
        losses.append(loss)

Where nobody looks on, outside of terminals and notebooks, the loop is as if `progress` were not there.
"""

import os
import signal
import sys
import threading
from collections.abc import Iterable, Iterator
from contextlib import suppress

SOON = 1.0  # seconds; a loop that is done by then shows no bar
OFF = (
    "TQDM_DISABLE",
    "NBGRADER_EXECUTION",
)  # variables: by whoever wants no bars, and by nbgrader when it runs a notebook
RUNNING = "{percentage:3.0f}%|{bar:20}| {n_fmt} of {total_fmt} {unit}, {remaining} left{postfix}"
DONE = "{n_fmt} of {total_fmt} {unit} in {elapsed}{postfix}"


class Progress:
    """A loop's items, with a bar beside them; see `progress`."""

    outermost: "Progress | None" = None  # the loop that has the bar; those inside it have none

    def __init__(self, items: Iterable, unit: str, verbose: bool, figures: dict):
        """Keep what `progress` was given."""
        self.items, self.unit, self.verbose, self.figures = items, unit, verbose, figures
        self.stopped = False
        self._bar = self._loop = self._handler = None

    def __iter__(self) -> Iterator:
        """Yield the items; after Ctrl+C end behind the one at hand, and say so."""
        loop, outer = sys._getframe(1), Progress.outermost
        if outer and not outer._runs_in(loop):  # an exception ended it
            outer._end()
            outer = None
        if outer or not (self.verbose and _somebody_looks_on()):
            yield from self.items
            return
        self._begin(loop)
        done = 0
        try:
            for item in self.items:
                yield item
                done += 1
                self._bar.update()
                if self.stopped:
                    break
        finally:
            self._end()
        if self.stopped:
            total = f" of {len(self.items)}" if hasattr(self.items, "__len__") else ""
            self.print(f"stopped after {done}{total} {self.unit}: what was learned is kept")

    def print(self, line: str) -> None:
        """Print a line as `print` does, above the bar where there is one."""
        if self._bar is not None:
            self._bar.write(line)
        else:
            print(line)

    def _begin(self, loop) -> None:
        """Draw the bar, and listen to Ctrl+C."""
        Progress.outermost, self._loop = self, loop
        if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
            self._handler = signal.signal(signal.SIGINT, self._interrupted)
        total = len(self.items) if hasattr(self.items, "__len__") else None
        self._bar = _new_bar(total, self.unit, self.figures)

    def _end(self) -> None:
        """Leave the bar as it is, and Ctrl+C as it was."""
        if Progress.outermost is self:
            Progress.outermost = None
        if self._handler is not None:
            with suppress(ValueError):  # collected in another thread
                signal.signal(signal.SIGINT, self._handler)
        if self._bar is not None:
            self._bar.close()
        self._bar = self._loop = self._handler = None

    def _interrupted(self, number: int, frame) -> None:
        """Stop behind the item at hand; at once, when this is the second time or the loop is not running any more."""
        if self.stopped or not self._runs_in(frame):
            self._end()
            raise KeyboardInterrupt
        self.stopped = True

    def _runs_in(self, frame) -> bool:
        """Tell whether a frame was called from this loop, or is the loop's own."""
        while frame is not None and frame is not self._loop:
            frame = frame.f_back
        return frame is not None


def progress(items: Iterable, unit: str, verbose: bool = True, **figures: list) -> Progress:
    """Return the items of a loop; while it runs, a bar shows how far it is, how much time is left, and the latest figures.

    Ctrl+C (in a notebook: the button with the square) ends the loop behind the item at hand, so that whatever it has
    trained and noted by then is whole, and stays. Pressed again, it ends everything at once, as always. A loop inside
    another one has no bar of its own and is not cut short: of a sweep, whole runs are kept.

    Args:
        items: what the loop goes through. With a `len()` the time left is known.
        unit: what one of them is, in the plural: "updates", "epochs".
        verbose: False for no bar and nothing else.
        figures: lists that grow in the loop; the last number of each stands beside the bar, under its name.
    """
    return Progress(items, unit, verbose, figures)


def in_notebook() -> bool:
    """Tell whether a notebook shows what this process displays."""
    ipython = sys.modules.get("IPython")
    try:
        return ipython is not None and hasattr(ipython.get_ipython(), "kernel")
    except ImportError:  # where a submission is graded, an empty module stands for one that is not there
        return False


def _somebody_looks_on() -> bool:
    if any(os.environ.get(name) for name in OFF) or threading.current_thread() is not threading.main_thread():
        return False
    return in_notebook() or (sys.stderr is not None and sys.stderr.isatty())


def _new_bar(total: int | None, unit: str, figures: dict):
    """Return a bar of tqdm's. Nothing is imported for it before somebody looks on."""
    from html import escape
    from io import StringIO

    from tqdm import tqdm

    class Bar(tqdm):
        @property
        def format_dict(self) -> dict:
            return super().format_dict | {"postfix": _words(figures)}

        def close(self) -> None:
            self.bar_format = DONE
            super().close()

    class NotebookBar(Bar):
        shown = None

        def display(self, *args, **options) -> None:
            from IPython.display import display

            text = str(self)
            drawn = f"<progress value={self.n} max={self.total or 1}></progress> " if self.total else ""
            data = {
                "text/plain": text,
                "text/html": f"{drawn}<code>{escape(text.rpartition('| ')[2])}</code>",
            }
            if self.shown is None:
                self.shown = display(data, raw=True, display_id=True)
            else:
                self.shown.update(data, raw=True)

    options = {"delay": SOON, "miniters": 1, "bar_format": RUNNING if total else DONE}
    if in_notebook():
        return NotebookBar(total=total, unit=unit, file=StringIO(), mininterval=0.2, **options)
    return Bar(total=total, unit=unit, file=sys.stderr, **options)


def _words(figures: dict) -> str:
    """Return the last of each list as text; what is no number is left out."""
    words = []
    for name, values in figures.items():
        with suppress(TypeError, ValueError, IndexError):
            words.append(f"{name} {float(values[-1]):.4g}")
    return ", ".join(words)
