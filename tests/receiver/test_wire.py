"""The compiled decoder (`receiver/_wire.pyx`) gives what the stock classes give, or leaves it to them.

The stock classes are the oracle for whatever is sent: random requests, captures, and captures with damaged bytes.
`make fuzz` damages more of them. The decoder is the oracle of what only looks at a request (`receiver/_check.pyx`), for
each body that any of these tests decodes.
"""

import gc
import os
import random
import sys
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import EntityRef, KeyValue

from contract.errors import Refused
from contract.span import KeyValues, Span
from receiver import otlp_decode
from receiver.compiled import CHECKS, DECODER, stock
from receiver.limits import DEFAULT_LIMITS
from receiver.otlp_decode import decode_logs, decode_traces
from tests.support.golden import GOLDEN
from tests.support.mutations import damaged, field, rearranged
from tests.support.otlp import gen_ai_request, key_value, log_request, trace_request
from tests.support.otlp_random import comparable, messages

pytestmark = pytest.mark.skipif(DECODER.name != "compiled", reason=DECODER.why)

SIGNALS = {
    "traces": (DECODER.spans, decode_traces, CHECKS.spans),
    "logs": (DECODER.logs, decode_logs, CHECKS.logs),
}
CLASSES = {"traces": ExportTraceServiceRequest, "logs": ExportLogsServiceRequest}
DAMAGED_BODIES = int(os.environ.get("FUZZ", "4000"))
MAX_DAMAGED_BYTES = 6000

Form = tuple[bytes, bytes] | None


def form(decoded: Any) -> Form:
    return None if decoded is None else (comparable(decoded[0]), comparable(decoded[1]))


def compiled(signal: str, body: bytes) -> Form:
    decode, _, check = SIGNALS[signal]
    decoded = decode(body, DEFAULT_LIMITS.max_items)
    extent = check(body, DEFAULT_LIMITS.max_items)
    assert (extent and (extent.items, extent.service_name)) == whole(decoded)
    return form(decoded)


def whole(decoded: Any) -> tuple[int, str | None] | None:
    """How many items, and the name of the first one's service; null where not all of them are decoded, or one of them,
    or what it shares, is of very many pieces."""
    if decoded is None or decoded[1].count or max(map(most_pieces, decoded[0]), default=0) > 512:
        return None
    name = decoded[0][0].resource.attributes.get("service.name") if decoded[0] else None
    return len(decoded[0]), name if isinstance(name, str) else None


def oracle(signal: str, body: bytes, monkeypatch: pytest.MonkeyPatch) -> Form:
    """What the stock classes give; None where they refuse."""
    with monkeypatch.context() as patch:
        patch.setattr(otlp_decode, "DECODER", stock("oracle"))
        try:
            return form(SIGNALS[signal][1](body, "protobuf"))
        except Refused:
            return None


def captures(signal: str) -> list[bytes]:
    return [path.read_bytes() for path in sorted(GOLDEN.glob(f"*/*-{signal}*.pb"))]


def most_pieces(item: Any) -> int:
    own = pieces(item.attributes)
    if isinstance(item, Span):
        own += sum(1 + pieces(part.attributes) for part in (*item.events, *item.links))
    else:
        own += pieces(item.body)
    return max(own, pieces(item.resource.attributes), pieces(item.scope.attributes))


def pieces(value: Any) -> int:
    """Of a value: pairs and members of lists, on every level."""
    if isinstance(value, dict):
        values = [each for _, each in value.pairs] if isinstance(value, KeyValues) else list(value.values())
    else:
        values = value if isinstance(value, list) else []
    return len(values) + sum(map(pieces, values))


@pytest.mark.parametrize("signal", SIGNALS)
def test_every_capture_decodes_as_with_the_stock_classes(signal: str, monkeypatch: pytest.MonkeyPatch) -> None:
    bodies = captures(signal)
    assert len(bodies) > 20
    for body in bodies:
        assert compiled(signal, body) == oracle(signal, body, monkeypatch) is not None


