"""Calls that log records tell of: a span made from each record, with ids derived from the record's own join keys.

A record sent again gives the same span; two records of one call give two copies of it (`translator/merge.py`); where
the call's own span comes too, settling makes the made one its duplicate (`translator/settle.py`).
Sources: Claude Code docs `monitoring-usage`; openai/codex `codex-rs/otel`; google-gemini/gemini-cli
`docs/cli/telemetry.md`; open-telemetry/semantic-conventions-genai `docs/gen-ai/gen-ai-events.md`.
"""

from collections.abc import Callable, Iterable, Mapping
from hashlib import blake2b
from typing import Any, NamedTuple

from contract.span import LogRecord, Span
from translator.answers import timestamp_ns
from translator.messages.records import CHOICE, DETAILS
from translator.values import flag, integer, mapping, number, text

Keys = tuple[str, ...]
Attributes = Mapping[str, Any]

ERROR_STATUS = 2
FIRST_ERROR_CODE = 400
MAX_DURATION_MS = 30 * 86_400_000
_TRACE_BYTES, _SPAN_BYTES = 16, 8


def always(_: Attributes) -> bool:
    return True


def failed(attributes: Attributes) -> bool:
    """Whether the record tells of a failure."""
    codes = (integer(attributes.get(key)) or 0 for key in ("status_code", "http.response.status_code"))
    says_so = any(text(attributes.get(key)) for key in ("error", "error.message", "error_type", "error.type"))
    return says_so or flag(attributes.get("success")) is False or any(code >= FIRST_ERROR_CODE for code in codes)


def has_usage_or_failed(attributes: Attributes) -> bool:
    return "input_token_count" in attributes or failed(attributes)


def is_answer(attributes: Attributes) -> bool:
    """Gemini CLI sends the details record twice: with the request, and with the answer."""
    return any(key.startswith("gen_ai.response.") for key in attributes)


class Told(NamedTuple):
    """An event that tells of a call (or of the prompt that led to it)."""

    ids: tuple[Keys, ...]
    """Attributes that name the call: the first group of which all are there. A copy's group is that of its call."""
    tells: Callable[[Attributes], bool] = always
    ends: bool = True
    """The record's time is the end of the call; else nothing but its content is the call's."""
    is_prompt: bool = False


class Program(NamedTuple):
    """A program that tells of its calls in log records."""

    scope: str
    """How the names of its scopes begin."""
    trace: Keys
    """Attributes of which the first that is there names the trace that its spans are put in."""
    prompt: Keys
    """Attributes that name the prompt a call belongs to: that span is the parent."""
    events: Mapping[str, Told]
    prefix: str = ""
    in_context: bool = False
    """Whether all records of a call carry trace context when one does; where only some do, none is used."""


_SEQUENCE = ("session.id", "event.sequence", "event.timestamp")
_CALL = Told((("request_id",), _SEQUENCE))
_ANSWER = Told((("request_id",),), ends=False)
_AT = ("session.id", "event.timestamp")

CLAUDE_CODE = Program(
    scope="com.anthropic.claude_code",
    trace=("prompt.id", "session.id"),
    prompt=("prompt.id",),
    events={
        "api_request": _CALL,
        "api_error": _CALL,
        "api_refusal": _CALL,
        "assistant_response": _ANSWER,
        "api_response_body": _ANSWER,
        "tool_result": Told((("tool_use_id",), _SEQUENCE)),
        "user_prompt": Told((("prompt.id",),), ends=False, is_prompt=True),
    },
    prefix="claude_code.",
    in_context=True,
)
CODEX = Program(
    scope="codex_otel",
    trace=("conversation.id",),
    prompt=(),
    events={
        "codex.sse_event": Told(
            (("conversation.id", "event.timestamp", "input_token_count", "output_token_count"),
             ("conversation.id", "event.timestamp")), has_usage_or_failed,
        ),
        "codex.api_request": Told((("conversation.id", "event.timestamp", "attempt"),), failed),
        "codex.websocket_request": Told((("conversation.id", "event.timestamp"),), failed),
        "codex.tool_result": Told((("conversation.id", "call_id"),)),
        "codex.user_prompt": Told((("conversation.id", "event.timestamp"),), ends=False, is_prompt=True),
    },
)  # fmt: skip
GEMINI_CLI = Program(
    scope="gemini-cli",
    trace=("session.id",),
    prompt=("session.id", "prompt_id"),
    events={
        "gemini_cli.api_response": Told((_AT,)),
        "gemini_cli.api_error": Told((_AT,)),
        DETAILS: Told((_AT,), is_answer, ends=False),
        "gemini_cli.tool_call": Told((("session.id", "prompt_id", "function_name", "event.timestamp"),)),
        "gemini_cli.user_prompt": Told((("session.id", "prompt_id"),), ends=False, is_prompt=True),
    },
)
PROGRAMS = (CLAUDE_CODE, CODEX, GEMINI_CLI)

OUT_OF_CONTEXT = ("openlit.",)
"""Scopes whose records of streamed calls carry no span, or one that is never sent; their calls always have a span."""

