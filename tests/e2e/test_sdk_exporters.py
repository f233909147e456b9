"""Real OpenTelemetry exporters send to the real program in its own process; the spans are read back over the API."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from opentelemetry.exporter.otlp.json.http.trace_exporter import OTLPSpanExporter as JsonExporter
from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter as GrpcExporter
from opentelemetry.exporter.otlp.proto.http import Compression
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter as ProtobufExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult
from opentelemetry.trace import StatusCode

from tests.support.server import RunningServer, running

QUESTION = json.dumps([{"role": "user", "parts": [{"type": "text", "content": "Wie geht's? 你好"}]}])
ANSWER = json.dumps([{"role": "assistant", "parts": [{"type": "text", "content": "Gut."}], "finish_reason": "stop"}])

EXPORTERS = {
    "grpc": lambda server: GrpcExporter(endpoint=f"http://{server.grpc}", insecure=True),
    "http/protobuf": lambda server: ProtobufExporter(endpoint=f"{server.http}/v1/traces"),
    "http/protobuf gzip": lambda server: ProtobufExporter(
        endpoint=f"{server.http}/v1/traces", compression=Compression.Gzip
    ),
    "http/json": lambda server: JsonExporter(endpoint=f"{server.http}/v1/traces"),
}


class Asserting(SpanExporter):
    """Exports at once and remembers every outcome."""

    def __init__(self, inner: SpanExporter) -> None:
        self.inner = inner
        self.results: list[SpanExportResult] = []

    def export(self, spans: Any) -> SpanExportResult:
        self.results.append(self.inner.export(spans))
        return self.results[-1]

    def shutdown(self) -> None:
        self.inner.shutdown()


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    with running(tmp_path_factory.mktemp("e2e")) as running_server:
        yield running_server


@pytest.fixture(autouse=True)
def _no_proxy_and_no_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    for name in ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_HEADERS", "OTEL_EXPORTER_OTLP_PROTOCOL"):
        monkeypatch.delenv(name, raising=False)


def send_agent_run(exporter: SpanExporter, model: str) -> str:
    """An agent that calls a model and a tool that fails; the trace id."""
    from opentelemetry.sdk.trace.export import SimpleSpanProcessor

    asserting = Asserting(exporter)
    provider = TracerProvider(resource=Resource({"service.name": "shop"}))
    provider.add_span_processor(SimpleSpanProcessor(asserting))
    tracer = provider.get_tracer("test.agent", "1.2")
    with tracer.start_as_current_span(
        "invoke_agent helper", attributes={"gen_ai.operation.name": "invoke_agent"}
    ) as root:
        chat = {
            "gen_ai.operation.name": "chat",
            "gen_ai.provider.name": "openai",
            "gen_ai.request.model": model,
            "gen_ai.input.messages": QUESTION,
            "gen_ai.output.messages": ANSWER,
            "gen_ai.usage.input_tokens": 12,
            "gen_ai.usage.output_tokens": 5,
            "gen_ai.response.finish_reasons": ["stop"],
            "gen_ai.conversation.id": f"session of {model}",
        }
        with tracer.start_as_current_span(f"chat {model}", attributes=chat):
            pass
        with tracer.start_as_current_span(
            "execute_tool search", attributes={"gen_ai.operation.name": "execute_tool"}
        ) as tool:
            tool.set_status(StatusCode.ERROR, "no network")
    provider.shutdown()
    assert asserting.results == [SpanExportResult.SUCCESS] * 3
    return f"{root.get_span_context().trace_id:032x}"


@pytest.mark.parametrize("protocol", EXPORTERS)
def test_what_an_exporter_sends_is_read_back(server: RunningServer, protocol: str) -> None:
    model = f"model-{list(EXPORTERS).index(protocol)}"
    trace_id = send_agent_run(EXPORTERS[protocol](server), model)
    answer = server.get(f"/api/v1/traces/{trace_id}")
    spans = {span["span_name"]: span for span in answer["spans"]}
    assert set(spans) == {"invoke_agent helper", f"chat {model}", "execute_tool search"}
    chat, agent = spans[f"chat {model}"], spans["invoke_agent helper"]
    assert chat["kind"] == "generation"
    assert chat["request_model"] == model
    assert (chat["input_tokens"], chat["output_tokens"], chat["total_tokens"]) == (12, 5, 17)
    assert chat["input_messages"][0]["parts"][0]["content"] == "Wie geht's? 你好"
    assert chat["output_messages"][0]["parts"][0]["content"] == "Gut."
    assert chat["parent_span_id"] == agent["span_id"]
    assert spans["execute_tool search"]["status"] == "error"
    trace = answer["trace"]
    assert (trace["generation_count"], trace["span_count"], trace["error_count"]) == (1, 3, 1)
    assert (trace["input_tokens"], trace["output_tokens"], trace["service_name"]) == (12, 5, "shop")


def test_generations_are_listed_newest_first_and_filtered_by_model(server: RunningServer) -> None:
    for _ in range(2):
        send_agent_run(EXPORTERS["http/protobuf"](server), "listed-model")
    generations = server.get("/api/v1/generations?model=listed-model")["data"]
    assert [generation["request_model"] for generation in generations] == ["listed-model"] * 2
    assert generations[0]["start_time"] > generations[1]["start_time"]


def test_the_trace_comes_back_as_otlp_with_the_attributes_that_were_sent(server: RunningServer) -> None:
    trace_id = send_agent_run(EXPORTERS["grpc"](server), "otlp-model")
    (group,) = server.get(f"/api/v1/traces/{trace_id}/otlp")["resourceSpans"]
    spans = {span["name"]: span for span in group["scopeSpans"][0]["spans"]}
    attributes = {pair["key"]: pair["value"] for pair in spans["chat otlp-model"]["attributes"]}
    assert attributes["gen_ai.usage.input_tokens"] == {"intValue": "12"}
    assert attributes["gen_ai.response.finish_reasons"] == {"arrayValue": {"values": [{"stringValue": "stop"}]}}
    scope = group["scopeSpans"][0]["scope"]
    assert (scope["name"], scope["version"]) == ("test.agent", "1.2")


def test_data_is_there_after_a_restart(tmp_path: Path) -> None:
    with running(tmp_path) as first:
        trace_id = send_agent_run(EXPORTERS["http/json"](first), "kept-model")
        assert first.terminate() == 0
    with running(tmp_path) as second:
        assert second.get(f"/api/v1/traces/{trace_id}")["trace"]["span_count"] == 3
