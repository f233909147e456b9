"""OTLP/JSON as clients really write it: each odd form is read, or its item is rejected with the field's name."""

from typing import Any

import orjson
import pytest

from contract.errors import Refused
from contract.span import LogRecord, Span
from receiver.otlp_decode import decode_logs, decode_traces
from receiver.rejections import Rejections
from tests.support.otlp import SPAN_ID, START_NS, TRACE_ID

GOOD: dict[str, Any] = {"traceId": TRACE_ID, "spanId": SPAN_ID, "name": "chat"}


def decode(*spans: Any) -> tuple[list[Span], Rejections]:
    body = {"resourceSpans": [{"scopeSpans": [{"spans": list(spans)}]}]}
    return decode_traces(orjson.dumps(body), "json")


def decode_log(record: Any) -> LogRecord:
    body = {"resourceLogs": [{"scopeLogs": [{"logRecords": [record]}]}]}
    (decoded,), _ = decode_logs(orjson.dumps(body), "json")
    return decoded


@pytest.mark.parametrize(
    ("fields", "name", "wanted"),
    [
        ({"traceId": TRACE_ID.upper()}, "trace_id", TRACE_ID),
        ({"parentSpanId": None}, "parent_span_id", ""),
        ({"parentSpanId": "0" * 16}, "parent_span_id", ""),
        ({"startTimeUnixNano": str(START_NS)}, "start_ns", START_NS),
        ({"startTimeUnixNano": START_NS}, "start_ns", START_NS),
        ({"startTimeUnixNano": 1.5e9}, "start_ns", 1_500_000_000),
        ({"startTimeUnixNano": 1.7e18}, "start_ns", 1_700_000_000_000_000_000),
        ({"start_time_unix_nano": "7"}, "start_ns", 7),
        ({"endTimeUnixNano": str(2**64 - 1)}, "end_ns", 2**64 - 1),
        ({"kind": 3}, "kind", 3),
        ({"kind": 99}, "kind", 99),
        ({"kind": "SPAN_KIND_CLIENT"}, "kind", 3),
        ({"status": {"code": "STATUS_CODE_ERROR", "message": "no"}}, "status_code", 2),
        ({"status": None, "events": None, "unheardOf": {"a": [1]}}, "status_code", 0),
    ],
)
def test_this_form_is_read(fields: dict[str, Any], name: str, wanted: Any) -> None:
    (span,), rejections = decode({**GOOD, **fields})
    assert getattr(span, name) == wanted
    assert rejections.count == 0


@pytest.mark.parametrize(
    ("value", "wanted"),
    [
        ({"stringValue": "x"}, "x"),
        ({"intValue": "-5"}, -5),
        ({"intValue": 9007199254740993}, 9007199254740993),
        ({"int_value": 5}, 5),
        ({"doubleValue": 2}, 2.0),
        ({"doubleValue": "1.5"}, 1.5),
        ({"boolValue": False}, False),
        ({"bytesValue": "AP8="}, b"\x00\xff"),
        ({"bytesValue": "_-8"}, b"\xff\xef"),
        ({"arrayValue": {}}, []),
        ({"kvlistValue": {"values": [{"key": "a", "value": {"intValue": "1"}}]}}, {"a": 1}),
        ({"kvlistValue": [{"key": "a", "value": {"intValue": "1"}}]}, {"a": 1}),
        ({"arrayValue": [{"stringValue": "x"}]}, ["x"]),
        ({"stringValue": None, "intValue": "1"}, 1),
        ({"newValue": 1}, None),
        ({}, None),
        (None, None),
    ],
)
def test_this_attribute_value_is_read(value: Any, wanted: Any) -> None:
    (span,), _ = decode({**GOOD, "attributes": [{"key": "k", "value": value}]})
    assert span.attributes == {"k": wanted}
    assert type(span.attributes["k"]) is type(wanted)


@pytest.mark.parametrize(
    ("fields", "named", "label"),
    [
        ({"traceId": "CvdlGRbNQ92ESOshHIAxnA=="}, "traceId", "invalid_id"),
        ({"traceId": "0af76519-16cd-43dd-8448-eb211c80319c"}, "traceId", "invalid_id"),
        ({"traceId": "0" * 32}, "trace id is all zeroes", "invalid_id"),
        ({"traceId": None, "spanId": None}, "/v1/logs", "invalid_id"),
        ({"spanId": SPAN_ID[:-1]}, "spanId", "invalid_id"),
        ({"spanId": "zz" * 8}, "spanId", "invalid_id"),
        ({"parentSpanId": "root"}, "parentSpanId", "invalid_id"),
        ({"spanId": 7}, "spanId", "malformed_item"),
        ({"name": 7}, "name", "malformed_item"),
        ({"startTimeUnixNano": "2026-11-21T00:00:00Z"}, "startTimeUnixNano", "malformed_item"),
        ({"startTimeUnixNano": -1}, "startTimeUnixNano", "malformed_item"),
        ({"startTimeUnixNano": 1.5}, "startTimeUnixNano", "malformed_item"),
        ({"startTimeUnixNano": 1.9e19}, "startTimeUnixNano", "malformed_item"),
        ({"endTimeUnixNano": str(2**64)}, "endTimeUnixNano", "malformed_item"),
        ({"endTimeUnixNano": "9" * 5000}, "endTimeUnixNano", "malformed_item"),
        ({"kind": "CLIENT"}, "kind", "malformed_item"),
        ({"flags": True}, "flags", "malformed_item"),
        ({"attributes": {"model": "gpt-4o"}}, "attributes", "malformed_item"),
        ({"attributes": ["model"]}, "attributes", "malformed_item"),
        ({"attributes": [{"key": "k", "value": "bare"}]}, "attributes.value", "malformed_item"),
        ({"attributes": [{"key": "k", "value": {"intValue": str(2**63)}}]}, "intValue", "malformed_item"),
        (
            {"attributes": [{"key": "k", "value": {"intValue": "1", "boolValue": True}}]},
            "more than one",
            "malformed_item",
        ),
        ({"attributes": [{"key": "k", "value": {"bytesValue": "?"}}]}, "bytesValue", "malformed_item"),
        ({"attributes": [{"key": "k", "value": {"doubleValue": "1e999"}}]}, "doubleValue", "malformed_item"),
        ({"events": [{"timeUnixNano": "soon"}]}, "events.timeUnixNano", "malformed_item"),
    ],
)
def test_an_item_that_cannot_be_kept_is_counted_by_field_and_its_neighbours_are_kept(
    fields: dict[str, Any], named: str, label: str
) -> None:
    spans, rejections = decode(GOOD, {**GOOD, **fields}, {**GOOD, "name": "after"})
    assert [span.name for span in spans] == ["chat", "after"]
    assert rejections.labels == {label: 1}
    assert named in rejections.message()


