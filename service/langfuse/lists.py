"""Lists of Langfuse's public API, read from the newest record to the oldest.

Three generations of servers are told apart by what they answer: `/traces`, `/observations` and `/v2/scores` by page
(servers 2 and 3), `/v2/observations` and `/v3/scores` by cursor (servers 4, which answer 404 to the others).
Source: langfuse/langfuse `fern/apis/server/definition`, `web/src/pages/api/public`.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from api.langfuse.records import iso
from receiver.langfuse_values import BadEvent, time_ns
from service.langfuse.remote import ABSENT, NO_ANSWER, Asks, Refusal
from service.langfuse.tally import Tally

Record = dict[str, Any]
MS = 1_000_000
LIMITS = (100, 25, 5, 1)
"""Records a page: fewer where a page cannot be read; each divides the one before, so that pages stay aligned."""
UNREADABLE_AT_MOST = 5
"""Records one after the other that cannot be read; then it is the server."""
FINAL = frozenset({NO_ANSWER, 400, 401, 403, *ABSENT})
"""Statuses that a smaller page does not change."""
CUT_AT = 200
"""Characters at which `/v2/observations` cuts values of metadata that `expandMetadata` does not name."""
EXPANDED_AT_MOST = 60


class Listed(NamedTuple):
    """A list: its path, the member with its time, the names of its bounds, and what else is asked."""

    kind: str
    path: str
    time: str
    since: str
    before: str
    asked: Mapping[str, str] = {}


_BOUNDS, _START_BOUNDS = ("fromTimestamp", "toTimestamp"), ("fromStartTime", "toStartTime")
TRACES = Listed("traces", "api/public/traces", "timestamp", *_BOUNDS, {"fields": "core,io"})
OBSERVATIONS = Listed("observations", "api/public/observations", "startTime", *_START_BOUNDS)
SCORES_V1 = Listed("scores", "api/public/scores", "timestamp", *_BOUNDS)
SCORES_V2 = Listed("scores", "api/public/v2/scores", "timestamp", *_BOUNDS)
SCORES_V3 = Listed("scores", "api/public/v3/scores", "timestamp", *_BOUNDS, {"fields": "details,subject,annotation"})
OBSERVATIONS_V2 = Listed(
    "observations",
    "api/public/v2/observations",
    "startTime",
    *_START_BOUNDS,
    {"fields": "core,basic,time,io,metadata,model,usage,prompt,trace_context"},
)


class Range(NamedTuple):
    """Nanoseconds since 1970, half-open; null is no bound."""

    from_ns: int | None = None
    to_ns: int | None = None


class Stream(ABC):
    """`read` until it gives nothing: then `ended` is true. `before_ns`: everything at or after it was read."""

    def __init__(self, site: Asks, listed: Listed, range_: Range, tally: Tally) -> None:
        self.listed = listed
        self.before_ns = range_.to_ns
        self.ended = False
        self._site, self._tally = site, tally
        self._since = iso(range_.from_ns)
        self._size = 0
        """Place of the limit in `LIMITS`."""

    @property
    def limit(self) -> int:
        return LIMITS[self._size]

    async def read(self) -> list[Record]:
        """The next older records; none when there are no more. Raises `Refusal`."""
        while not self.ended:
            if found := self._taken(await self._page()):
                return found
        return []

    async def _page(self) -> Any:
        """An answer, of smaller pages where larger ones cannot be had."""
        while True:
            try:
                return await self._asked()
            except Refusal as error:
                if error.status in FINAL:
                    raise
                if self._size + 1 < len(LIMITS):
                    self._smaller()
                else:
                    self._skip(error)

    async def _asked(self, **asked: Any) -> Any:
        return await self._site.json("GET", self.listed.path, **{**self.listed.asked, **asked}, limit=self.limit)

    def _smaller(self) -> None:
        self._size += 1

    def _skip(self, error: Refusal) -> None:
        """Go on behind a record that cannot be read, where that is possible."""
        raise error

    @abstractmethod
    def _taken(self, answer: Any) -> list[Record]:
        """The records of an answer that are new."""

    def _readable(self, answer: Any) -> list[tuple[int, Record]]:
        """The records that have an id and a time, with it; the others are faults."""
        found = []
        for record in data_of(answer):
            moment = moment_of(record, self.listed.time)
            if moment is None:
                self._tally.fault(f"{self.listed.kind}: a record has no id or no {self.listed.time}: {record!r:.100}")
            else:
                found.append((moment, record))
        return found


class ByPage(Stream):
    """A list with page numbers. The time of the last record is the bound of the next question, so that records which
    come or go meanwhile shift nothing; page numbers count only within one millisecond."""

    def __init__(self, site: Asks, listed: Listed, range_: Range, tally: Tally) -> None:
        super().__init__(site, listed, range_, tally)
        self._number = 1
        self._seen: set[tuple[Any, Any]] = set()
        """Records in the last millisecond, which is asked for again."""
        self._heeds_bounds = True
        """Old servers know no upper bound: they are read by page numbers alone."""
        self._unreadable = 0

    async def _asked(self, **asked: Any) -> Any:
        bounds = {self.listed.since: self._since, self.listed.before: iso(self.before_ns)}
        return await super()._asked(page=self._number, **bounds)

    def _smaller(self) -> None:
        skipped = (self._number - 1) * self.limit
        super()._smaller()
        self._number = skipped // self.limit + 1

    def _larger(self) -> None:
        """One step back to whole pages, where one begins here."""
        skipped = (self._number - 1) * self.limit
        if self._size and skipped % LIMITS[self._size - 1] == 0:
            self._size -= 1
            self._number = skipped // self.limit + 1

    def _skip(self, error: Refusal) -> None:
        self._unreadable += 1
        if self._unreadable > UNREADABLE_AT_MOST:
            raise error
        where = iso(self.before_ns) or "now"
        self._tally.fault(f"{self.listed.kind}: number {self._number} before {where} cannot be read: {error}")
        self._number += 1

    def _taken(self, answer: Any) -> list[Record]:
        self._unreadable = 0
        found = self._readable(answer)
        known_ns = self.before_ns
        self._heeds_bounds &= known_ns is None or all(ns < known_ns for ns, _ in found)
        new = [
            record for ns, record in found if identity(record) not in self._seen and (known_ns is None or ns < known_ns)
        ]
        if not data_of(answer) or (not new and len(data_of(answer)) < self.limit):
            self.ended = True
        else:
            self._go_on(found)
            self._larger()
        return new

    def _go_on(self, found: Sequence[tuple[int, Record]]) -> None:
        last_ms = found[-1][0] // MS if found else None
        ids = {identity(record) for ns, record in found if ns // MS == last_ms}
        known_ns, bound_ns = self.before_ns, None if last_ms is None else (last_ms + 1) * MS
        if bound_ns is None or (known_ns is not None and bound_ns >= known_ns):
            self._number += 1
            self._seen |= ids
            return
        self.before_ns, self._seen = bound_ns, ids
        self._number = 1 if self._heeds_bounds else self._number + 1


class ByCursor(Stream):
    """A list with a cursor."""

    def __init__(self, site: Asks, listed: Listed, range_: Range, tally: Tally) -> None:
        super().__init__(site, listed, range_, tally)
        self._bounds = {listed.since: self._since, listed.before: iso(range_.to_ns)}
        self._cursor: str | None = None
        self._expanded: list[str] = []

    async def _asked(self, **asked: Any) -> Any:
        """Asked again where metadata was cut; the keys are remembered, so that this happens a few times only."""
        while True:
            named = {"expandMetadata": ",".join(self._expanded) or None} if self.listed is OBSERVATIONS_V2 else {}
            answer = await super()._asked(cursor=self._cursor, **self._bounds, **named)
            cut = [key for key in cut_keys(data_of(answer)) if key not in self._expanded]
            if self.listed is not OBSERVATIONS_V2 or not cut or len(self._expanded) >= EXPANDED_AT_MOST:
                return answer
            self._expanded = [*self._expanded, *cut][:EXPANDED_AT_MOST]

    def _taken(self, answer: Any) -> list[Record]:
        found = self._readable(answer)
        meta = answer.get("meta")
        following = meta.get("cursor") if isinstance(meta, dict) else None
        self.ended = not isinstance(following, str) or following == self._cursor or not data_of(answer)
        self._cursor = following
        if found:
            self.before_ns = (found[-1][0] // MS + 1) * MS
        self._size = max(0, self._size - 1)
        return [record for _, record in found]


def cut_keys(records: Sequence[Record]) -> list[str]:
    """Keys of metadata with a value that may have been cut."""
    maps = [record["metadata"] for record in records if isinstance(record.get("metadata"), dict)]
    keys = {
        key: None for each in maps for key, value in each.items() if isinstance(value, str) and len(value) >= CUT_AT
    }
    return [key for key in keys if "," not in key and len(key) <= CUT_AT]


def identity(record: Record) -> tuple[Any, Any]:
    """Of an OTLP span the id is one of its trace only."""
    return record["id"], record.get("traceId")


def data_of(answer: Any) -> list[Record]:
    """The records of a list's answer."""
    data = answer.get("data") if isinstance(answer, dict) else None
    return [record for record in data if isinstance(record, dict)] if isinstance(data, list) else []


