"""Bodies that protobuf refuses for a text, and for that alone."""

import tracemalloc

import pytest
from google.protobuf.message import DecodeError
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from receiver import otlp_repair
from receiver.otlp_repair import MAX_DEPTH, repaired
from tests.support.mutations import varint

REQUEST = ExportTraceServiceRequest.DESCRIPTOR


def size(content: bytes) -> bytes:
    """A varint."""
    low, high = len(content) & 0x7F, len(content) >> 7
    return bytes([low | 0x80, high]) if high else bytes([low])


def field(number: int, content: bytes) -> bytes:
    return bytes([number << 3 | 2]) + size(content) + content


def long_field(number: int, content: bytes) -> bytes:
    return bytes([number << 3 | 2]) + varint(len(content)) + content


def spans_named(*names: bytes) -> bytes:
    """A request of a span a name."""
    return field(1, field(2, b"".join(field(2, field(5, name) + b"\x30\x03") for name in names)))


def names_in(body: bytes) -> list[str]:
    [group] = ExportTraceServiceRequest.FromString(body).resource_spans
    assert {span.kind for span in group.scope_spans[0].spans} == {3}
    return [span.name for span in group.scope_spans[0].spans]


@given(st.lists(st.binary(max_size=200), min_size=1, max_size=4))
def test_any_bytes_in_any_text_are_read_with_replacements(names: list[bytes]) -> None:
    body, count = repaired(spans_named(*names), REQUEST) or (spans_named(*names), 0)
    wanted = [name.decode(errors="replace") for name in names]
    assert names_in(body) == wanted
    assert count == sum(text.encode() != name for text, name in zip(wanted, names, strict=True))


@given(st.binary(max_size=300))
def test_any_body_is_made_readable_or_left_to_the_parser(body: bytes) -> None:
    if repaired(body, REQUEST) is not None:
        with pytest.raises(DecodeError):
            ExportTraceServiceRequest.FromString(body)


def test_a_size_that_is_written_longer_than_needed_is_replaced_whole() -> None:
    named = b"\x2a\x81\x00\xff"
    found = repaired(field(1, field(2, field(2, named + b"\x30\x03"))), REQUEST)
    assert found is not None
    assert names_in(found[0]) == ["\ufffd"]


@pytest.mark.parametrize("rest", [b"\x2a\x7f", b"\x2a", b"\x0b\x0c", b"\x09\x00", b"\x80" * 11, b"\x30"])
def test_what_is_malformed_besides_is_left_to_the_parser(rest: bytes) -> None:
    assert repaired(spans_named(b"\xff"), REQUEST) is not None
    assert repaired(spans_named(b"\xff") + rest, REQUEST) is None


def test_what_would_take_long_is_left_to_the_parser(monkeypatch: pytest.MonkeyPatch) -> None:
    body = spans_named(b"\xff")
    monkeypatch.setattr(otlp_repair, "REPAIRED_AT_MOST_BYTES", len(body) - 1)
    assert repaired(body, REQUEST) is None


def test_what_is_nested_too_deeply_is_left_to_the_parser() -> None:
    value = field(1, b"\xff")
    for _ in range(MAX_DEPTH):
        value = field(5, field(1, value))
    attribute = field(9, field(1, b"k") + field(2, value))
    assert repaired(field(1, field(2, field(2, attribute))), REQUEST) is None


def test_a_text_below_many_messages_is_walked_where_it_lies() -> None:
    """Each level once had a copy of its own: 90 of 16 MB."""
    text = b"x" * 200_000 + b"\xff"
    value = long_field(1, text)
    for _ in range(40):
        value = long_field(5, long_field(1, value))
    body = long_field(1, long_field(2, long_field(2, long_field(9, long_field(2, value)))))
    tracemalloc.start()
    try:
        found = repaired(body, REQUEST)
        _, peak_bytes = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert found is not None
    assert found[1] == 1
    assert peak_bytes < 10 * len(body)


def test_as_many_fields_as_take_a_second_are_walked_and_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    body = spans_named(b"\xff", b"b")  # a request, a scope, two spans of two fields
    monkeypatch.setattr(otlp_repair, "FIELDS_AT_MOST", 8)
    assert repaired(body, REQUEST) is not None
    monkeypatch.setattr(otlp_repair, "FIELDS_AT_MOST", 7)
    assert repaired(body, REQUEST) is None
