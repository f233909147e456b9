"""Real exporters over TLS and mTLS, and the program's own commands."""

import socket
from pathlib import Path

import grpc
import pytest
import trustme
from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter as GrpcExporter
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter as HttpExporter
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult

from tests.support.server import RunningServer, run, running

NAMES = ("receivers_otlp_protocols_grpc", "receivers_otlp_protocols_http")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Holds ca.pem, and cert.pem with key.pem for 127.0.0.1, which clients may show too."""
    made = tmp_path_factory.mktemp("tls")
    authority = trustme.CA()
    certificate = authority.issue_cert("127.0.0.1", "localhost")
    authority.cert_pem.write_to_path(str(made / "ca.pem"))
    certificate.private_key_pem.write_to_path(str(made / "key.pem"))
    (made / "cert.pem").write_bytes(b"".join(each.bytes() for each in certificate.cert_chain_pems))
    return made


@pytest.fixture(autouse=True)
def _no_authorities_of_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """They go before the exporter's own file (psf/requests issue 3829)."""
    for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("no_proxy", "127.0.0.1")


def settings(folder: Path, *keys: str) -> dict[str, str]:
    files = {"cert_file": "cert.pem", "key_file": "key.pem", "client_ca_file": "ca.pem"}
    return {f"TRACEPOND_{name}_TLS_{key}".upper(): str(folder / files[key]) for name in NAMES for key in keys}


def exporters(server: RunningServer, folder: Path, *, shows: bool) -> list[SpanExporter]:
    authority, key, chain = (folder / name for name in ("ca.pem", "key.pem", "cert.pem"))
    pair = (key.read_bytes(), chain.read_bytes()) if shows else (None, None)
    http = HttpExporter(
        endpoint=f"https://127.0.0.1:{server.http_port}/v1/traces",
        certificate_file=str(authority),
        client_key_file=str(key) if shows else None,
        client_certificate_file=str(chain) if shows else None,
        timeout=3,
    )
    credentials = grpc.ssl_channel_credentials(authority.read_bytes(), *pair)
    return [http, GrpcExporter(endpoint=f"https://{server.grpc}", credentials=credentials, timeout=3)]


def one_span() -> ReadableSpan:
    span = TracerProvider().get_tracer("t").start_span("chat")
    span.end()
    assert isinstance(span, ReadableSpan)
    return span


def test_exporters_and_commands_talk_tls(folder: Path, tmp_path: Path) -> None:
    variables = settings(folder, "cert_file", "key_file")
    with running(tmp_path, **variables) as server:
        assert any(
            f"OTEL_EXPORTER_OTLP_ENDPOINT=https://127.0.0.1:{server.http_port}" in each for each in server.first_lines
        )
        for exporter in exporters(server, folder, shows=False):
            assert exporter.export([one_span()]) is SpanExportResult.SUCCESS
            exporter.shutdown()
        where = f"127.0.0.1:{server.http_port}"
        assert run("healthcheck", "--http", where, cwd=tmp_path, **variables).returncode == 0
        assert "2 spans are stored" in run("send-test", "--http", where, cwd=tmp_path, **variables).stdout
        assert run("healthcheck", "--http", where, cwd=tmp_path).returncode == 1


def test_plain_traffic_on_a_tls_port_is_ended_at_once(folder: Path, tmp_path: Path) -> None:
    with running(tmp_path, **settings(folder, "cert_file", "key_file")) as server:
        for port in (server.http_port, int(server.grpc.rpartition(":")[2])):
            for sent in (b"POST /v1/traces HTTP/1.1\r\nHost: x\r\n\r\n", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"):
                with socket.create_connection(("127.0.0.1", port), timeout=5) as client:
                    client.sendall(sent)
                    assert client.recv(100) == b""
        assert "Traceback" not in server.log
        assert "ssl" not in server.log


def test_a_client_without_a_certificate_is_turned_away_where_one_is_needed(folder: Path, tmp_path: Path) -> None:
    with running(tmp_path, **settings(folder, "cert_file", "key_file", "client_ca_file")) as server:
        for shows, wanted in ((True, SpanExportResult.SUCCESS), (False, SpanExportResult.FAILURE)):
            for exporter in exporters(server, folder, shows=shows):
                assert exporter.export([one_span()]) is wanted
                exporter.shutdown()


def test_a_certificate_that_cannot_be_read_ends_the_start_with_its_name(folder: Path, tmp_path: Path) -> None:
    variables = settings(folder, "cert_file", "key_file") | {
        "TRACEPOND_RECEIVERS_OTLP_PROTOCOLS_HTTP_TLS_KEY_FILE": str(tmp_path / "none.pem")
    }
    ended = run(
        "serve", "--db", "x.duckdb", "--grpc", "127.0.0.1:0", "--http", "127.0.0.1:0", cwd=tmp_path, **variables
    )
    assert ended.returncode == 1
    assert "none.pem" in ended.stderr
    assert "Traceback" not in ended.stderr