TELLING: dict[str, list[tuple[Program, Told]]] = {}
"""Event name -> the programs that may have sent it. Claude Code leaves its prefix out of `event.name`."""
for _program in PROGRAMS:
    for _name, _told in _program.events.items():
        for _form in {_name, _program.prefix + _name}:
            TELLING.setdefault(_form, []).append((_program, _told))


def told_span(record: LogRecord, name: str | None, digest: str) -> Span | None:
    """The span that the record tells of; None where it tells of none. `name` is the event's, `digest` the record's."""
    if name is None:
        return None
    for program, told in TELLING.get(name, ()):
        if record.scope.name.startswith(program.scope):
            return _of_program(record, program, told, program.prefix + name.removeprefix(program.prefix))
    if name not in (DETAILS, CHOICE) or record.scope.name.startswith(OUT_OF_CONTEXT):
        return None
    return _of_convention(record, name, digest)


def _of_program(record: LogRecord, program: Program, told: Told, name: str) -> Span | None:
    sent = record.attributes
    keys = next((group for group in told.ids if all(_said(sent, key) for key in group)), None)
    home = next(((key, said) for key in program.trace if (said := _said(sent, key))), None)
    in_context = program.in_context and bool(record.trace_id)
    if keys is None or home is None or not told.tells(sent) or (told.is_prompt and in_context):
        return None
    return made_span(
        record,
        trace_id=record.trace_id if in_context else derived(_TRACE_BYTES, program.scope, *home),
        span_id=derived(_SPAN_BYTES, program.scope, *named(sent, keys)),
        parent=record.span_id if in_context else _prompt_of(sent, program, told),
        name=name,
        ends=told.ends,
    )


def _prompt_of(sent: Attributes, program: Program, told: Told) -> str:
    if told.is_prompt or not program.prompt or not all(_said(sent, key) for key in program.prompt):
        return ""
    return derived(_SPAN_BYTES, program.scope, *named(sent, program.prompt))


def _of_convention(record: LogRecord, name: str, digest: str) -> Span | None:
    """The call of a GenAI record: within a trace it has the id of its span, which takes its place when it comes."""
    sent = _all_attributes(record)
    operation = text(sent.get("gen_ai.operation.name"))
    if record.trace_id and record.span_id:
        kept = {} if operation is None else {"gen_ai.operation.name": operation}
        return made_span(record, record.trace_id, record.span_id, "", operation or "chat", False, kept)
    if name == CHOICE:
        return None
    call = text(sent.get("gen_ai.response.id")) or digest
    session = text(sent.get("gen_ai.conversation.id")) or call
    ids = derived(_TRACE_BYTES, DETAILS, session), derived(_SPAN_BYTES, DETAILS, call)
    return made_span(record, *ids, record.span_id, operation or "chat", False, sent)


def _all_attributes(record: LogRecord) -> dict[str, Any]:
    body = record.body if isinstance(record.body, dict) else mapping(record.body)
    inner = (body or {}).get("attributes")
    return {**inner, **record.attributes} if isinstance(inner, dict) else record.attributes


def made_span(
    record: LogRecord,
    trace_id: str,
    span_id: str,
    parent: str,
    name: str,
    ends: bool,
    attributes: dict[str, Any] | None = None,
) -> Span:
    """A span of the record's values: it began its duration before the record; an unknown duration stays unknown."""
    sent = record.attributes if attributes is None else attributes
    moment = timestamp_ns(sent.get("event.timestamp")) or record.time_ns or record.observed_ns
    length = number(sent.get("duration_ms")) if ends else None
    known = length is not None and 0 <= length <= MAX_DURATION_MS and moment > 0
    return Span(
        trace_id=trace_id,
        span_id=span_id,
        parent_span_id=parent,
        name=name,
        kind=0,
        start_ns=max(moment - int((length or 0) * 1_000_000), 1) if known else moment,
        end_ns=moment if known else 0,
        attributes=sent,
        events=[],
        links=[],
        status_code=ERROR_STATUS if failed(record.attributes) else 0,
        status_message="",
        resource=record.resource,
        scope=record.scope,
    )


def distinct(spans: Iterable[Span]) -> list[Span]:
    """Spans of records that say the same of one call are one, as early as the earliest."""
    found: dict[tuple[str, str, int, str], Span] = {}
    for span in spans:
        said = (span.trace_id, span.span_id, span.end_ns, repr(span.attributes))
        known = found.get(said)
        if known is None or span.start_ns < known.start_ns:
            found[said] = span
    return list(found.values())


def named(sent: Attributes, keys: Keys) -> list[str]:
    """Keys and values, so that a value means the call it is said of."""
    return [word for key in keys for word in (key, _said(sent, key) or "")]


def _said(sent: Attributes, key: str) -> str | None:
    return text(sent.get(key))


def derived(size: int, *words: str) -> str:
    """An id of `size` bytes as hex: the same for the same words, on any machine."""
    return blake2b("\0".join(words).encode(errors="surrogatepass"), digest_size=size).hexdigest()
