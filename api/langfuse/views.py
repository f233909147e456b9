"""Langfuse's names for what can be measured, grouped by and filtered, and the values they stand for.

Source: langfuse/langfuse `packages/shared/src/features/query/dataModel.ts` and its documentation of the metrics API.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from api.langfuse.filters import Column
from contract.entities import SCORE_VALUES, SPAN_VALUES, TRACE_VALUES
from contract.reading import Condition

TYPE_OF_KIND = {
    "generation": "GENERATION", "embedding": "EMBEDDING", "retriever": "RETRIEVER", "tool": "TOOL", "agent": "AGENT",
    "workflow": "CHAIN", "guardrail": "GUARDRAIL", "evaluator": "EVALUATOR", "event": "EVENT", "span": "SPAN",
}  # fmt: skip
"""Our kind -> Langfuse's type; kinds that it has no type for are SPAN."""

KIND_OF_TYPE = {kind: name for name, kind in TYPE_OF_KIND.items()}

SECONDS = 1000.0
"""Milliseconds in the unit in which lists (not metrics) tell latencies."""


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
    only: tuple[Condition, ...] = ()
    """What holds for all that the view has."""

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
        inputCost="input_cost", outputCost="output_cost", level="level", public="public", bookmarked="bookmarked",
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

SCORE_DIMENSIONS = columns(
    id="id", name="name", environment="environment", source="source", dataType="data_type", traceId="trace_id",
    observationId="span_id", configId="config_id", timestampMonth="month", timestampDay="day", traceName="trace_name",
    tags="trace_tags", userId="trace_user_id", sessionId="trace_session_id", traceRelease="trace_release",
    traceVersion="trace_version", observationName="span_name", observationModelName="model",
    observationPromptName="prompt_name", observationPromptVersion="prompt_version",
)  # fmt: skip


SCORE_FILTERS = {
    **SCORE_DIMENSIONS,
    **columns(
        value="value", stringValue="string_value", comment="comment", timestamp="start_time", sessionId="session_id",
        queueId="queue_id", datasetRunId="dataset_run_id", authorUserId="author_user_id",
        traceSessionId="trace_session_id",
    ),
}  # fmt: skip
"""Columns of the parameter `filter` of the list of scores."""


def score_view(data_types: Sequence[str], dimension: str, value: str) -> View:
    """Scores of these data types with their value; only numbers can be averaged."""
    measures = {"count": "rows"} if value == "string_value" else {"count": "rows", "value": "value"}
    dimensions = {**SCORE_DIMENSIONS, dimension: Column(value)}
    only = (Condition("data_type", "any_of", tuple(data_types)),)
    return View("measure_scores", SCORE_VALUES, "timestamp", dimensions, measures, only)


VIEWS = {
    "traces": TRACES,
    "observations": OBSERVATIONS,
    "scores-numeric": score_view(("NUMERIC",), "value", "value"),
    "scores-categorical": score_view(("CATEGORICAL", "TEXT", "CORRECTION"), "stringValue", "string_value"),
    "scores-boolean": score_view(("BOOLEAN",), "booleanValue", "is_true"),
}
