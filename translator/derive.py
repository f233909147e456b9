"""What follows from a span's answers taken together: kind, models, counts, status, level, name, first token."""

from contract.columns import TRACE_KIND, Row, S
from contract.span import TRACE_SPAN_ID, Event, Span
from translator import answers
from translator.messages.records import MESSAGE_EVENTS, Record, as_text, finish_reasons, inputs, outputs, tool_run
from translator.plan import PLACES, Plan
from translator.rules import CALLS
from translator.values import MAX_COUNT, content, integer, text

ANY_MODEL, FIRST_TOKEN, LEVEL_NAME, LEVEL_NUMBER, STATUS_TEXT, DISPLAY_NAME, ENTITY_NAME, COSTS = (
    PLACES[name]
    for name in (
        "any_model", "first_token_ns", "level_name", "level_number", "status_text", "display_name", "entity_name",
        "costs",
    )
)  # fmt: skip

OTLP_KINDS = ("unspecified", "internal", "server", "client", "producer", "consumer")
STATUSES = ("unset", "ok", "error")
LEVELS = {"DEBUG": "DEBUG", "DEFAULT": "DEFAULT", "INFO": "DEFAULT", "WARNING": "WARNING", "WARN": "WARNING",
          "ERROR": "ERROR"}  # fmt: skip
FIRST_TOKEN_EVENTS = frozenset(
    {
        "First Token Stream Event",
        "gen_ai.content.completion.chunk",
        "llm.content.completion.chunk",
        "ai.stream.firstChunk",
    }
)
EXCEPTION = "exception"

_COUNTS = (S.input_tokens, S.output_tokens, S.total_tokens, S.cache_read_tokens, S.cache_write_tokens,
           S.reasoning_tokens)  # fmt: skip
_COSTS = (S.input_cost, S.output_cost, S.total_cost)

_OLD_LANGFUSE = ("2.", "3.0", "3.1", "3.2", "3.3")
"""Langfuse's Python SDK up to 3.3 wrote `span` as the type of generations (langfuse issue 8682)."""
_LANGFUSE_CALL = (
    "langfuse.observation.model.name", "langfuse.observation.usage_details", "langfuse.observation.cost_details",
    "langfuse.observation.completion_start_time", "langfuse.observation.model.parameters",
    "langfuse.observation.prompt.name",
)  # fmt: skip


_ECHOING = ("logfire",)
"""Scopes that write the request's model as the response's while they do not know it (streams, failures)."""

_NAMED_BY_SPAN = frozenset(
    {"langfuse.observation.type", "lmnr.span.type", "langsmith.span.kind", "mlflow.spanType", "openinference.span.kind"}
)
"""Langfuse, Laminar, older LangSmith, MLflow, and DSPy under OpenInference have no key for a tool's name: the span is
named like it."""
_CALLED = ".__call__"
"""How DSPy's spans end: `get_weather.__call__`."""


def kind(row: Row, span: Span, plan: Plan) -> str:
    """The kind that a rule gave, else what the fields show together; never from the name."""
    found = _kind(row, span, plan)
    return "embedding" if found == "generation" and _embeds(row) else found


def _embeds(row: Row) -> bool:
    """An embedding model that answered nothing: Langfuse's JS SDK and Laminar call all calls of a model the same."""
    model = row[S.request_model] or row[ANY_MODEL] or row[S.response_model]
    return model is not None and row[S.output] is None and "embed" in model.lower()


def _kind(row: Row, span: Span, plan: Plan) -> str:
    if span.span_id == TRACE_SPAN_ID:
        return TRACE_KIND
    given = row[S.kind]
    if given is not None:
        return "generation" if given == "span" and _is_old_langfuse_call(span) else str(given)
    has_model = row[S.request_model] or row[S.response_model] or row[ANY_MODEL]
    if has_model and (plan.shows_call or _has_message_event(span)):
        return "generation"
    return "tool" if row[S.tool_name] or row[S.tool_call_id] else "span"


def _is_old_langfuse_call(span: Span) -> bool:
    scope = span.scope
    if scope.name != "langfuse-sdk" or not scope.version.startswith(_OLD_LANGFUSE):
        return False
    is_python = span.resource.attributes.get("telemetry.sdk.language", "python") == "python"
    return is_python and any(key in span.attributes for key in _LANGFUSE_CALL)


def _has_message_event(span: Span) -> bool:
    return any(event.name in MESSAGE_EVENTS for event in span.events)


def models(row: Row, scope: str = "") -> None:
    """The name that may be either fills the response when it differs from the request; `model` is what answered."""
    either, request = row[ANY_MODEL], row[S.request_model]
    if row[S.response_model] is not None and row[S.response_model] == request and scope.startswith(_ECHOING):
        row[S.response_model] = None
    if either is not None:
        if request is None:
            row[S.request_model] = either
        elif row[S.response_model] is None and either != request:
            row[S.response_model] = either
    row[S.model] = row[S.response_model] or row[S.request_model]


def counts(row: Row) -> None:
    """Nulls where a failed call says 0 (its reported cost stays), and the total of the parts when none was reported."""
    if row[S.status] == "error" and not row[S.output_tokens]:
        for place in _COUNTS:
            row[place] = None
        return
    whole_input(row)
    if row[S.total_tokens] is None and row[S.input_tokens] is not None:
        if row[S.output_tokens] is not None:
            row[S.total_tokens] = integer(row[S.input_tokens] + row[S.output_tokens])
        elif row[S.kind] == "embedding":
            row[S.total_tokens] = row[S.input_tokens]


