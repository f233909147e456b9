"""Log records to rows of `LOG_COLUMNS`."""

import hashlib

from contract.columns import EMPTY_LOG, L, Row
from contract.span import Batch, LogRecord, Scope
from translator import encode
from translator.messages.records import DESCRIBING_EVENTS
from translator.origin import Origin, origin_of
from translator.values import MAX_TIME, identifier, mapping, stored_json, text

_SESSION = ("langfuse.session.id", "session.id", "gen_ai.conversation.id", "conversation.id")
_USER = ("langfuse.user.id", "user.id", "gen_ai.user.id", "enduser.id")
_DIGEST_BYTES = 16
_CALL_SITE = "event "


def log_row(record: LogRecord, batch: Batch, origins: dict[int, Origin], scopes: dict[int, str | None]) -> Row:
    """One record as stored; `describes_span` where it tells of the call that its span is."""
    row = EMPTY_LOG.copy()
    sent = record.attributes
    row[L.project] = batch.project
    row[L.trace_id] = record.trace_id or None
    row[L.span_id] = record.span_id or None
    row[L.time] = min(record.time_ns or record.observed_ns or batch.received_ns, MAX_TIME)
    row[L.observed_time] = min(record.observed_ns, MAX_TIME) if record.observed_ns else None
    row[L.severity_number] = record.severity_number or None
    row[L.severity_text] = record.severity_text or None
    row[L.event_name] = event_name(record)
    row[L.session_id] = _id(sent, _SESSION)
    row[L.user_id] = _id(sent, _USER)
    row[L.describes_span] = bool(record.span_id and record.trace_id and row[L.event_name] in DESCRIBING_EVENTS)
    row[L.raw_body] = None if record.body is None else stored_json(record.body)
    row[L.raw_attributes] = encode.raw_attributes(sent, {})
    row[L.raw_rest] = encode.log_rest(record, row[L.time], row[L.observed_time])
    _origin(row, record, origins, scopes)
    row[L.digest] = _digest(row, record)
    row[L.received_time] = batch.received_ns
    return row


def event_name(record: LogRecord) -> str | None:
    """The event's name: its own field, the attribute of older SDKs, or a member of the JSON body.

    Rust's `tracing` bridge puts `event FILE:LINE` into the field: there the attribute is the name.
    """
    found = text(record.attributes.get("event.name"))
    if record.event_name and not (found and record.event_name.startswith(_CALL_SITE)):
        return record.event_name
    if found is None and isinstance(record.body, dict | str):
        body = mapping(record.body) if not isinstance(record.body, str) or '"event.name"' in record.body else None
        found = text((body or {}).get("event.name"))
    return found


def _id(sent: dict[str, object], keys: tuple[str, ...]) -> str | None:
    return next((found for key in keys if (found := identifier(sent.get(key))) is not None), None)


def _origin(row: Row, record: LogRecord, origins: dict[int, Origin], scopes: dict[int, str | None]) -> None:
    origin = origins.get(id(record.resource))
    if origin is None:
        origin = origins[id(record.resource)] = origin_of(record.resource)
    row[L.service_name] = origin.service_name
    row[L.raw_resource] = origin.raw
    row[L.scope_name] = record.scope.name or None
    row[L.raw_scope] = _scope(record.scope, scopes)


def _scope(scope: Scope, scopes: dict[int, str | None]) -> str | None:
    if id(scope) not in scopes:
        scopes[id(scope)] = encode.scope(scope)
    return scopes[id(scope)]


def _digest(row: Row, record: LogRecord) -> str:
    """Of everything stored but the time of arrival, so that a record sent again has the same."""
    told = [
        None if place in (L.time, L.digest, L.received_time, L.commit_seq) else cell for place, cell in enumerate(row)
    ]
    text_of_all = stored_json([*told, record.time_ns, record.observed_ns, record.event_name])
    return hashlib.blake2b(text_of_all.encode(), digest_size=_DIGEST_BYTES).hexdigest()