def test_items_that_are_no_objects_are_counted() -> None:
    spans, rejections = decode(GOOD, 7, None, "x", [])
    assert len(spans) == 1
    assert rejections.count == 4


@pytest.mark.parametrize(
    "body",
    [
        b"", b"7", b"[]", b'"x"', b"null", b"NaN", b"{", b'{"resourceSpans": {}}', b'{"resourceSpans": [7]}',
        b'{"resourceSpans": [{"resource": 7}]}', b'{"resourceSpans": [{"scopeSpans": 7}]}',
        b'{"resourceSpans": [{"scopeSpans": [{"spans": {}}]}]}', b'{"resourceLogs": []}', b"\xff\xfe{\x00}\x00",
        b"\xef\xbb\xbf{}", b'{"resourceSpans": [], "x": "\xff"}', b'{"x": NaN}', b"[" * 100_000,
        b'{"x": ' + b"9" * 10**6,
    ],
)  # fmt: skip
def test_a_body_of_another_shape_is_refused(body: bytes) -> None:
    with pytest.raises(Refused):
        decode_traces(body, "json")


def test_half_a_surrogate_pair_becomes_a_replacement_character_and_pairs_stay() -> None:
    body = orjson.dumps({"resourceSpans": [{"scopeSpans": [{"spans": [GOOD]}]}]})
    (span,), _ = decode_traces(body.replace(b"chat", rb"\ud83d\ude00 \\ud83d \ud83d"), "json")
    assert span.name == "\U0001f600 \\ud83d \ufffd"


@pytest.mark.parametrize(
    ("start", "told"),
    [(START_NS, ""), (0, ""), (START_NS // 10**6, "milliseconds"), (START_NS // 1000, "milliseconds")],
)
def test_a_time_that_hardly_is_in_nanoseconds_is_kept_and_told(start: int, told: str) -> None:
    (span,), rejections = decode({**GOOD, "startTimeUnixNano": start})
    assert (span.start_ns, rejections.count) == (start, 0)
    assert told in rejections.message()
    assert bool(told) is bool(rejections.message())


def test_of_a_repeated_key_the_last_one_counts() -> None:
    body = orjson.dumps({"resourceSpans": [{"scopeSpans": [{"spans": [GOOD]}]}]})
    (span,), _ = decode_traces(body.replace(b'"name":"chat"', b'"name":"chat","name":"second"'), "json")
    assert span.name == "second"


def test_characters_of_every_kind_come_as_sent() -> None:
    odd = "\x00\x1b[31m\u202e\ufffe\U0010ffff\U0001f600\n"
    (span,), _ = decode({**GOOD, "name": odd, "attributes": [{"key": odd, "value": {"stringValue": odd}}]})
    assert (span.name, span.attributes) == (odd, {odd: odd})


def test_links_keep_ids_of_any_form() -> None:
    (span,), _ = decode({**GOOD, "links": [{"traceId": "AB" * 16, "spanId": "not hex"}]})
    assert (span.links[0].trace_id, span.links[0].span_id) == ("ab" * 16, "not hex")


@pytest.mark.parametrize(
    ("ids", "wanted"),
    [
        ({"traceId": TRACE_ID, "spanId": SPAN_ID}, (TRACE_ID, SPAN_ID)),
        ({"traceId": TRACE_ID}, (TRACE_ID, "")),
        ({"traceId": TRACE_ID, "spanId": "?"}, (TRACE_ID, "")),
        ({"traceId": "0" * 32, "spanId": SPAN_ID}, ("", "")),
        ({"traceId": "z" * 32, "spanId": SPAN_ID}, ("", "")),
        ({}, ("", "")),
    ],
)
def test_a_log_record_with_bad_ids_is_kept_without_context(ids: dict[str, str], wanted: tuple[str, str]) -> None:
    record = decode_log({**ids, "body": {"stringValue": "hello"}, "severityNumber": "SEVERITY_NUMBER_WARN"})
    assert (record.trace_id, record.span_id) == wanted
    assert (record.body, record.severity_number) == ("hello", 13)
