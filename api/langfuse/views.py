"""Langfuse's names for what can be measured, grouped by and filtered, and the values they stand for.

Source: langfuse/langfuse `packages/shared/src/features/query/dataModel.ts` and its documentation of the metrics API.
"""

from collections.abc import Mapping
from typing import NamedTuple

from api.langfuse.filters import Column
from contract.entities import SPAN_VALUES, TRACE_VALUES

TYPE_OF_KIND = {
    "generation": "GENERATION", "embedding": "EMBEDDING", "retriever": "RETRIEVER", "tool": "TOOL", "agent": "AGENT",
    "workflow": "CHAIN", "guardrail": "GUARDRAIL", "evaluator": "EVALUATOR", "event": "EVENT", "span": "SPAN",
}  # fmt: skip
"""Our kind -> Langfuse's type; kinds that it has no type for are SPAN."""

KIND_OF_TYPE = {kind: name for name, kind in TYPE_OF_KIND.items()}

SECONDS = 1000.0
"""Milliseconds in the unit in which lists (not metrics) tell latencies."""

SCORES = "scores"
"""Query of the views of scores."""


class View(NamedTuple):
    """Something that can be measured."""

    query: str
    types: Mapping[str, str]
    """Value of the query -> its type."""
    time: str
    """Langfuse's name of the column that `fromTimestamp` and `toTimestamp` bound."""
    dimensions: Mapping[str, Column]
    measures: Mapping[str, str]
    """Langfuse's name -> value of the query."""

    @property
    def filters(self) -> Mapping[str, Column]:
        """Columns that filters may name."""
        return {**self.dimensions, self.time: Column("start_time")}


def columns(**values: str) -> dict[str, Column]:
    return {name: Column(value) for name, value in values.items()}


TRACES = View(
    "measure_traces",
    TRACE_VALUES,
    "timestamp",
    columns(
        id="trace_id", name="name", tags="tags", userId="user_id", sessionId="session_id", release="release",
        version="version", environment="environment", timestampMonth="month",
    ),
    {
        "count": "rows", "observationsCount": "span_count", "scoresCount": "score_count", "uniqueUserIds": "user_id",
        "uniqueSessionIds": "session_id", "latency": "duration_ms", "totalTokens": "total_tokens",
        "totalCost": "total_cost",
    },
)  # fmt: skip

OBSERVATIONS = View(
    "measure_spans",
    SPAN_VALUES,
    "startTime",
    {
        **columns(
            id="span_id", traceId="trace_id", traceName="trace_name", environment="environment",
            parentObservationId="parent_span_id", name="name", level="level", version="version", release="release",
            tags="trace_tags", providedModelName="model", promptName="prompt_name", promptVersion="prompt_version",
            userId="trace_user_id", sessionId="trace_session_id", traceRelease="trace_release",
            traceVersion="trace_version", startTimeMonth="month", isRootObservation="is_root",
        ),
        "type": Column("kind", KIND_OF_TYPE),
    },
    {
        "count": "rows", "latency": "duration_ms", "streamingLatency": "streaming_ms", "inputTokens": "input_tokens",
        "outputTokens": "output_tokens", "totalTokens": "total_tokens",
        "outputTokensPerSecond": "output_tokens_per_second", "tokensPerSecond": "total_tokens_per_second",
        "inputCost": "input_cost", "outputCost": "output_cost", "totalCost": "total_cost",
        "timeToFirstToken": "time_to_first_token_ms", "countScores": "score_count", "uniqueUserIds": "trace_user_id",
        "uniqueSessionIds": "trace_session_id",
    },
)  # fmt: skip

TRACE_FILTERS = {
    **TRACES.filters,
    **columns(
        totalTokens="total_tokens", inputTokens="input_tokens", outputTokens="output_tokens", totalCost="total_cost",
        inputCost="input_cost", outputCost="output_cost", level="level",
    ),
    "latency": Column("duration_ms", scale=SECONDS),
}  # fmt: skip
"""Columns of the parameter `filter` of the list of traces."""

OBSERVATION_FILTERS = {
    **OBSERVATIONS.filters,
    **columns(
        endTime="end_time", statusMessage="status_message", totalTokens="total_tokens", inputTokens="input_tokens",
        outputTokens="output_tokens", totalCost="total_cost", inputCost="input_cost", outputCost="output_cost",
        model="model", traceTags="trace_tags", input="input", output="output",
    ),
    "latency": Column("duration_ms", scale=SECONDS),
    "timeToFirstToken": Column("time_to_first_token_ms", scale=SECONDS),
}  # fmt: skip
"""Columns of the parameter `filter` of the lists of observations."""

SCORE_VALUES = {
    **dict.fromkeys(
        (
            "id", "name", "environment", "source", "dataType", "traceId", "observationId", "configId",
            "timestampMonth", "timestampDay", "traceName", "userId", "sessionId", "traceRelease", "traceVersion",
            "observationName", "observationModelName", "observationPromptName", "observationPromptVersion",
            "stringValue",
        ),
        "text",
    ),
    "tags": "list",
    "value": "float",
    "booleanValue": "bool",
    "start_time": "time",
    "rows": "int",
}  # fmt: skip


def score_view(value: str) -> View:
    """Scores of one data type; only those that have numbers can be averaged."""
    hidden = {"stringValue", "value", "booleanValue", "start_time", "rows"} - {value}
    dimensions = {name: Column(name) for name in SCORE_VALUES if name not in hidden}
    measures = {"count": "rows"} if value == "stringValue" else {"count": "rows", "value": "value"}
    return View(SCORES, SCORE_VALUES, "timestamp", dimensions, measures)


VIEWS = {
    "traces": TRACES,
    "observations": OBSERVATIONS,
    "scores-numeric": score_view("value"),
    "scores-categorical": score_view("stringValue"),
    "scores-boolean": score_view("booleanValue"),
}
