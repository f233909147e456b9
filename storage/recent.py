"""What the writer remembers between commits, so that most look backs cost nothing.

`SeenTraces` answers "was this trace ever stored?" for the whole file; `RecentTraces` holds the facts of traces in
flight. Both only save queries: a trace that is seen and not remembered is asked of the database.
"""

from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass, field
from hashlib import blake2b

from contract.settling import TraceFacts, TraceKey

PROBES = 7
BITS_A_TRACE = 10
"""7 probes at 10 bits a key: 0.8 % false hits, each of which costs one look-up; 1.2 MB a million traces."""
FIRST_CAPACITY = 1 << 18


class SeenTraces:
    """A Bloom filter that grows by layers: `in` never misses a trace that was added."""

    def __init__(self) -> None:
        self._layers: list[bytearray] = []
        self._room = 0

    def add(self, keys: Iterable[TraceKey]) -> None:
        for key in keys:
            if self._room <= 0:
                self._grow()
            bits = self._layers[-1]
            for place in places(key, len(bits) * 8):
                bits[place >> 3] |= 1 << (place & 7)
            self._room -= 1

    def __contains__(self, key: TraceKey) -> bool:
        return any(all(bits[p >> 3] >> (p & 7) & 1 for p in places(key, len(bits) * 8)) for bits in self._layers)

    def _grow(self) -> None:
        capacity = FIRST_CAPACITY << len(self._layers)
        self._layers.append(bytearray(capacity * BITS_A_TRACE // 8))
        self._room = capacity


def places(key: TraceKey, bits: int) -> list[int]:
    """Double hashing (Kirsch and Mitzenmacher 2006) over one digest; the digest, since ids are the client's choice."""
    text = f"{key[0]}\0{key[1]}".encode(errors="surrogatepass")
    digest = int.from_bytes(blake2b(text, digest_size=16).digest(), "big")
    first, step = digest >> 64, digest & ((1 << 64) - 1) | 1
    return [(first + i * step) % bits for i in range(PROBES)]


@dataclass(slots=True)
class Remembered:
    """A trace as the file has it now. `described`: it has log records that describe spans (they are read again)."""

    facts: TraceFacts = field(default_factory=TraceFacts)
    described: bool = False


GIANT = 8
"""A trace of up to so many times the room is kept beside it until a commit does not touch it: a commit that does would
read it again (250,000 spans: 2 s)."""


class RecentTraces:
    """The traces touched last, complete, up to a number of spans; and those of the last commit that are giants."""

    def __init__(self, max_spans: int) -> None:
        self._max_spans = max_spans
        self._spans = 0
        self._traces: OrderedDict[TraceKey, Remembered] = OrderedDict()
        self._giants: dict[TraceKey, Remembered] = {}

    def get(self, key: TraceKey) -> Remembered | None:
        return self._traces.get(key) or self._giants.get(key)

    def drop_giants(self) -> None:
        """Those that the next commit puts are kept again."""
        self._giants.clear()

    def put(self, key: TraceKey, trace: Remembered) -> None:
        self.forget(key)
        weight = weight_of(trace)
        if weight > self._max_spans // 4:  # one giant trace must not push out all others
            if weight + sum(map(weight_of, self._giants.values())) <= GIANT * self._max_spans:
                self._giants[key] = trace
            return
        self._traces[key] = trace
        self._spans += weight
        while self._spans > self._max_spans:
            _, oldest = self._traces.popitem(last=False)
            self._spans -= weight_of(oldest)

    def forget(self, key: TraceKey) -> None:
        self._giants.pop(key, None)
        trace = self._traces.pop(key, None)
        if trace is not None:
            self._spans -= weight_of(trace)

    def clear(self) -> None:
        self._traces.clear()
        self._giants.clear()
        self._spans = 0


def weight_of(trace: Remembered) -> int:
    """In spans; a trace without any has a place too."""
    return len(trace.facts.parents) + 1