def whole_input(row: Row) -> None:
    """More tokens of the cache than of the input prove that these stand without it: they are added (rule 6).

    To a total too that is the sum of the counts without them. Said twice it changes nothing.
    """
    without, beside = row[S.input_tokens], (row[S.cache_read_tokens] or 0) + (row[S.cache_write_tokens] or 0)
    if without is None or beside <= without:
        return
    row[S.input_tokens] = min(without + beside, MAX_COUNT)
    if row[S.total_tokens] == without + (row[S.output_tokens] or 0):
        row[S.total_tokens] = min(row[S.total_tokens] + beside, MAX_COUNT)


def costs(row: Row) -> None:
    """Reported cost: a cost map answers before single keys."""
    found = row[COSTS]
    if found is not None:
        row[S.input_cost], row[S.output_cost] = found.get("input_cost"), found.get("output_cost")
        row[S.total_cost] = found["total_cost"]
    some = [row[S.input_cost], row[S.output_cost]]
    if row[S.total_cost] is None and some != [None, None]:
        row[S.total_cost] = sum(cost for cost in some if cost is not None)
    if row[S.total_cost] is not None:
        row[S.cost_source] = "reported"


def no_counts(row: Row) -> None:
    """Only calls have counts and costs: what others report is a roll-up of their children."""
    for place in _COSTS:
        row[place] = None


def call(row: Row, scope: str) -> None:
    """Models, counts and costs of a span of a known kind."""
    if row[S.kind] in CALLS:
        models(row, scope)
        costs(row)
        counts(row)
        if row[S.total_cost] is None:
            row[S.cost_source] = None
    else:
        row[S.model] = row[S.response_model] or row[S.request_model] or row[ANY_MODEL]
        no_counts(row)


def outcome(row: Row, span: Span) -> None:
    """Status, its message, error type and level."""
    code = span.status_code
    status = STATUSES[code] if 0 <= code < 3 else "unset"
    level = LEVELS.get(str(row[LEVEL_NAME]).upper()) if row[LEVEL_NAME] is not None else None
    if status == "unset" and (level == "ERROR" or row[S.error_type] is not None):
        status = "error"
    row[S.status] = status
    row[S.status_message] = row[STATUS_TEXT] or span.status_message or None
    if status == "error" and span.events:
        _exception(row, span.events)
    row[S.level] = level or _level(status, row[LEVEL_NUMBER])


def _level(status: str, severity: int | None) -> str:
    """Logfire's `level_num` are OTel severity numbers: 17 and more error, 13 and more warning, under 9 debug."""
    if status == "error" or (severity or 0) >= 17:
        return "ERROR"
    if severity is None or 9 <= severity < 13:
        return "DEFAULT"
    return "WARNING" if severity >= 13 else "DEBUG"


def _exception(row: Row, events: list[Event]) -> None:
    for event in events:
        if event.name == EXCEPTION:
            if row[S.error_type] is None:
                row[S.error_type] = text(event.attributes.get("exception.type"))
            if row[S.status_message] is None:
                row[S.status_message] = text(event.attributes.get("exception.message"))


def name(row: Row, span: Span) -> None:
    """The display name: the tool's, the one that its SDK made for display, else the span's."""
    if row[S.kind] == "tool" and row[S.tool_name] is None and not _NAMED_BY_SPAN.isdisjoint(span.attributes):
        row[S.tool_name] = span.name.removesuffix(_CALLED) or None
    tool = row[S.tool_name] if row[S.kind] == "tool" else None
    row[S.name] = tool or row[DISPLAY_NAME] or row[ENTITY_NAME] or span.name


def first_token(row: Row, span: Span) -> None:
    """Milliseconds from the start to the first token, from a time stamp or an event when no duration was sent."""
    if row[S.time_to_first_token_ms] is not None or row[S.kind] not in CALLS:
        return
    moment = row[FIRST_TOKEN]
    if moment is None:
        moment = next((event.time_ns for event in span.events if event.name in FIRST_TOKEN_EVENTS), None)
    if moment is not None and span.start_ns and moment >= span.start_ns:
        row[S.time_to_first_token_ms] = (moment - span.start_ns) / 1e6


def streaming(row: Row, span: Span, plan: Plan) -> None:
    """Where no key says it: an event of the first token, else `stream` among the request's own parameters."""
    if row[S.streaming] is not None or row[S.kind] not in CALLS:
        return
    told = bool(span.events) and any(event.name in FIRST_TOKEN_EVENTS for event in span.events)
    for key in plan.parameter_keys:  # mostly none: a generator takes longer than the question
        told = told or bool(answers.asked_to_stream(span.attributes[key]))
    if told:
        row[S.streaming] = True


def message_events(row: Row, span: Span, plan: Plan) -> bool:
    """Content and finish reasons from `gen_ai.*.message` and `gen_ai.choice` span events; whether there were any."""
    if not _has_message_event(span):
        return False
    records = [Record(event.name, None, event.attributes) for event in sorted(span.events, key=lambda one: one.time_ns)]
    run = tool_run(records) if _kind(row, span, plan) == "tool" else (None, None)
    if row[S.input] is None:
        row[S.input] = content(run[0]) or as_text(inputs(records))
    if row[S.output] is None:
        row[S.output] = content(run[1]) or as_text(outputs(records))
    if row[S.finish_reasons] is None:
        row[S.finish_reasons] = finish_reasons(records)
    return True
