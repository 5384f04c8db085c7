"""Samples of products that are too large for every run: other ones with every commit, so that over time all are taken."""

import math
import os
import random
import subprocess
from collections.abc import Iterable, Sequence
from functools import cache
from pathlib import Path

import pytest


def sample(items: Sequence, count: int) -> list:
    """Return `count` of the items, in their order; all of them under CATTERN_SAMPLE=all.

    The same commit gives the same sample; another word in CATTERN_SAMPLE gives another one.
    """
    seed = os.environ.get("CATTERN_SAMPLE") or _commit()
    if seed == "all" or count >= len(items):
        return list(items)
    chosen = random.Random(f"{seed} {len(items)}").sample(range(len(items)), count)
    return [items[i] for i in sorted(chosen)]


def in_turn(one: str, every: Sequence[str], count: int) -> pytest.MarkDecorator:
    """Return the mark of a test that `every` has, and an ordinary run takes of `count` of them: that of the others is slow.

    Other ones with every commit. CI takes them all: those that were left out are among its slow ones.
    """
    return pytest.mark.long if one in sample(every, count) else pytest.mark.slow


def a_quarter(items: Iterable) -> list:
    """Return the parameters of a test of many: an ordinary run takes a quarter of them, the others are slow.

    Other ones with every commit. CI takes them all: those that were left out are among its slow ones.
    """
    items = list(items)
    now = set(sample(range(len(items)), math.ceil(len(items) / 4)))
    return [
        pytest.param(
            *(item if isinstance(item, tuple) else (item,)), marks=() if i in now else pytest.mark.slow
        )
        for i, item in enumerate(items)
    ]


@cache
def _commit() -> str:
    here = Path(__file__).resolve().parent
    done = subprocess.run(["git", "rev-parse", "HEAD"], cwd=here, capture_output=True, text=True, check=False)
    return done.stdout.strip()
