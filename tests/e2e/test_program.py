"""The command line of the real program: what it prints, how it ends, and what it refuses."""

import json
import socket
import urllib.error
from pathlib import Path

import pytest

from tests.support.server import RunningServer, run, running

PROJECTS = json.dumps([{"name": "shop", "public_key": "pk-1", "secret_key": "sk-1"}])


def test_first_lines_name_the_real_ports_the_file_and_a_line_for_an_sdk(tmp_path: Path) -> None:
    with running(tmp_path) as server:
        text = "\n".join(server.first_lines)
        assert not server.grpc.endswith(":0")
        assert str(tmp_path / "t.duckdb") in text
        assert f"OTEL_EXPORTER_OTLP_ENDPOINT={server.http}" in text
        assert server.get("/healthz") == {"status": "ok"}
        assert server.get("/readyz") == {"status": "ready"}


def test_send_test_and_healthcheck_talk_to_a_running_server(tmp_path: Path) -> None:
    with running(tmp_path) as server:
        address = f"127.0.0.1:{server.http_port}"
        sent = run("send-test", "--http", address, cwd=tmp_path)
        assert sent.returncode == 0, sent.stderr
        assert "2 spans are stored" in sent.stdout
        assert run("healthcheck", "--http", address, cwd=tmp_path).returncode == 0
        assert server.get("/api/v1/status")["rows"]["spans"] == 2


def test_commands_that_find_no_server_fail_with_one_line(tmp_path: Path) -> None:
    for command in ("send-test", "healthcheck", "status"):
        result = run(command, "--http", "127.0.0.1:1", cwd=tmp_path)
        assert result.returncode == 1
        assert result.stderr.count("\n") == 1
        assert "does not answer" in result.stderr


def test_an_in_memory_server_leaves_no_file(tmp_path: Path) -> None:
    with running(tmp_path, db=":memory:") as server:
        assert run("send-test", "--http", f"127.0.0.1:{server.http_port}", cwd=tmp_path).returncode == 0
        assert server.terminate() == 0
    assert sorted(path.name for path in tmp_path.iterdir()) == ["stderr.txt"]


@pytest.mark.parametrize(
    ("arguments", "variables", "message"),
    [
        (["--colour"], {}, "unrecognized arguments: --colour"),
        (["config", "show"], {}, "invalid choice"),
        (["--config", "nowhere.yaml"], {}, "nowhere.yaml cannot be read"),
        (["--http", "localhost"], {}, "receivers.otlp.protocols.http.endpoint: expected HOST:PORT"),
        ([], {"TRACEPOND_STORAGE_PTH": "x"}, "did you mean TRACEPOND_STORAGE_PATH"),
        (["--http", "0.0.0.0:0"], {}, "can be reached from other machines"),
    ],
)
def test_wrong_usage_exits_with_2_before_anything_is_made(
    tmp_path: Path, arguments: list[str], variables: dict[str, str], message: str
) -> None:
    result = run(*arguments, cwd=tmp_path, **variables)
    assert result.returncode == 2
    assert message in result.stderr
    assert "Traceback" not in result.stderr
    assert list(tmp_path.iterdir()) == []


def test_otel_variables_do_not_configure_the_server(tmp_path: Path) -> None:
    """In a sidecar OTEL_EXPORTER_OTLP_ENDPOINT is the server itself."""
    with running(tmp_path, OTEL_EXPORTER_OTLP_ENDPOINT="http://127.0.0.1:9", OTEL_TRACES_EXPORTER="otlp") as server:
        assert server.get("/readyz") == {"status": "ready"}


@pytest.fixture
def guarded(tmp_path: Path):  # type: ignore[no-untyped-def]
    with running(tmp_path, TRACEPOND_AUTH_PROJECTS=PROJECTS) as server:
        yield server


def test_with_keys_every_route_but_health_needs_them(guarded: RunningServer) -> None:
    for path in ("/api/v1/traces", "/metrics", "/", "/api/v1/status", "/nothing/here"):
        with pytest.raises(urllib.error.HTTPError) as caught:
            guarded.get(path)
        with caught.value as error:
            assert error.code == 401
    assert guarded.post("/v1/traces", b"{}")[0] == 401
    assert guarded.post("/v1/traces", b"{}", Authorization="Bearer sk-1")[0] == 200
    assert guarded.get("/api/v1/traces", {"x-api-key": "sk-1"})["data"] == []
    assert guarded.get("/readyz") == {"status": "ready"}


def test_grpc_is_guarded_by_the_same_keys(guarded: RunningServer) -> None:
    import grpc

    with grpc.insecure_channel(guarded.grpc) as channel:
        export = channel.unary_unary("/opentelemetry.proto.collector.trace.v1.TraceService/Export")
        with pytest.raises(grpc.RpcError) as caught:
            export(b"", timeout=10)
        assert caught.value.code() == grpc.StatusCode.UNAUTHENTICATED
        assert export(b"", timeout=10, metadata=[("authorization", "Bearer sk-1")]) == b""


def test_status_tells_who_sends_who_was_refused_and_what_was_no_http(tmp_path: Path) -> None:
    variables = {"TRACEPOND_AUTH_PROJECTS": PROJECTS}
    with running(tmp_path, **variables) as server:
        address = f"127.0.0.1:{server.http_port}"
        assert run("send-test", "--http", address, cwd=tmp_path, **variables).returncode == 0
        assert server.post("/v1/traces", b"{}", **{"x-api-key": "wrong"})[0] == 401
        with socket.create_connection(("127.0.0.1", server.http_port)) as stranger:
            stranger.sendall(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")
            assert b" 400 " in stranger.recv(1000)
        shown = run("status", "--http", address, cwd=tmp_path, **variables)
        assert shown.returncode == 0, shown.stderr
        words = [" ".join(line.split()) for line in shown.stdout.splitlines()]
        assert any("tracepond send-test 127.0.0.1 http traces 2 accepted 1" in line for line in words)
        assert any("401 POST /v1/traces unauthorized 1 these credentials open no project" in line for line in words)
        assert any("400 HTTP port grpc_at_http 1 this is HTTP/2" in line for line in words)


def test_a_snapshot_of_a_running_server_is_served_by_another_one(tmp_path: Path) -> None:
    with running(tmp_path) as server:
        http = ("--http", f"127.0.0.1:{server.http_port}")
        assert run("send-test", *http, cwd=tmp_path).returncode == 0
        taken = run("snapshot", "copy.duckdb", "--db", "t.duckdb", *http, cwd=tmp_path)
        assert taken.returncode == 0, taken.stderr
        assert f"a copy of {tmp_path / 't.duckdb'} at http://127.0.0.1:" in taken.stdout
        assert run("compact", "--db", "t.duckdb", cwd=tmp_path).stderr.count("is in use by process") == 1
        assert run("send-test", *http, cwd=tmp_path).returncode == 0
    (tmp_path / "other").mkdir()
    (tmp_path / "copy.duckdb").rename(tmp_path / "other" / "t.duckdb")
    with running(tmp_path / "other") as server:
        assert server.get("/api/v1/status")["rows"]["spans"] == 2
