"""Samples of a file, as parts of a question are made of."""

from storage.parts import Sampled


def sampled(rows: int) -> list[Sampled]:
    """Of rows that came in the order of their time."""
    return [Sampled(number, number) for number in range(rows)]
