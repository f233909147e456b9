"""The commands that talk to a server, against a small one that answers what a test says."""

import json
import socket
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

from service import client
from service.config import Config, load
from service.quantities import Endpoint

KEYS = {"TRACEPOND_AUTH_PROJECTS": '[{"name":"shop","public_key":"pk","secret_key":"sk"}]'}


class Answers(BaseHTTPRequestHandler):
    """Answers every request with the server's `answer`, and keeps what was sent."""

    server: Any

    def do_GET(self) -> None:
        self.do_POST()

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.server.requests.append((self.command, self.path, dict(self.headers), body))
        status, answer = self.server.answer
        self.send_response(status)
        for name, value in self.server.headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *_: Any) -> None:
        """Nothing on stderr."""


@pytest.fixture
def server() -> Iterator[Any]:
    with HTTPServer(("127.0.0.1", 0), Answers) as fake:
        fake.requests, fake.answer, fake.headers = [], (200, b'{"spans": [1, 2]}'), {}  # type: ignore[attr-defined]
        thread = threading.Thread(target=fake.serve_forever)
        thread.start()
        yield fake
        fake.shutdown()
        thread.join()


def config_for(server: Any, environ: dict[str, str] | None = None) -> Config:
    address = f"127.0.0.1:{server.server_address[1]}"
    return load("", "", environ or {}, {"receivers.otlp.protocols.http.endpoint": address})


def test_send_test_sends_one_trace_and_reads_it_back(server: Any) -> None:
    said = client.send_test(config_for(server))
    (_, post_path, headers, body), (method, get_path, _, _) = server.requests
    trace_ids = {span["traceId"] for span in json.loads(body)["resourceSpans"][0]["scopeSpans"][0]["spans"]}
    assert (post_path, headers["Content-Type"]) == ("/v1/traces", "application/json")
    assert (method, get_path) == ("GET", f"/api/v1/traces/{trace_ids.pop()}?io=none")
    assert "2 spans are stored" in said


@pytest.mark.parametrize("body", [b"hello", b"[]", b"{}", b'{"spans": 1}'])
def test_another_program_that_takes_traces_is_not_mistaken_for_this_one(server: Any, body: bytes) -> None:
    server.answer = (200, body)
    with pytest.raises(client.RequestFailed, match="is no tracepond"):
        client.send_test(config_for(server))


def test_configured_keys_are_sent(server: Any) -> None:
    client.healthcheck(config_for(server, KEYS))
    assert server.requests[0][2]["Authorization"] == "Bearer sk"


def test_another_status_is_a_failure_that_quotes_the_answer(server: Any) -> None:
    server.answer = (503, b"draining")
    with pytest.raises(client.RequestFailed, match="answered 503: draining"):
        client.healthcheck(config_for(server))


def test_a_web_page_is_not_quoted(server: Any) -> None:
    server.answer, server.headers = (404, b"<html><body>nginx</body></html>"), {"Content-Type": "text/html"}
    with pytest.raises(client.RequestFailed, match=r"answered 404: a web page; is that a tracepond\?"):
        client.healthcheck(config_for(server))


def test_a_port_that_does_not_speak_http_is_a_failure_that_names_the_likely_one() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def answer() -> None:
            connection, _ = listening.accept()
            with connection:
                connection.recv(4096)
                connection.sendall(b"\x00\x00\x12\x04\x00\x00\x00\x00\x00\r\n")  # SETTINGS of HTTP/2

        thread = threading.Thread(target=answer)
        thread.start()
        address = f"127.0.0.1:{listening.getsockname()[1]}"
        with pytest.raises(client.RequestFailed, match="is that the port of OTLP/gRPC"):
            client.healthcheck(load("", "", {}, {"receivers.otlp.protocols.http.endpoint": address}))
        thread.join()


def test_no_server_is_a_failure_that_names_the_address() -> None:
    config = load("", "", {}, {"receivers.otlp.protocols.http.endpoint": "127.0.0.1:1"})
    with pytest.raises(client.RequestFailed, match=r"http://127\.0\.0\.1:1/healthz does not answer"):
        client.healthcheck(config)


@pytest.mark.parametrize(
    ("host", "url"),
    [("0.0.0.0", "http://127.0.0.1:5"), ("", "http://127.0.0.1:5"), ("::", "http://[::1]:5"), ("pod", "http://pod:5")],
)
def test_an_address_of_every_interface_is_reached_over_loopback(host: str, url: str) -> None:
    assert client.base_url(Endpoint(host, 5)) == url


def test_send_test_sends_with_a_key_that_may_and_reads_with_one_of_the_same_project(server: Any) -> None:
    keys = (("shop", "a", ["read"]), ("bar", "b", ["ingest"]), ("shop", "c", ["ingest"]), ("bar", "d", ["read"]))
    projects = [
        {"name": name, "public_key": f"pk-{key}", "secret_key": f"sk-{key}", "scopes": scopes}
        for name, key, scopes in keys
    ]
    client.send_test(config_for(server, {"TRACEPOND_AUTH_PROJECTS": json.dumps(projects)}))
    assert [headers["Authorization"] for _, _, headers, _ in server.requests] == ["Bearer sk-b", "Bearer sk-d"]


def operators(server: Any) -> Config:
    projects = [
        {"name": name, "public_key": f"pk-{name}", "secret_key": f"sk-{name}", "scopes": scopes}
        for name, scopes in (("shop", ["read"]), ("ops", ["operator"]))
    ]
    return config_for(server, {"TRACEPOND_AUTH_PROJECTS": json.dumps(projects)})


def test_a_snapshot_is_asked_for_with_the_key_that_may_and_is_on_disk_whole(server: Any, tmp_path: Path) -> None:
    server.headers, server.answer = {"Content-Length": "9", "Tracepond-Database": "/a%20b"}, (200, b"the bytes")
    assert client.fetch_snapshot(operators(server), str(tmp_path / "copy")) == "/a b"
    [(method, path, headers, body)] = server.requests
    assert (method, path, body) == ("POST", "/api/v1/snapshot", b"{}")
    assert (headers["Authorization"], headers["Content-Type"]) == ("Bearer sk-ops", "application/json")
    assert (tmp_path / "copy").read_bytes() == b"the bytes"
    assert (tmp_path / "copy").stat().st_mode & 0o777 == 0o600


def test_a_snapshot_that_ends_early_is_a_failure(server: Any, tmp_path: Path) -> None:
    server.headers, server.answer = {"Content-Length": "10"}, (200, b"the bytes")
    with pytest.raises(client.RequestFailed, match="ended after 9 of 10 bytes"):
        client.fetch_snapshot(config_for(server), str(tmp_path / "copy"))


def test_a_server_that_refuses_a_snapshot_says_why(server: Any, tmp_path: Path) -> None:
    server.answer = (403, b"no scope")
    with pytest.raises(client.RequestFailed, match="answered 403: no scope"):
        client.fetch_snapshot(config_for(server), str(tmp_path / "copy"))


def test_where_no_copy_can_be_written_no_server_is_asked_for_one(server: Any, tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        client.fetch_snapshot(config_for(server), str(tmp_path / "nowhere" / "copy"))
    assert server.requests == []