def moment_of(record: Record, name: str) -> int | None:
    """The time of a record that has an id."""
    try:
        return time_ns(record.get(name), name) if record.get("id") and isinstance(record["id"], str) else None
    except BadEvent:
        return None


async def answered(site: Asks, listed: Listed) -> bool:
    """Whether this server has the list. Raises `Refusal` for any other fault."""
    try:
        await site.json("GET", listed.path, **listed.asked, limit=1)
    except Refusal as error:
        if error.status not in ABSENT:
            raise
        return False
    return True


async def streams(site: Asks, range_: Range, tally: Tally) -> list[Stream]:
    """The lists of traces, observations and scores that this server has. Raises `Refusal`."""
    found: list[Stream] = []
    if await answered(site, TRACES):
        found += [ByPage(site, listed, range_, tally) for listed in (TRACES, OBSERVATIONS)]
    else:
        found.append(ByCursor(site, OBSERVATIONS_V2, range_, tally))
    for listed, way in ((SCORES_V2, ByPage), (SCORES_V3, ByCursor), (SCORES_V1, ByPage)):
        if await answered(site, listed):
            return [*found, way(site, listed, range_, tally)]
    tally.fault("scores: the server has no list of them")
    return found


async def total(site: Asks, listed: Listed, range_: Range) -> int | None:
    """How many there are as the list itself tells; null where it tells nothing."""
    bounds = {listed.since: iso(range_.from_ns), listed.before: iso(range_.to_ns)}
    try:
        answer = await site.json("GET", listed.path, limit=1, **bounds)
        count = answer["meta"]["totalItems"]
    except (Refusal, KeyError, TypeError):
        return None
    return count if isinstance(count, int) else None
