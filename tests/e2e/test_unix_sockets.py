"""The real program on Unix domain sockets: exporters, its own commands, and what is left behind."""

import socket
import stat
from pathlib import Path

from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SpanExportResult

from tests.support.server import run, running


def sockets(folder: Path) -> tuple[str, ...]:
    """Flags for both ports."""
    return "--grpc", f"unix://{folder}/g.sock", "--http", f"unix://{folder}/h.sock"


def test_exporters_and_commands(tmp_path: Path) -> None:
    flags = sockets(tmp_path)
    with running(tmp_path, *flags) as server:
        text = "\n".join(server.first_lines)
        assert f"OTEL_EXPORTER_OTLP_ENDPOINT=unix://{tmp_path}/g.sock OTEL_EXPORTER_OTLP_PROTOCOL=grpc" in text
        assert f"curl --unix-socket {tmp_path}/h.sock http://localhost/api/v1/traces" in text
        exporter = OTLPSpanExporter(endpoint=f"unix://{tmp_path}/g.sock", insecure=True, timeout=5)
        assert exporter.export([one_span()]) is SpanExportResult.SUCCESS
        exporter.shutdown()
        sent = run("send-test", *flags[2:], cwd=tmp_path)
        assert "2 spans are stored" in sent.stdout, sent.stderr
        assert run("healthcheck", *flags[2:], cwd=tmp_path).returncode == 0
        assert server.terminate() == 0
    assert [path.name for path in tmp_path.iterdir() if path.suffix == ".sock"] == []
    assert "does not answer" in run("healthcheck", *flags[2:], cwd=tmp_path).stderr


def one_span() -> ReadableSpan:
    span = TracerProvider().get_tracer("t").start_span("chat")
    span.end()
    assert isinstance(span, ReadableSpan)
    return span


def test_a_killed_server(tmp_path: Path) -> None:
    """Its sockets are taken over; those of a living one are not."""
    flags = sockets(tmp_path)
    with running(tmp_path, *flags) as killed:
        killed.kill()
    assert stat.S_ISSOCK((tmp_path / "h.sock").stat().st_mode)
    with running(tmp_path, *flags):
        refused = run("serve", "--db", "other.duckdb", *flags, cwd=tmp_path)
        assert refused.returncode == 1
        assert "g.sock is in use by another program" in refused.stderr
        assert run("healthcheck", *flags[2:], cwd=tmp_path).returncode == 0
        with socket.socket(socket.AF_UNIX) as client:
            client.connect(f"{tmp_path}/g.sock")
