"""What differs between the three signals; both transports read this table and nothing else about them."""

from collections.abc import Callable
from typing import Any, NamedTuple

from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceResponse
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceResponse
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceResponse

from contract.span import Extent
from receiver.limits import Limits
from receiver.otlp_decode import (
    Content,
    check_logs,
    check_metrics,
    check_traces,
    decode_logs,
    decode_metrics,
    decode_traces,
)
from receiver.rejections import Rejections


class Signal(NamedTuple):
    """One row: names on the wire, the decoder and what looks before it does, and where its items stand in a `Batch` and
    in the counters."""

    name: str
    service: str
    decode: Callable[[bytes, Content, Limits], tuple[list[Any], Rejections]]
    check: Callable[[bytes, Limits], Extent | None]
    batch_field: str
    items: str
    response: Callable[..., Any]
    rejected_field: str


SIGNALS = {
    signal.name: signal
    for signal in (
        Signal(
            "traces",
            "opentelemetry.proto.collector.trace.v1.TraceService",
            decode_traces,
            check_traces,
            "spans",
            "spans",
            ExportTraceServiceResponse,
            "rejected_spans",
        ),
        Signal(
            "logs",
            "opentelemetry.proto.collector.logs.v1.LogsService",
            decode_logs,
            check_logs,
            "logs",
            "log_records",
            ExportLogsServiceResponse,
            "rejected_log_records",
        ),
        Signal(
            "metrics",
            "opentelemetry.proto.collector.metrics.v1.MetricsService",
            decode_metrics,
            check_metrics,
            "metric_points",
            "metric_points",
            ExportMetricsServiceResponse,
            "rejected_data_points",
        ),
    )
}


def export_response(signal: Signal, rejections: Rejections) -> Any:
    """The Export...ServiceResponse; `partial_success` is set only where something was rejected or said."""
    response = signal.response()
    if rejections.count or rejections.reasons:
        setattr(response.partial_success, signal.rejected_field, rejections.count)
        response.partial_success.error_message = rejections.message()
    return response
