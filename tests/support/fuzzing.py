"""Chance that can be had again: each case has a seed of its own, and says it where it fails.

The ordinary run tries the same cases every time; `make fuzz` (FUZZ_SEED, FUZZ_TIMES) new ones, for minutes.
"""

import os
import random
from collections.abc import Callable, Iterator

SEED = int(os.environ.get("FUZZ_SEED", "1"))
TIMES = int(os.environ.get("FUZZ_TIMES", "1"))
"""So many times as many cases as in the ordinary run."""


def cases(count: int) -> Iterator[tuple[int, random.Random]]:
    """Seeds, and the chance that each of them gives."""
    for seed in range(SEED, SEED + count * TIMES):
        yield seed, random.Random(seed)


def fuzz(count: int, check: Callable[[random.Random], None]) -> None:
    """Check so many cases; a failure says how to get the same case again."""
    for seed, chooser in cases(count):
        try:
            check(chooser)
        except BaseException as error:
            error.add_note(f"the same case alone: FUZZ_SEED={seed} FUZZ_TIMES=1")
            raise
