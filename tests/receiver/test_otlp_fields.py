"""The tables of the compiled decoder agree with the descriptors of protobuf and with the classes they fill."""

from typing import Any, get_args

import pytest
from opentelemetry.proto.common.v1.common_pb2 import InstrumentationScope
from opentelemetry.proto.logs.v1.logs_pb2 import LogRecord
from opentelemetry.proto.resource.v1.resource_pb2 import Resource
from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status

from receiver import otlp_fields
from receiver.otlp_fields import DEFAULTS, WIRE_TYPES, Kind, Message, defaults

TABLES = {
    Resource: otlp_fields.RESOURCE, InstrumentationScope: otlp_fields.SCOPE, Span: otlp_fields.SPAN,
    Span.Event: otlp_fields.EVENT, Span.Link: otlp_fields.LINK, Status: otlp_fields.STATUS,
    LogRecord: otlp_fields.LOG_RECORD,
}  # fmt: skip
TYPES = {
    "text": "TYPE_STRING", "name": "TYPE_STRING", "hex": "TYPE_BYTES", "enum": "TYPE_ENUM", "count": "TYPE_UINT32",
    "fixed32": "TYPE_FIXED32", "fixed64": "TYPE_FIXED64", "value": "TYPE_MESSAGE", "pairs": "TYPE_MESSAGE",
    "messages": "TYPE_MESSAGE", "into": "TYPE_MESSAGE",
}  # fmt: skip


@pytest.mark.parametrize(("sent", "table"), TABLES.items(), ids=lambda item: getattr(item, "__name__", ""))
def test_numbers_types_and_repetition_are_those_of_the_schema(sent: Any, table: Message) -> None:
    known = sent.DESCRIPTOR.fields_by_number
    assert {number for number in known if number not in table.fields} == ({3} if sent is Resource else set())
    for number, (kind, *_) in table.fields.items():
        assert known[number].type == getattr(known[number], TYPES[kind])
        assert known[number].is_repeated == (kind in ("pairs", "messages"))


@pytest.mark.parametrize("table", TABLES.values(), ids=lambda item: item.made.__name__)
def test_every_field_becomes_an_argument_of_its_own(table: Message) -> None:
    names = [name for _, name, *_ in table.fields.values()]
    assert len(set(names)) == len(names)
    assert set(names) <= set(table.made.__match_args__)  # type: ignore[attr-defined]


def test_every_kind_has_its_wire_type_and_those_of_one_value_their_default() -> None:
    assert set(WIRE_TYPES) == set(get_args(Kind))
    assert set(WIRE_TYPES) - set(DEFAULTS) == {"value", "pairs", "messages", "into"}


def test_defaults_stand_in_the_order_of_the_arguments_with_those_of_an_inner_message() -> None:
    assert defaults(otlp_fields.SCOPE) == ["", "", None, 0]
    status = otlp_fields.SPAN.made.__match_args__.index("status_code")  # type: ignore[attr-defined]
    assert defaults(otlp_fields.SPAN)[status : status + 2] == [0, ""]
