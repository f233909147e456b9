"""What is known of a trace, what is new, and the change that makes the stored spans tell one truth.

The writer asks once per commit, inside its transaction; the answer must be a function of the *set* of facts, so that
the order of arrival cannot show. Knowledge of what one call is stands in `translator/settle.py`; storage knows these
types only.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from operator import itemgetter
from typing import Any, NamedTuple, Protocol

from contract.columns import Row, S

TraceKey = tuple[str, str]
"""(project, trace_id)"""

CALL_KINDS = frozenset({"generation", "embedding", "tool"})
"""What may be told of by several spans and log records, and is one call."""

FACT_COLUMNS = (
    "span_id", "parent_span_id", "kind", "synthetic", "scope_name", "service_name", "span_name",
    "start_time", "end_time", "status",
    "request_model", "response_model", "model", "response_id", "provider", "operation",
    "finish_reasons", "streaming", "time_to_first_token_ms", "error_type",
    "input_tokens", "output_tokens", "total_tokens", "cache_read_tokens", "cache_write_tokens", "reasoning_tokens",
    "input_cost", "output_cost", "total_cost", "cost_source", "price_version",
    "tool_name", "tool_call_id", "agent_name", "session_id", "user_id",
    "duplicate_of", "duplicate_of_trace", "own", "settled_from",
)  # fmt: skip
"""Columns of a call that settling reads; beside them `input_length`, `output_length` in characters (null: none)."""

fact_values = itemgetter(*(getattr(S, name) for name in FACT_COLUMNS))
"""Of a row, in the order of `FACT_COLUMNS`."""

CONTENT_COLUMNS = ("input", "output")
"""Settled like the others, but kept out of `Facts`: their text is fetched or copied by the store."""


FACT_INDEX = {name: index for index, name in enumerate(FACT_COLUMNS)}


class OwnValues:
    """Values by the names of `FACT_COLUMNS`. A tuple inside: tens of thousands are remembered, a dict takes 4 times."""

    __slots__ = ("_values",)

    def __init__(self, values: tuple[Any, ...]) -> None:
        """In the order of `FACT_COLUMNS`."""
        self._values = values

    def __getitem__(self, name: str) -> Any:
        return self._values[FACT_INDEX[name]]

    def get(self, name: str) -> Any:
        """Null for a column that is no fact."""
        index = FACT_INDEX.get(name)
        return None if index is None else self._values[index]


class Facts:
    """What settling knows of one call (kind in `CALL_KINDS`): **own** values of `FACT_COLUMNS`, what is settled now."""

    __slots__ = ("input_length", "output_length", "settled", "values")

    def __init__(
        self,
        values: OwnValues,
        input_length: int | None,
        output_length: int | None,
        settled: dict[str, tuple[Any, str]],
    ) -> None:
        """`settled` maps a column to (value now stored, source); a content column's value is None there."""
        self.values = values
        self.input_length = input_length
        self.output_length = output_length
        self.settled = settled


def facts_of_row(row: Row) -> Facts:
    """The facts of a row that has just been translated: nothing is settled yet."""
    text_in, text_out = row[S.input], row[S.output]
    return Facts(
        OwnValues(fact_values(row)),
        None if text_in is None else len(text_in),
        None if text_out is None else len(text_out),
        {},
    )


@dataclass(slots=True)
class TraceFacts:
    """One trace: every span's parent, the facts of its calls, and the log records that describe its spans.

    Known and new are one set here: that is what makes order irrelevant.
    """

    parents: dict[str, str | None] = field(default_factory=dict)
    calls: dict[str, Facts] = field(default_factory=dict)
    logs: dict[str, list[Row]] = field(default_factory=dict)
    """span id -> rows of `LOG_COLUMNS` with `describes_span`; filled only where a span of the trace has such."""


@dataclass(slots=True)
class SettledSpan:
    """What one span's settled columns must be: column -> (value, source). Own values hold for columns not named.

    The source is `span:<id>` or `log:<number of records>`. For a content column filled from a span the value is None:
    the store copies that span's own text; from a log record it is the text. `duplicate_of` has the source `rule`.
    """

    span_id: str
    columns: dict[str, tuple[Any, str]]


class Outline(Protocol):
    """Which calls of one long trace belong together, kept from commit to commit: what a commit costs depends on what
    it reaches, not on what the trace holds."""

    def learn(self, trace: TraceFacts, touched: Mapping[str, str | None]) -> Collection[str]:
        """Take over what spans are now. Returns the calls whose settling may differ, and all that decide on it:
        settled without the rest of the trace they are as they would be with it.

        `touched`: each span that is new, changed or gone (`trace` has it no more) -> the parent that it had. In
        `trace.logs` are all records of touched spans; those of others may be missing.
        """


class MakeOutline(Protocol):
    """Of a trace as it is stored; `trace.logs` is empty."""

    def __call__(self, trace: TraceFacts) -> Outline: ...


class Settle(Protocol):
    """Pure: no clock, no store. Returns one entry for each span whose settled columns differ from `Facts.settled`."""

    def __call__(self, trace: TraceFacts) -> list[SettledSpan]: ...


class MergeCopies(Protocol):
    """Pure: one row from several different copies of one span (same id), independent of their order.

    `rows` are complete rows as translated (own values); the result is a row whose `copies` holds what is needed to
    fold in a further copy later.
    """

    def __call__(self, rows: list[Row]) -> Row: ...


TWIN_KINDS = frozenset({"generation", "embedding"})
ID_CHARACTERS = 16
"""A shorter response id is no provider's: Ollama draws `chatcmpl-0` to `chatcmpl-998`, stand-ins say `chatcmpl-123`."""
SAME_ID_AT_MOST = 4
"""An id that more calls of a project carry is a stand-in's, or answers from a cache: it does not tell calls apart. An
application with two layers and a gateway with one are three."""

CallKey = tuple[str, str]
"""(trace_id, span_id)"""


class Told(NamedTuple):
    """A call as its own trace tells of it when settled, for `Match`: counted there, with a response id."""

    trace_id: str
    span_id: str
    kind: str
    synthetic: bool | None
    scope_name: str | None
    service_name: str | None
    start_time: int
    end_time: int | None
    request_model: str | None
    response_model: str | None
    model: str | None
    input_tokens: int | None
    output_tokens: int | None
    contents: int
    """How many of `CONTENT_COLUMNS` it has."""

    @property
    def key(self) -> CallKey:
        return self.trace_id, self.span_id


class Match(Protocol):
    """Pure. Of all calls of a project with one response id, at most `SAME_ID_AT_MOST`: which one repeats which.

    Returns the key of each call that repeats one of another trace -> the key of that one, which is counted.
    """

    def __call__(self, calls: Sequence[Told]) -> dict[CallKey, CallKey]: ...
