"""What a request has, told without decoding it (`receiver/_check.pyx`).

That it agrees with the decoder about every body is seen in `tests/receiver/test_wire.py`.
"""

from types import ModuleType
from typing import Any

import pytest

from contract.span import Extent
from receiver.compiled import CHECKS, UNSURE, Checks, Decoder, choose_checks, stock
from receiver.limits import Limits
from receiver.otlp_decode import check_logs, check_metrics, check_traces
from tests.support.otlp import key_value, log_request, trace_request

needs_compiled = pytest.mark.skipif(CHECKS is UNSURE, reason="it was not built")


def json_bytes(*members: Any) -> int:
    """Of resources and scopes as JSON, about."""
    text = b"".join(member if isinstance(member, bytes) else member.SerializeToString() for member in members)
    return len(text) + sum(5 if byte < 0x20 else 1 if byte in b'"\\' else 0 for byte in text)


def sizes(groups: Any, scopes: str, items: str) -> list[int]:
    """Of each item, with the JSON of its resource and its scope."""
    return [
        json_bytes(owner, group.schema_url.encode(), scope.scope, scope.schema_url.encode()) + item.ByteSize()
        for group in groups
        for owner in [group.resource]
        for scope in getattr(group, scopes)
        for item in getattr(scope, items)
    ]


@needs_compiled
def test_the_widest_item_and_all_of_them_have_what_they_share() -> None:
    request = trace_request(3, text="x" * 300)
    group = request.resource_spans[0]
    group.schema_url = "https://opentelemetry.io/schemas/1.37.0"
    group.resource.attributes.append(key_value("odd", '\x01\n"\\ é'))
    group.scope_spans[0].schema_url = "\t"
    group.scope_spans[0].spans[1].attributes.append(key_value("long", "y" * 5000))
    other = request.resource_spans.add()
    other.resource.attributes.append(key_value("service.name", "second"))
    other.scope_spans.add().spans.add().CopyFrom(group.scope_spans[0].spans[0])
    other.scope_spans.add().schema_url = "nobody's"
    wanted = sizes(request.resource_spans, "scope_spans", "spans")
    extent = check_traces(request.SerializeToString())
    assert extent == Extent(4, max(wanted), sum(wanted), "shop")


@needs_compiled
def test_log_records_are_measured_alike() -> None:
    request = log_request(5)
    wanted = sizes(request.resource_logs, "scope_logs", "log_records")
    assert check_logs(request.SerializeToString()) == Extent(5, max(wanted), sum(wanted), None)


@needs_compiled
def test_items_that_share_nothing_are_as_large_as_their_bytes_however_many() -> None:
    request = trace_request(3000)
    del request.resource_spans[0].resource.attributes[:]
    request.resource_spans[0].scope_spans[0].ClearField("scope")
    body = request.SerializeToString()
    extent = check_traces(body)
    assert extent is not None
    assert 0.9 * len(body) < extent.all_bytes < len(body)


@needs_compiled
def test_an_item_of_very_many_pieces_is_left_to_who_decodes_at_once() -> None:
    def extent(change: Any) -> Extent | None:
        request = trace_request(2)
        change(request.resource_spans[0], request.resource_spans[0].scope_spans[0].spans[1])
        return check_traces(request.SerializeToString())

    def attributes(count: int) -> list[Any]:
        return [key_value(str(number), 1) for number in range(count)]

    def listed(count: int) -> Any:
        pair = key_value("list", 1)
        for _ in range(count):
            pair.value.array_value.values.add()
        return pair

    there = len(trace_request(1).resource_spans[0].scope_spans[0].spans[0].attributes)
    assert extent(lambda _, span: span.attributes.extend(attributes(512 - there))) is not None
    assert extent(lambda _, span: span.attributes.extend(attributes(513 - there))) is None
    assert extent(lambda group, _: group.resource.attributes.extend(attributes(600))) is None
    assert extent(lambda _, span: [span.events.add() for _ in range(600)]) is None
    assert extent(lambda _, span: [span.links.add() for _ in range(600)]) is None
    assert extent(lambda _, span: span.attributes.extend([listed(600)])) is None
    assert extent(lambda _, span: span.events.add().attributes.extend(attributes(600))) is None


@needs_compiled
@pytest.mark.parametrize(
    ("names", "wanted"),
    [(("a", "b"), "b"), (("a", 7), None), ((7, "grüße"), "grüße"), ((), None), (("",), "")],
)
def test_the_service_is_the_last_text_that_the_first_items_resource_says(
    names: tuple[Any, ...], wanted: str | None
) -> None:
    request = trace_request(1)
    resource = request.resource_spans[0].resource
    resource.dropped_attributes_count = 3
    del resource.attributes[:]
    resource.attributes.extend([key_value("service.name.other", "no"), *(key_value("service.name", n) for n in names)])
    request.resource_spans.add().CopyFrom(request.resource_spans[0])
    empty = type(request.resource_spans[0])()
    empty.resource.attributes.append(key_value("service.name", "has no span"))
    body = b"\x0a" + bytes([empty.ByteSize()]) + empty.SerializeToString() + request.SerializeToString()
    extent = check_traces(body)
    assert extent is not None
    assert (extent.items, extent.service_name) == (2, wanted)


def test_what_the_decoder_would_not_take_whole_is_not_told_of() -> None:
    body = trace_request(9).SerializeToString()
    assert check_traces(body, Limits(max_items=9)) is None  # nine spans and a scope
    assert check_traces(body, Limits(max_messages=9)) is None
    assert check_traces(body[:-1]) is None
    assert check_traces(b"\xff") is None
    assert check_metrics(b"") is None


@needs_compiled
def test_an_empty_request_has_nothing() -> None:
    assert check_traces(b"") == Extent(0, 0, 0, None)


def test_nothing_is_told_where_the_stock_classes_decode() -> None:
    module = ModuleType("built")
    vars(module).update(spans=len, logs=max)
    compiled = Decoder("compiled", "", len, len)  # type: ignore[arg-type]
    assert choose_checks(module, compiled) == Checks(len, max)  # type: ignore[arg-type]
    assert choose_checks(module, stock("no compiler")) is UNSURE
    assert choose_checks("no compiler", compiled) is UNSURE
    assert UNSURE.spans(b"", 1) is UNSURE.logs(b"", 1) is None