@pytest.mark.parametrize("signal", SIGNALS)
@settings(max_examples=30, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
@given(data=st.data())
def test_any_request_decodes_as_with_the_stock_classes(
    signal: str, monkeypatch: pytest.MonkeyPatch, data: st.DataObject
) -> None:
    request = data.draw(messages(CLASSES[signal]))
    known = without_entities(request)
    assert compiled(signal, known) == oracle(signal, known, monkeypatch)
    assert compiled(signal, request.SerializeToString()) in (None, oracle(signal, known, monkeypatch))


def without_entities(request: Any) -> bytes:
    copy = type(request).FromString(request.SerializeToString())
    for _, groups in copy.ListFields():
        for group in groups:
            group.resource.ClearField("entity_refs")
    return copy.SerializeToString()


@pytest.mark.parametrize("signal", SIGNALS)
@pytest.mark.parametrize(("mutations", "count"), [(damaged, DAMAGED_BODIES), (rearranged, DAMAGED_BODIES // 10)])
def test_damaged_bodies_decode_as_with_the_stock_classes_or_are_left_to_them(
    mutations: Any, count: int, signal: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    bodies = [body for body in captures(signal) if len(body) < MAX_DAMAGED_BYTES]
    bodies += [everything().SerializeToString()] * len(bodies) if signal == "traces" else []
    decoded = 0
    for number, body in zip(range(count), mutations(bodies, seed=count), strict=False):
        result = compiled(signal, body)
        if result is not None:
            assert result == oracle(signal, body, monkeypatch), (number, body.hex())
            decoded += 1
    assert count // 10 < decoded < count


@pytest.mark.parametrize("signal", SIGNALS)
def test_a_body_cut_anywhere_decodes_as_with_the_stock_classes_or_is_left_to_them(
    signal: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    body = (everything() if signal == "traces" else log_request(2)).SerializeToString()
    for end in range(len(body)):
        assert compiled(signal, body[:end]) in (None, oracle(signal, body[:end], monkeypatch))


def everything() -> ExportTraceServiceRequest:
    """A request with every field that is decoded, each other than what it is when absent."""
    request = trace_request(2, text="grüße", whole=-5, true=True, number=0.5, raw=b"\x00\xff", none=None)
    group = request.resource_spans[0]
    group.schema_url = "https://opentelemetry.io/schemas/1.37.0"
    group.resource.dropped_attributes_count = 1
    scope = group.scope_spans[0]
    scope.schema_url, scope.scope.version, scope.scope.dropped_attributes_count = "s", "2", 3
    scope.scope.attributes.append(key_value("a", 1))
    span = scope.spans[0]
    span.parent_span_id, span.trace_state, span.flags = b"12345678", "a=b", 257
    span.status.code, span.status.message = 2, "no"
    span.dropped_attributes_count, span.dropped_events_count, span.dropped_links_count = 4, 5, 6
    nested = span.attributes.add(key="nested").value.array_value.values.add().kvlist_value.values
    nested.extend([key_value("x", 1), key_value("$x", ""), key_value("x", False)])
    event = span.events.add(time_unix_nano=2**64 - 1, name="first", dropped_attributes_count=7)
    event.attributes.extend([key_value("k", 0), key_value("k", float("nan"))])
    link = span.links.add(
        trace_id=b"\x01", span_id=bytes(8), trace_state="c=d", dropped_attributes_count=8, flags=2**32 - 1
    )
    link.attributes.append(key_value("$", 1.5))
    return request


def test_every_field_is_decoded_by_the_compiled_decoder_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    body = everything().SerializeToString()
    assert compiled("traces", body) == oracle("traces", body, monkeypatch) is not None


def test_rejections_are_those_of_the_stock_classes(monkeypatch: pytest.MonkeyPatch) -> None:
    request = trace_request(9)
    spans = request.resource_spans[0].scope_spans[0].spans
    bad = [{"trace_id": b"1"}, {"trace_id": bytes(16)}, {"span_id": bytes(8)}, {"parent_span_id": b"123"},
           {"trace_id": b"", "span_id": b""}, {"parent_span_id": bytes(8)}]  # fmt: skip
    for span, fields in zip(spans, bad, strict=False):
        for name, value in fields.items():
            setattr(span, name, value)
    body = request.SerializeToString()
    decoded = DECODER.spans(body, DEFAULT_LIMITS.max_items)
    assert decoded is not None
    assert CHECKS.spans(body, DEFAULT_LIMITS.max_items) is None
    assert (len(decoded[0]), decoded[1].count) == (4, 5)
    assert form(decoded) == oracle("traces", body, monkeypatch)


def test_log_records_with_bad_ids_are_kept_without_context_as_by_the_stock_classes(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    request = log_request(6)
    bad = ({"trace_id": bytes(16)}, {"trace_id": b"1"}, {"span_id": b"short"}, {"span_id": bytes(8)}, {"span_id": b""})
    for record, fields in zip(request.resource_logs[0].scope_logs[0].log_records, bad, strict=False):
        for name, value in fields.items():
            setattr(record, name, value)
    body = request.SerializeToString()
    assert compiled("logs", body) == oracle("logs", body, monkeypatch) is not None


def test_resource_and_scope_and_keys_are_shared() -> None:
    decoded = DECODER.spans(trace_request(2, some_key=1).SerializeToString(), DEFAULT_LIMITS.max_items)
    assert decoded is not None
    first, second = decoded[0]
    assert first.resource is second.resource
    assert first.scope is second.scope
    assert next(iter(first.attributes)) is next(iter(second.attributes))


SPAN = gen_ai_request(1).resource_spans[0].scope_spans[0].spans[0].SerializeToString()


def around(span: bytes) -> bytes:
    """A request whose one span has these bytes behind its own."""
    return field(0x0A, field(0x12, field(0x12, span)))


def key_values(value: bytes) -> bytes:
    """A span's attribute whose AnyValue has these bytes."""
    return field(0x4A, field(0x0A, b"k") + field(0x12, value))


UNSURE = {
    "a field this schema does not have": b"\xa0\x06\x01",
    "a known field of another wire type": b"\x28\x01",
    "a group": b"\x4b\x4c",
    "a number of eleven bytes": key_values(b"\x18" + b"\x80" * 10 + b"\x01"),
    "a number beyond 64 bits": key_values(b"\x18" + b"\xff" * 9 + b"\x02"),
    "a negative enum": b"\x30" + b"\xff" * 9 + b"\x01",
    "an enum beyond 31 bits": b"\x30\x80\x80\x80\x80\x08",
    "a count beyond 32 bits": b"\x50\x80\x80\x80\x80\x10",
    "a tag of too many bytes": b"\xaa\x00\x01x",
    "a length of too many bytes": b"\x2a\x81\x80\x80\x80\x00x",
    "a length over the end": b"\x2a\x05x",
    "a fixed number of 8 bytes over the end": b"\x39" + bytes(7),
    "a fixed number of 4 bytes over the end": b"\x85\x01" + bytes(3),
    "a tag without anything": b"\x2a",
    "a second status": b"\x7a\x02\x18\x01\x7a\x02\x18\x02",
    "a text that is no UTF-8": b"\x2a\x02\xff\xfe",
    "a surrogate in a text": b"\x2a\x03\xed\xa0\x80",
    "a value of two members": key_values(b"\x0a\x01x\x18\x05"),
    "an unknown member of a value": key_values(b"\x40\x01"),
    "a truth value that is no bit": key_values(b"\x10\x02"),
    "two values of one key": b"\x4a\x0a\x0a\x01k" + b"\x12\x00" * 2 + b"\x0a\x01k",
}


@pytest.mark.parametrize("tail", UNSURE.values(), ids=UNSURE)
def test_what_encoders_do_not_write_is_left_to_the_stock_classes(tail: bytes) -> None:
    assert compiled("traces", around(SPAN)) is not None
    assert compiled("traces", around(SPAN + tail)) is None


@pytest.mark.parametrize("doubled", [b"\x0a\x00", field(0x0A, field(0x0A, b""))], ids=["empty", "not empty"])
def test_a_second_resource_or_scope_is_left_to_the_stock_classes(doubled: bytes) -> None:
    scope = field(0x0A, b"") + field(0x12, SPAN)
    assert compiled("traces", field(0x0A, doubled + field(0x12, scope))) is not None
    assert compiled("traces", field(0x0A, doubled + field(0x12, scope) + doubled)) is None
    assert compiled("traces", field(0x0A, field(0x12, scope + doubled))) is None


REPEATED = {
    "name": b"\x2a\x01a\x2a\x01b",
    "id": b"\x12\x08aaaaaaaa",
    "kind": b"\x30\x01\x30\x02",
    "times": b"\x39" + bytes(8) + b"\x41" + bytes(8),
    "a key without a value": b"\x4a\x03\x0a\x01k",
    "a value before its key": b"\x4a\x08\x12\x03\x0a\x01v\x0a\x01k",
    "attributes between other fields": key_values(b"\x18\x01") + b"\x2a\x01a" + key_values(b"\x18\x02"),
    "an integer of needless bytes": key_values(b"\x18\x85\x80\x00"),
    "the lowest integer": key_values(b"\x18" + b"\x80" * 9 + b"\x01"),
}


@pytest.mark.parametrize("tail", REPEATED.values(), ids=REPEATED)
def test_fields_in_any_order_and_more_than_once_are_as_with_the_stock_classes(
    tail: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    body = around(SPAN + tail)
    assert compiled("traces", body) == oracle("traces", body, monkeypatch) is not None


def test_lists_are_followed_to_a_depth_and_what_is_deeper_is_left_to_the_stock_classes(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for levels, decoded in ((19, True), (20, True), (21, False), (30, False)):
        pair = KeyValue(key="deep")
        value = pair.value
        for level in range(levels):
            inner = value.kvlist_value.values.add(key="k") if level % 2 else value.array_value.values.add()
            value = inner.value if level % 2 else inner
        request = trace_request(1)
        request.resource_spans[0].scope_spans[0].spans[0].attributes.append(pair)
        result = compiled("traces", request.SerializeToString())
        assert result == (oracle("traces", request.SerializeToString(), monkeypatch) if decoded else None)


def test_references_to_entities_are_left_to_the_stock_classes() -> None:
    request = trace_request(1)
    request.resource_spans[0].resource.entity_refs.append(EntityRef(type="service"))
    assert compiled("traces", request.SerializeToString()) is None
    assert decode_traces(request.SerializeToString(), "protobuf")[0][0].resource.entity_refs == [{"type": "service"}]


def test_more_items_than_allowed_are_left_to_the_stock_classes() -> None:
    body = trace_request(9).SerializeToString()
    assert DECODER.spans(body, 10) is not None  # nine spans and a scope
    assert DECODER.spans(body, 9) is None
    assert CHECKS.spans(body, 10) is not None
    assert CHECKS.spans(body, 9) is None


def test_names_that_take_each_others_place_stay_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    chooser = random.Random(1)
    names = {"".join(chooser.choices("ab.é$", k=chooser.randrange(70))) for _ in range(6000)}
    alike = [f"{number}{end}" for number in range(12_000) for end in ("Ã©", "é")]  # é is Ã© where a byte is a character
    for some in (sorted(names), sorted(names), alike):
        body = trace_request(1, **{name: number for number, name in enumerate(some)}).SerializeToString()
        assert compiled("traces", body) == oracle("traces", body, monkeypatch) is not None


def test_nothing_is_kept_of_what_was_decoded() -> None:
    """A reference too many for one object of a span would be 30,000 blocks."""
    body, logs = everything().SerializeToString(), log_request(2).SerializeToString()

    def decode(times: int) -> int:
        for _ in range(times):
            assert DECODER.spans(body, DEFAULT_LIMITS.max_items) is not None
            assert DECODER.spans(body[:-1], DEFAULT_LIMITS.max_items) is None
            assert DECODER.logs(logs, DEFAULT_LIMITS.max_items) is not None
            assert CHECKS.spans(body, DEFAULT_LIMITS.max_items) is not None
            assert CHECKS.spans(body[:-1], DEFAULT_LIMITS.max_items) is None
            assert CHECKS.logs(logs, DEFAULT_LIMITS.max_items) is not None
        gc.collect()
        return sys.getallocatedblocks()

    before = decode(100)
    assert decode(15_000) - before < 500
