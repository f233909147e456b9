"""Stored spans back to OTLP/JSON: every field and value type as sent."""

import orjson

from api.otlp_json import otlp_json
from contract import raw
from contract.span import KeyValues, NonFinite

ATTRIBUTES = {
    "text": "x",
    "empty": None,
    "flag": False,
    "big": 2**63 - 1,
    "whole": 5.0,
    "nan": NonFinite("nan"),
    "bytes": b"\x00\xff",
    "list": [1, "a", [True]],
    "map": {"k": {"deep": None}},
    "twice": KeyValues([("a", 1), ("a", 2)]),
    "prompt": raw.INPUT_REFERENCE,
}
AS_SENT = [
    {"key": "text", "value": {"stringValue": "x"}},
    {"key": "empty", "value": {}},
    {"key": "flag", "value": {"boolValue": False}},
    {"key": "big", "value": {"intValue": "9223372036854775807"}},
    {"key": "whole", "value": {"doubleValue": 5.0}},
    {"key": "nan", "value": {"doubleValue": "NaN"}},
    {"key": "bytes", "value": {"bytesValue": "AP8="}},
    {
        "key": "list",
        "value": {
            "arrayValue": {
                "values": [
                    {"intValue": "1"},
                    {"stringValue": "a"},
                    {"arrayValue": {"values": [{"boolValue": True}]}},
                ]
            }
        },
    },
    {
        "key": "map",
        "value": {
            "kvlistValue": {
                "values": [{"key": "k", "value": {"kvlistValue": {"values": [{"key": "deep", "value": {}}]}}}]
            }
        },
    },
    {
        "key": "twice",
        "value": {
            "kvlistValue": {
                "values": [{"key": "a", "value": {"intValue": "1"}}, {"key": "a", "value": {"intValue": "2"}}]
            }
        },
    },
    {"key": "prompt", "value": {"stringValue": "what was sent"}},
]


def stored(value: object) -> str:
    return orjson.dumps(value, default=raw.default, option=orjson.OPT_PASSTHROUGH_SUBCLASS).decode()


def row(span_id: str = "b" * 16, **columns: object) -> dict[str, object]:
    return {
        "trace_id": "a" * 32,
        "span_id": span_id,
        "parent_span_id": None,
        "name": "shown",
        "span_name": "sent",
        "otlp_kind": "client",
        "start_time": 2**62,
        "end_time": 2**62 + 1,
        "status": "error",
        "status_message": "why",
        "input": None,
        "output": None,
        "raw_attributes": "{}",
        "raw_events": None,
        "raw_links": None,
        "raw_resource": stored({"attributes": {"service.name": "shop"}}),
        "raw_scope": stored({"name": "lib", "version": "1"}),
        "raw_rest": None,
        "own": None,
        **columns,
    }


def spans_of(*rows: dict[str, object]) -> list[dict[str, object]]:
    return [
        span
        for resource in otlp_json(rows)["resourceSpans"]
        for scope in resource["scopeSpans"]
        for span in scope["spans"]
    ]


def test_every_value_type_comes_back_as_sent() -> None:
    [span] = spans_of(row(input="what was sent", raw_attributes=stored(ATTRIBUTES)))
    assert span["attributes"] == AS_SENT


def test_columns_filled_from_other_spans_show_what_the_span_itself_said() -> None:
    own = {"input": "mine", "status": "unset", "status_message": None, "end_time": 2**62 + 7}
    [span] = spans_of(row(input="theirs", own=stored(own), raw_attributes=stored({"p": raw.INPUT_REFERENCE})))
    assert span["attributes"] == [{"key": "p", "value": {"stringValue": "mine"}}]
    assert span["status"] == {}
    assert span["endTimeUnixNano"] == str(2**62 + 7)


def test_all_fields_of_a_span_are_there() -> None:
    [span] = spans_of(
        row(
            parent_span_id="c" * 16,
            raw_events=stored([[2**63, "e", {"k": 1}, 2], [5, "short"]]),
            raw_links=stored([["d" * 32, "e" * 16, "s=1", {"k": 1}, 3, 257]]),
            raw_rest=stored(
                {
                    "trace_state": "v=1",
                    "flags": 257,
                    "dropped_attributes_count": 1,
                    "dropped_events_count": 2,
                    "dropped_links_count": 3,
                    "kind": 9,
                    "status_code": 7,
                    "start_ns": 0,
                    "end_ns": 2**64 - 1,
                }
            ),
        )
    )
    assert span == {
        "traceId": "a" * 32,
        "spanId": "b" * 16,
        "parentSpanId": "c" * 16,
        "traceState": "v=1",
        "flags": 257,
        "name": "sent",
        "kind": 9,
        "startTimeUnixNano": "0",
        "endTimeUnixNano": "18446744073709551615",
        "attributes": [],
        "events": [
            {
                "timeUnixNano": "9223372036854775808",
                "name": "e",
                "attributes": [{"key": "k", "value": {"intValue": "1"}}],
                "droppedAttributesCount": 2,
            },
            {"timeUnixNano": "5", "name": "short", "attributes": []},
        ],
        "links": [
            {
                "traceId": "d" * 32,
                "spanId": "e" * 16,
                "traceState": "s=1",
                "flags": 257,
                "attributes": [{"key": "k", "value": {"intValue": "1"}}],
                "droppedAttributesCount": 3,
            }
        ],
        "status": {"message": "why", "code": 7},
        "droppedAttributesCount": 1,
        "droppedEventsCount": 2,
        "droppedLinksCount": 3,
    }


def test_spans_stand_under_their_resource_and_scope() -> None:
    other = stored({"attributes": {}, "schema_url": "r", "dropped_attributes_count": 4, "entity_refs": [{"type": "t"}]})
    scope = stored({"name": "lib", "schema_url": "s", "attributes": {"a": 1}})
    request = otlp_json([row("1"), row("2", raw_resource=other), row("3", raw_scope=scope), row("4")])
    first, second = request["resourceSpans"]
    assert first["resource"] == {"attributes": [{"key": "service.name", "value": {"stringValue": "shop"}}]}
    assert [[span["spanId"] for span in each["spans"]] for each in first["scopeSpans"]] == [["1", "4"], ["3"]]
    assert first["scopeSpans"][0]["scope"] == {"name": "lib", "version": "1", "attributes": []}
    assert first["scopeSpans"][1]["schemaUrl"] == "s"
    assert second["schemaUrl"] == "r"
    assert second["resource"] == {"attributes": [], "droppedAttributesCount": 4, "entityRefs": [{"type": "t"}]}


def test_what_was_made_here_and_never_received_is_left_out() -> None:
    of_a_log_record = row("1", raw_rest=stored({"synthetic": True}))
    told_by_spans, told_by_events = row("(trace)", raw_scope=None), row("(trace)")
    assert [span["spanId"] for span in spans_of(of_a_log_record, told_by_spans, row("2", raw_scope=None))] == ["2"]
    assert [span["spanId"] for span in spans_of(told_by_events)] == ["(trace)"]
