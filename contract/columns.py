"""The stored form of spans, log records, metric points and scores: one row is a list in the order of these columns.

Rows are lists and not objects because a row is built for every span that arrives (a copied template costs 0.2 µs, a
dataclass of 60 fields 2 µs). `S`, `L`, `M` and `C` give a column's place by name: `row[S.kind]`.

Column types: `text`, `int`, `float`, `bool`, `time` (integer ns since 1970, within int64), `json` (JSON text).
"""

from typing import Any, NamedTuple

Row = list[Any]


class Column(NamedTuple):
    name: str
    type: str


SPAN_COLUMNS = tuple(
    Column(*line.split())
    for line in """
    project text
    trace_id text
    span_id text
    parent_span_id text
    name text
    span_name text
    kind text
    otlp_kind text
    duplicate_of text
    synthetic bool
    start_time time
    end_time time
    time_to_first_token_ms float
    status text
    status_message text
    error_type text
    level text
    service_name text
    scope_name text
    scope_version text
    environment text
    release text
    version text
    operation text
    provider text
    request_model text
    response_model text
    model text
    response_id text
    finish_reasons json
    streaming bool
    prompt_name text
    prompt_version text
    input text
    output text
    input_tokens int
    output_tokens int
    total_tokens int
    cache_read_tokens int
    cache_write_tokens int
    reasoning_tokens int
    input_cost float
    output_cost float
    total_cost float
    cost_source text
    price_version text
    tool_name text
    tool_call_id text
    agent_name text
    agent_id text
    session_id text
    user_id text
    tags json
    metadata json
    trace_name text
    conventions text
    raw_attributes json
    raw_events json
    raw_links json
    raw_resource json
    raw_scope json
    raw_rest json
    own json
    settled_from json
    copies json
    received_time time
    commit_seq int
    duplicate_of_trace text
    apart json
    preview json
    """.strip().splitlines()
)

LOG_COLUMNS = tuple(
    Column(*line.split())
    for line in """
    project text
    trace_id text
    span_id text
    time time
    observed_time time
    severity_number int
    severity_text text
    event_name text
    service_name text
    scope_name text
    session_id text
    user_id text
    describes_span bool
    raw_body json
    raw_attributes json
    raw_resource json
    raw_scope json
    raw_rest json
    digest text
    received_time time
    commit_seq int
    apart json
    """.strip().splitlines()
)

METRIC_COLUMNS = tuple(
    Column(*line.split())
    for line in """
    project text
    name text
    description text
    unit text
    type text
    temporality text
    monotonic bool
    start_time time
    time time
    value float
    value_int int
    count int
    sum float
    min float
    max float
    service_name text
    scope_name text
    raw_attributes json
    raw_data json
    raw_resource json
    raw_scope json
    digest text
    received_time time
    commit_seq int
    """.strip().splitlines()
)


SCORE_COLUMNS = tuple(
    Column(*line.split())
    for line in """
    project text
    score_id text
    name text
    value float
    string_value text
    data_type text
    source text
    comment text
    trace_id text
    span_id text
    session_id text
    time time
    environment text
    metadata json
    config_id text
    queue_id text
    dataset_run_id text
    author_user_id text
    rest json
    told json
    received_time time
    commit_seq int
    """.strip().splitlines()
)

TRACE_KIND = "trace"
"""Kind of the rows of `span` that hold what was said of a trace itself: no span, listed and counted nowhere."""


class Places:
    """Places as attributes of an instance: Python 3.11 reads one in 5 ns, a class's in 17; a span costs about 80."""

    def __init__(self) -> None:
        vars(self).update({name: place for name, place in vars(type(self)).items() if type(place) is int})


class SpanPlaces(Places):
    """Place of each span column in a row."""

    (
        project, trace_id, span_id, parent_span_id, name, span_name, kind, otlp_kind, duplicate_of, synthetic,
        start_time, end_time, time_to_first_token_ms,
        status, status_message, error_type, level,
        service_name, scope_name, scope_version, environment, release, version,
        operation, provider, request_model, response_model, model, response_id, finish_reasons, streaming,
        prompt_name, prompt_version, input, output,
        input_tokens, output_tokens, total_tokens, cache_read_tokens, cache_write_tokens, reasoning_tokens,
        input_cost, output_cost, total_cost, cost_source, price_version,
        tool_name, tool_call_id, agent_name, agent_id,
        session_id, user_id, tags, metadata, trace_name, conventions,
        raw_attributes, raw_events, raw_links, raw_resource, raw_scope, raw_rest,
        own, settled_from, copies, received_time, commit_seq, duplicate_of_trace, apart, preview,
    ) = range(len(SPAN_COLUMNS))  # fmt: skip


class LogPlaces(Places):
    """Place of each log column in a row."""

    (
        project, trace_id, span_id, time, observed_time, severity_number, severity_text, event_name,
        service_name, scope_name, session_id, user_id, describes_span,
        raw_body, raw_attributes, raw_resource, raw_scope, raw_rest,
        digest, received_time, commit_seq, apart,
    ) = range(len(LOG_COLUMNS))  # fmt: skip


class MetricPlaces(Places):
    """Place of each metric point column in a row."""

    (
        project, name, description, unit, type, temporality, monotonic, start_time, time,
        value, value_int, count, sum, min, max, service_name, scope_name,
        raw_attributes, raw_data, raw_resource, raw_scope,
        digest, received_time, commit_seq,
    ) = range(len(METRIC_COLUMNS))  # fmt: skip


class ScorePlaces(Places):
    """Place of each score column in a row."""

    (
        project, score_id, name, value, string_value, data_type, source, comment, trace_id, span_id, session_id, time,
        environment, metadata, config_id, queue_id, dataset_run_id, author_user_id, rest, told,
        received_time, commit_seq,
    ) = range(len(SCORE_COLUMNS))  # fmt: skip


S, L, M, C = SpanPlaces(), LogPlaces(), MetricPlaces(), ScorePlaces()
EMPTY_SPAN: Row = [None] * len(SPAN_COLUMNS)
EMPTY_LOG: Row = [None] * len(LOG_COLUMNS)
EMPTY_METRIC: Row = [None] * len(METRIC_COLUMNS)
EMPTY_SCORE: Row = [None] * len(SCORE_COLUMNS)
