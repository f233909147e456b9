"""How commands talk to a running server, and `healthcheck`, `send-test`, `snapshot`. Standard library only."""

import http.client
import json
import os
import secrets
import shlex
import shutil
import socket
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from service.config import Config
from service.projects import Project
from service.quantities import Endpoint
from service.tls import Tls, Unusable, client_context

TIMEOUT_S = 5.0
SNAPSHOT_TIMEOUT_S = 600.0
"""Until the first byte comes: the server makes the whole copy before (a few seconds a gigabyte)."""

NO_PROXY = urllib.request.ProxyHandler({})
"""The server is on this machine or in this pod: HTTP_PROXY is not meant for it."""


class UnixConnection(http.client.HTTPConnection):
    """HTTP through a Unix domain socket."""

    def __init__(self, path: str, timeout_s: float) -> None:
        super().__init__("localhost", timeout=timeout_s)
        self._path, self._timeout_s = path, timeout_s

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self._timeout_s)
        self.sock.connect(self._path)


class UnixHandler(urllib.request.HTTPHandler):
    """Opens `http://` addresses, whatever their host, through one socket."""

    def __init__(self, path: str) -> None:
        super().__init__()
        self._path = path

    def http_open(self, req: urllib.request.Request) -> http.client.HTTPResponse:
        def connection(_: str, /, *, timeout: float = TIMEOUT_S, **__: Any) -> http.client.HTTPConnection:
            return UnixConnection(self._path, timeout)

        return self.do_open(connection, req)


class RequestFailed(Exception):
    """The server did not answer 200; `str()` says what happened."""


def base_url(endpoint: Endpoint, certificate: Tls | None = None) -> str:
    """Where a client on this machine reaches the endpoint; over a Unix socket the name says nothing."""
    if endpoint.path:
        return "http://localhost"
    host = endpoint.host if endpoint.host not in ("", "0.0.0.0") else "127.0.0.1"
    scheme = "http" if certificate is None else "https"
    return f"{scheme}://{Endpoint(host if host != '::' else '::1', endpoint.port)}"


def curl(endpoint: Endpoint, certificate: Tls | None = None, header: str = "") -> str:
    """The beginning of a shell's line that asks it; the path follows at once."""
    through = header and f"-H {shlex.quote(header)} "
    through += f"--unix-socket {shlex.quote(endpoint.path)} " if endpoint.path else ""
    return f"curl {through}{base_url(endpoint, certificate)}"


def base(config: Config) -> str:
    """Where the server of this configuration is."""
    return base_url(config.receivers.http_endpoint, config.receivers.http_tls)


def opener(config: Config) -> urllib.request.OpenerDirector:
    """Raises `RequestFailed` where the server's certificate cannot be read."""
    certificate = config.receivers.http_tls
    if path := config.receivers.http_endpoint.path:
        return urllib.request.build_opener(NO_PROXY, UnixHandler(path))
    if certificate is None:
        return urllib.request.build_opener(NO_PROXY)
    try:
        handler = urllib.request.HTTPSHandler(context=client_context(certificate))
    except Unusable as error:
        raise RequestFailed(str(error)) from error
    return urllib.request.build_opener(NO_PROXY, handler)


def request(url: str, config: Config, body: Any = None, *, scope: str = "", project: str = "") -> bytes:
    """The body of a 200 answer. Raises `RequestFailed`."""
    with answer(url, config, body, scope=scope, project=project) as response, lost_is_failed(url):
        return bytes(response.read())


@contextmanager
def lost_is_failed(url: str) -> Iterator[None]:
    """A connection that ends while it is read is a `RequestFailed`."""
    try:
        yield
    except (ConnectionError, TimeoutError, http.client.HTTPException) as error:
        raise RequestFailed(f"{url} did not answer to the end: {error}") from error


def answer(
    url: str, config: Config, body: Any = None, *, scope: str = "", project: str = "", timeout_s: float = TIMEOUT_S
) -> Any:
    """The 200 answer, to be read and closed. Of several keys, the first that has the scope, of that project where one
    is named. Raises `RequestFailed`."""
    headers = {"Content-Type": "application/json"} if body is not None else {}
    if config.auth.mode == "keys":
        headers["Authorization"] = f"Bearer {key_with(config, scope, project).secret_key}"
    data = None if body is None else json.dumps(body).encode()
    try:
        return opener(config).open(urllib.request.Request(url, data, headers), timeout=timeout_s)
    except urllib.error.HTTPError as error:
        with error:
            raise RequestFailed(f"{url} answered {error.code}: {said(error)}") from error
    except (OSError, ValueError) as error:
        raise RequestFailed(f"{url} does not answer: {getattr(error, 'reason', error)}") from error
    except http.client.HTTPException as error:
        raise RequestFailed(f"{url} does not answer in HTTP: is that the port of OTLP/gRPC?") from error


