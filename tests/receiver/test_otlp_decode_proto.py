"""Which spans and log records are kept, and in what form."""

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from receiver.otlp_decode_proto import logs, spans
from tests.support.otlp import SPAN_ID, START_NS, TRACE_ID, log_request, trace_request


@pytest.mark.parametrize(
    "fields",
    [
        {"trace_id": b"12345"}, {"trace_id": bytes(16)}, {"span_id": bytes(8)}, {"trace_id": b"", "span_id": b""},
        {"parent_span_id": b"123"}, {"span_id": bytes(16)},
    ],
)  # fmt: skip
def test_a_span_with_bad_ids_is_counted_and_its_neighbours_are_kept(fields: dict[str, bytes]) -> None:
    request = trace_request(3)
    for name, value in fields.items():
        setattr(request.resource_spans[0].scope_spans[0].spans[1], name, value)
    kept, rejections = spans(request)
    assert len(kept) == 2
    assert rejections.labels == {"invalid_id": 1}


def test_a_span_is_kept_as_sent() -> None:
    (span,), _ = spans(trace_request(1, model="gpt-4o"))
    assert (span.trace_id, span.span_id, span.parent_span_id) == (TRACE_ID, SPAN_ID, "")
    assert (span.name, span.kind, span.start_ns, span.end_ns) == ("chat", 3, START_NS, START_NS + 10**9)
    assert (span.resource.attributes, span.scope.name) == ({"service.name": "shop"}, "instrumentation")


@pytest.mark.parametrize(("sent", "kept"), [(b"", ""), (bytes(8), ""), (b"\xab" * 8, "ab" * 8)])
def test_an_absent_or_zero_parent_means_root(sent: bytes, kept: str) -> None:
    request = trace_request(1)
    request.resource_spans[0].scope_spans[0].spans[0].parent_span_id = sent
    assert spans(request)[0][0].parent_span_id == kept


def test_links_keep_ids_of_any_length() -> None:
    request = trace_request(1)
    request.resource_spans[0].scope_spans[0].spans[0].links.add(trace_id=b"\x01", span_id=bytes(8), flags=257)
    link = spans(request)[0][0].links[0]
    assert (link.trace_id, link.span_id, link.flags) == ("01", "00" * 8, 257)


def test_empty_groups_give_nothing() -> None:
    request = ExportTraceServiceRequest()
    request.resource_spans.add().scope_spans.add()
    assert spans(request)[0] == []


def test_a_log_record_with_bad_ids_is_kept_without_context() -> None:
    request = log_request(3)
    records = request.resource_logs[0].scope_logs[0].log_records
    records[1].trace_id = bytes(16)
    records[2].span_id = b"short"
    kept, rejections = logs(request)
    assert [(record.trace_id, record.span_id) for record in kept] == [(TRACE_ID, SPAN_ID), ("", ""), (TRACE_ID, "")]
    assert rejections.count == 0
