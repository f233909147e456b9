"""Sends what said.json says with this environment's exporters: `send.py grpc|protobuf`; all else by OTEL_ variables."""

import json
import sys
from pathlib import Path

from opentelemetry._logs import SeverityNumber
from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk._logs.export import BatchLogRecordProcessor
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace import Status, StatusCode, TraceFlags

try:
    from opentelemetry.sdk._logs import LogRecord
except ImportError:
    from opentelemetry._logs import LogRecord

if sys.argv[1] == "grpc":
    from opentelemetry.exporter.otlp.proto.grpc._log_exporter import OTLPLogExporter
    from opentelemetry.exporter.otlp.proto.grpc.metric_exporter import OTLPMetricExporter
    from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter
else:
    from opentelemetry.exporter.otlp.proto.http._log_exporter import OTLPLogExporter
    from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter

SAID = json.loads((Path(__file__).parent / "said.json").read_text())
SCOPE = ("exporter.clients", "1.2")


def send_spans() -> str:
    provider = TracerProvider()
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(), max_export_batch_size=16))
    tracer = provider.get_tracer(*SCOPE)
    with tracer.start_as_current_span("root") as root:
        for number in range(SAID["children"]):
            attributes = {**SAID["attributes"], "number": number}
            with tracer.start_as_current_span(f"child {number}", attributes=attributes) as span:
                span.add_event("said", SAID["event"])
                if number % 7 == 0:
                    span.set_status(Status(StatusCode.ERROR, "no network"))
    provider.shutdown()
    return f"{root.get_span_context().trace_id:032x}"


def send_logs() -> None:
    provider = LoggerProvider()
    provider.add_log_record_processor(BatchLogRecordProcessor(OTLPLogExporter()))
    logger = provider.get_logger(*SCOPE)
    # Early SDKs encode no record without these.
    needed = {"trace_id": 1, "span_id": 1, "trace_flags": TraceFlags(1), "severity_number": SeverityNumber.INFO}
    if LogRecord.__module__.startswith("opentelemetry.sdk."):
        needed["resource"] = provider.resource
    for number in range(3):
        time_ns = 1_763_700_000_000_000_000 + number
        logger.emit(LogRecord(timestamp=time_ns, body=f"line {number}", attributes={"number": number}, **needed))
    provider.shutdown()


def send_metrics() -> None:
    provider = MeterProvider([PeriodicExportingMetricReader(OTLPMetricExporter())])
    provider.get_meter(*SCOPE).create_counter("calls").add(5, {"model": "gpt-4o"})
    provider.shutdown()


if __name__ == "__main__":
    trace_id = send_spans()
    send_logs()
    send_metrics()
    print(trace_id)
