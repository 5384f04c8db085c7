"""What else is installed beside the students' package and adds to it: the instructors' half says so by entry points."""

from collections.abc import Callable, Iterator
from importlib.metadata import entry_points


def installed(group: str) -> Iterator[Callable]:
    """Yield what installed packages offer under a name: "cattern.commands" adds commands, "cattern.references" opens solutions.

    Without the instructors' package there is nothing, and that is no error.
    """
    for offer in entry_points(group=group):
        try:
            found = offer.load()
        except ModuleNotFoundError as error:
            if (error.name or "").partition(".")[0] != offer.module.partition(".")[0]:
                raise  # it is there, and something that it needs is not
        else:
            yield found
