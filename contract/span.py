"""OTLP as sent: decoded, not interpreted. Source: opentelemetry-proto v1.10.0 (`proto/`).

Attribute values are plain Python: str, bool, int, float, bytes, list, dict, and None for an empty AnyValue, so that
the type is the wire type. Ids are lower-case hex, times integer nanoseconds (uint64 range), 0 where not set.
Instances are never changed once built (not frozen: that doubles the cost of building them); resource and scope are
shared.
"""

from dataclasses import dataclass, field
from typing import Any, NamedTuple

AttributeValue = Any
Attributes = dict[str, AttributeValue]


class KeyValues(dict[str, AttributeValue]):
    """A key-value list that a plain dict cannot hold losslessly: duplicate keys, or keys that begin with `$`.

    As a mapping the last value of a key wins; `pairs` has all of them in order.
    """

    __slots__ = ("pairs",)

    def __init__(self, pairs: list[tuple[str, AttributeValue]]) -> None:
        super().__init__(pairs)
        self.pairs = pairs


class NonFinite(float):
    """NaN or an infinity: marked, since JSON has no form for it."""

    __slots__ = ()


@dataclass(slots=True)
class Resource:
    attributes: Attributes = field(default_factory=dict)
    dropped_attributes_count: int = 0
    schema_url: str = ""
    entity_refs: list[dict[str, Any]] = field(default_factory=list)
    """OTLP/JSON form of `entity_refs`, kept for the way back."""


@dataclass(slots=True)
class Scope:
    name: str = ""
    version: str = ""
    attributes: Attributes = field(default_factory=dict)
    dropped_attributes_count: int = 0
    schema_url: str = ""


@dataclass(slots=True)
class Event:
    time_ns: int
    name: str
    attributes: Attributes
    dropped_attributes_count: int = 0


@dataclass(slots=True)
class Link:
    trace_id: str
    span_id: str
    trace_state: str = ""
    attributes: Attributes = field(default_factory=dict)
    dropped_attributes_count: int = 0
    flags: int = 0


@dataclass(frozen=True, slots=True)
class Revision:
    """When a part of a span was said, for spans that are told piece by piece (events of the Langfuse ingestion API)."""

    time_ns: int
    is_update: bool
    event_id: str


TRACE_SPAN_ID = "(trace)"
"""Span id of what is said of a trace itself, without being a span of it."""


@dataclass(slots=True)
class Span:
    trace_id: str
    span_id: str
    parent_span_id: str
    """Empty for a root."""
    name: str
    kind: int
    """OTLP SpanKind as a number; unknown numbers are kept."""
    start_ns: int
    end_ns: int
    attributes: Attributes
    events: list[Event]
    links: list[Link]
    status_code: int
    """0 unset, 1 ok, 2 error; unknown numbers are kept."""
    status_message: str
    resource: Resource
    scope: Scope
    trace_state: str = ""
    flags: int = 0
    dropped_attributes_count: int = 0
    dropped_events_count: int = 0
    dropped_links_count: int = 0
    revision: Revision | None = None
    """Set where this is one of several parts: what it leaves empty (times: 0) it says nothing of."""


@dataclass(slots=True)
class LogRecord:
    trace_id: str
    """Empty where the record has no (valid) trace context; so is `span_id`."""
    span_id: str
    time_ns: int
    observed_ns: int
    severity_number: int
    severity_text: str
    body: AttributeValue
    attributes: Attributes
    event_name: str
    resource: Resource
    scope: Scope
    flags: int = 0
    dropped_attributes_count: int = 0


@dataclass(slots=True)
class MetricPoint:
    """One data point with its metric's identity; `data` is the rest (buckets, quantiles, exemplars, flags)."""

    name: str
    description: str
    unit: str
    type: str
    """`gauge`, `sum`, `histogram`, `exponential_histogram`, `summary`."""
    temporality: int
    monotonic: bool
    start_ns: int
    time_ns: int
    value: int | float | None
    count: int | None
    sum: float | None
    min: float | None
    max: float | None
    attributes: Attributes
    data: dict[str, Any]
    resource: Resource
    scope: Scope


@dataclass(slots=True)
class Score:
    """One event about a score: what it says, by the names of `contract.columns.SCORE_COLUMNS`."""

    score_id: str
    said: dict[str, Any]
    revision: Revision


@dataclass(slots=True)
class Batch:
    """One request: what arrived together and is answered together."""

    project: str
    received_ns: int
    transport: str
    """`grpc` or `http`."""
    spans: list[Span] = field(default_factory=list)
    logs: list[LogRecord] = field(default_factory=list)
    metric_points: list[MetricPoint] = field(default_factory=list)
    scores: list[Score] = field(default_factory=list)
    size_bytes: int = 0
    """Unpacked size of the request body, for the bound on queued bytes."""


ROW_BYTES = 1024
"""What a row takes, and about the time for it, however little was sent: a span of 30 bytes is one."""


class Extent(NamedTuple):
    """What a request has, told without decoding it."""

    items: int = 1
    widest_bytes: int = 0
    """Of the largest item, with its resource and its scope as JSON."""
    all_bytes: int = 0
    """The same of all items: what they share, each has."""
    service_name: str | None = None
    """Of the first item."""


class Sent(NamedTuple):
    """A request as it arrived, of which nothing is rejected: enough to make its batch, now or after a crash."""

    signal: str
    """`traces`, `logs` or `metrics` of OTLP."""
    project: str
    received_ns: int
    transport: str
    body: bytes
    """OTLP protobuf, unpacked."""
    extent: Extent = Extent()
    """Not kept with it: known when it arrives."""

    @property
    def size_bytes(self) -> int:
        """For the bound on queued bytes: what its items share counts half for each of them, where that is more."""
        return max(len(self.body), self.extent.all_bytes // 2, ROW_BYTES * self.extent.items)
