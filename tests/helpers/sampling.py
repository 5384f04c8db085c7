"""Samples of products that are too large for every run: other ones with every commit, so that over time all are taken."""

import os
import random
import subprocess
from collections.abc import Sequence
from pathlib import Path


def sample(items: Sequence, count: int) -> list:
    """Return `count` of the items, in their order; all of them under CATTERN_SAMPLE=all.

    The same commit gives the same sample; another word in CATTERN_SAMPLE gives another one.
    """
    seed = os.environ.get("CATTERN_SAMPLE") or _commit()
    if seed == "all" or count >= len(items):
        return list(items)
    chosen = random.Random(f"{seed} {len(items)}").sample(range(len(items)), count)
    return [items[i] for i in sorted(chosen)]


def _commit() -> str:
    here = Path(__file__).resolve().parent
    done = subprocess.run(["git", "rev-parse", "HEAD"], cwd=here, capture_output=True, text=True, check=False)
    return done.stdout.strip()