def key_with(config: Config, scope: str, project: str = "") -> Project:
    """The first that fits, else the first: then the server says what it lacks."""
    keys = config.auth.projects
    fitting = (key for key in keys if (not scope or scope in key.scopes) and project in ("", key.name))
    return next(fitting, keys[0])


def said(error: urllib.error.HTTPError) -> str:
    """The beginning of an answer that is no web page: those are none of ours."""
    if error.headers.get_content_type() == "text/html":
        return "a web page; is that a tracepond?"
    return error.read(500).decode(errors="replace")


def fetch_snapshot(config: Config, path: str) -> str:
    """The server's copy of its database is on disk at `path`, whole; returns where the server says that its file is.

    Raises `RequestFailed` or OSError.
    """
    url = f"{base(config)}/api/v1/snapshot"
    with (
        open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file,
        answer(url, config, {}, scope="operator", timeout_s=SNAPSHOT_TIMEOUT_S) as response,
        lost_is_failed(url),
    ):
        shutil.copyfileobj(response, file, 1 << 20)
        file.flush()
        os.fsync(file.fileno())
        if file.tell() != int(response.headers["Content-Length"]):
            raise RequestFailed(f"{url} ended after {file.tell()} of {response.headers['Content-Length']} bytes")
        return urllib.parse.unquote(response.headers.get("Tracepond-Database", "the database"))


def healthcheck(config: Config) -> str:
    """What `/healthz` says. Raises `RequestFailed`."""
    return request(f"{base(config)}/healthz", config).decode().strip()


def send_test(config: Config) -> str:
    """Send one trace of an agent that calls a model, read it back, and say where it is. Raises `RequestFailed`."""
    where = base(config)
    trace_id = secrets.token_hex(16)
    project = key_with(config, "ingest").name if config.auth.mode == "keys" else ""
    request(f"{where}/v1/traces", config, one_trace(trace_id, time.time_ns()), scope="ingest")
    url = f"{where}/api/v1/traces/{trace_id}"
    answer = request(f"{url}?io=none", config, scope="read", project=project)
    try:
        count = len(json.loads(answer)["spans"])
    except (ValueError, TypeError, KeyError) as error:
        raise RequestFailed(f"{where} took the trace, but is no tracepond: {url} answers {answer[:100]!r}") from error
    return f"sent trace {trace_id}; {count} spans are stored: {url}"


def one_trace(trace_id: str, now_ns: int) -> dict[str, Any]:
    """OTLP/JSON: an agent span with a chat span below it, in the OTel GenAI conventions (semconv 1.37)."""
    agent_id, chat_id = secrets.token_hex(8), secrets.token_hex(8)
    chat = {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": "tracepond",
        "gen_ai.request.model": "test-model",
        "gen_ai.input.messages": message("user", "Does it work?"),
        "gen_ai.output.messages": message("assistant", "It does."),
        "gen_ai.usage.input_tokens": 4,
        "gen_ai.usage.output_tokens": 3,
    }
    agent = {"gen_ai.operation.name": "invoke_agent", "gen_ai.agent.name": "send-test"}
    spans = [
        span(trace_id, agent_id, None, "invoke_agent send-test", now_ns - 1_000_000_000, now_ns, agent),
        span(trace_id, chat_id, agent_id, "chat test-model", now_ns - 900_000_000, now_ns - 100_000_000, chat),
    ]
    resource = {"attributes": attributes({"service.name": "tracepond send-test"})}
    scope_spans = [{"scope": {"name": "tracepond.send_test"}, "spans": spans}]
    return {"resourceSpans": [{"resource": resource, "scopeSpans": scope_spans}]}


def span(
    trace_id: str, span_id: str, parent_id: str | None, name: str, start_ns: int, end_ns: int, values: dict[str, Any]
) -> dict[str, Any]:
    parent = {"parentSpanId": parent_id} if parent_id else {}
    return parent | {
        "traceId": trace_id,
        "spanId": span_id,
        "name": name,
        "kind": 3 if parent_id else 1,
        "startTimeUnixNano": str(start_ns),
        "endTimeUnixNano": str(end_ns),
        "attributes": attributes(values),
    }


def message(role: str, content: str) -> str:
    return json.dumps([{"role": role, "parts": [{"type": "text", "content": content}]}])


def attributes(values: dict[str, Any]) -> list[dict[str, Any]]:
    return [
        {"key": key, "value": {"intValue": str(value)} if isinstance(value, int) else {"stringValue": value}}
        for key, value in values.items()
    ]
