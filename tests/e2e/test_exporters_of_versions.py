"""Exporters of several versions and languages, unmodified, against the real program: `make e2e-sdks`.

Traces, logs and metrics: what was sent is there, once, equal. Not in the normal run; docs/otlp.md has what was seen.
"""

import json
import os
import socket
import ssl
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest
import trustme

from tests.support.exporters import CLIENTS, SDKS, Sdk, finished, start
from tests.support.server import RunningServer, running

FOLDER = Path(os.environ.get("EXPORTER_SDKS", "")).resolve()
SAID = json.loads((CLIENTS / "said.json").read_text())
SPANS = SAID["children"] + 1
KEYS = '[{"name": "shop", "public_key": "pk", "secret_key": "sk="}]'
BASIC = "Basic cGs6c2s9"

pytestmark = pytest.mark.skipif(
    "EXPORTER_SDKS" not in os.environ, reason="EXPORTER_SDKS names no folder for the SDKs: make e2e-sdks"
)

WAYS = [pytest.param(sdk, protocol, id=f"{sdk.name} {protocol}") for sdk in SDKS for protocol in sdk.protocols]
PATIENT = [way for way in WAYS if way.values[1] in way.values[0].sends_again]


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with ca.pem, and cert.pem and key.pem of 127.0.0.1."""
    folder = tmp_path_factory.mktemp("tls")
    made = trustme.CA()
    certificate = made.issue_cert("127.0.0.1", "localhost")
    made.cert_pem.write_to_path(str(folder / "ca.pem"))
    certificate.private_key_pem.write_to_path(str(folder / "key.pem"))
    (folder / "cert.pem").write_bytes(b"".join(each.bytes() for each in certificate.cert_chain_pems))
    return folder


@pytest.fixture(scope="module")
def servers(tmp_path_factory: pytest.TempPathFactory, authority: Path) -> Iterator[Callable[[str], RunningServer]]:
    """`plain`, `keys` or `tls`, each started when it is first asked for."""
    ports = [f"TRACEPOND_RECEIVERS_OTLP_PROTOCOLS_{port}_TLS" for port in ("GRPC", "HTTP")]
    files = {f"{port}_{key}_FILE": str(authority / f"{key.lower()}.pem") for port in ports for key in ("CERT", "KEY")}
    settings = {"plain": {}, "keys": {"TRACEPOND_AUTH_PROJECTS": KEYS}, "tls": files}
    known: dict[str, RunningServer] = {}
    with ExitStack() as until_the_end:

        def server(name: str) -> RunningServer:
            if name not in known:
                folder = tmp_path_factory.mktemp(name)
                known[name] = until_the_end.enter_context(running(folder, **settings[name]))
            return known[name]

        yield server


def endpoint(server: RunningServer, protocol: str, *, scheme: str = "http", path: str = "") -> dict[str, str]:
    address = server.grpc if protocol == "grpc" else f"127.0.0.1:{server.http_port}"
    return {"OTEL_EXPORTER_OTLP_ENDPOINT": f"{scheme}://{address}{path}"}


def value_of(value: dict[str, Any]) -> Any:
    """Of OTLP/JSON; integers and fractions told apart."""
    ((kind, inner),) = value.items()
    if kind == "arrayValue":
        return [value_of(each) for each in inner.get("values", [])]
    return int(inner) if kind == "intValue" else inner


def attributes_of(item: dict[str, Any]) -> dict[str, Any]:
    return {pair["key"]: value_of(pair["value"]) for pair in item.get("attributes", [])}


def all_is_there(server: Any, trace_id: str, service: str, **headers: str) -> None:
    """Every span, log record and data point, once and as sent."""
    (group,) = server.get(f"/api/v1/traces/{trace_id}/otlp", headers)["resourceSpans"]
    assert attributes_of(group["resource"])["service.name"] == service
    (scope,) = group["scopeSpans"]
    assert (scope["scope"]["name"], scope["scope"]["version"]) == ("exporter.clients", "1.2")
    spans = {span["name"]: span for span in scope["spans"]}
    assert len(spans) == len(scope["spans"]) == SPANS
    for number in range(SAID["children"]):
        child = spans[f"child {number}"]
        assert child["parentSpanId"] == spans["root"]["spanId"]
        assert attributes_of(child) == {**SAID["attributes"], "number": number}
        assert [type(value) for value in attributes_of(child).values()] == [
            *map(type, SAID["attributes"].values()),
            int,
        ]
        assert [(event["name"], attributes_of(event)) for event in child["events"]] == [("said", SAID["event"])]
        assert child["status"] == ({"message": "no network", "code": 2} if number % 7 == 0 else {})
    logs = server.get(f"/api/v1/logs?service_name={service}&io=full", headers)["data"]
    assert sorted((each["body"], each["attributes"]["number"]) for each in logs) == [(f"line {n}", n) for n in range(3)]
    (point,) = server.get(f"/api/v1/metric_points?service_name={service}&name=calls", headers)["data"]
    assert (point["value"], point["attributes"]) == (5, {"model": "gpt-4o"})


SETUPS = {
    "plain": ("plain", {}),
    "gzip": ("plain", {"OTEL_EXPORTER_OTLP_COMPRESSION": "gzip"}),
    "path": ("plain", {}),
    "basic": ("keys", {"OTEL_EXPORTER_OTLP_HEADERS": f"authorization={BASIC.replace(' ', '%20').replace('=', '%3D')}"}),
    "api-key": ("keys", {"OTEL_EXPORTER_OTLP_HEADERS": "x-api-key=sk%3D", "OTEL_EXPORTER_OTLP_COMPRESSION": "gzip"}),
    "tls": ("tls", {}),
}


@pytest.mark.parametrize("setup", SETUPS)
@pytest.mark.parametrize(("sdk", "protocol"), WAYS)
def test_what_an_exporter_sends_is_there_once_and_equal(
    servers: Callable[[str], RunningServer], authority: Path, sdk: Sdk, protocol: str, setup: str
) -> None:
    name, variables = SETUPS[setup]
    server, service = servers(name), f"{sdk.name} {protocol} {setup}".replace(" ", "-")
    where = endpoint(server, protocol, scheme="https" if name == "tls" else "http", path="/team/a" * (setup == "path"))
    if name == "tls":
        ca = str(authority / "ca.pem")
        variables = {"OTEL_EXPORTER_OTLP_CERTIFICATE": ca, "NODE_EXTRA_CA_CERTS": ca}
    trace_id = finished(start(sdk, FOLDER, protocol, OTEL_SERVICE_NAME=service, **where, **variables))
    all_is_there(Asker(server, authority) if name == "tls" else server, trace_id, service, Authorization=BASIC)
    assert "Traceback" not in server.log


class Asker:
    """Asks a server over TLS."""

    def __init__(self, server: RunningServer, authority: Path) -> None:
        self._url = f"https://127.0.0.1:{server.http_port}"
        self._context = ssl.create_default_context(cafile=str(authority / "ca.pem"))

    def get(self, path: str, headers: dict[str, str]) -> Any:
        request = urllib.request.Request(self._url + path, headers=headers)
        handlers = urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=self._context)
        with urllib.request.build_opener(*handlers).open(request) as answer:
            return json.loads(answer.read())


@pytest.mark.parametrize(("sdk", "protocol"), PATIENT)
def test_a_full_server_is_asked_again_and_nothing_is_lost(tmp_path: Path, sdk: Sdk, protocol: str) -> None:
    """Another sender holds all that may be in flight until this one has been sent back once."""
    service = f"{sdk.name} {protocol} full".replace(" ", "-")
    with running(tmp_path, TRACEPOND_RECEIVERS_MAX_IN_FLIGHT_MIB="1") as server:
        with holding(server, 2 << 20):
            sender = start(sdk, FOLDER, protocol, OTEL_SERVICE_NAME=service, **endpoint(server, protocol))
            assert until(lambda: sent_back(server)), sender.communicate(timeout=60)
        all_is_there(server, finished(sender), service)


@contextmanager
def holding(server: RunningServer, size_bytes: int) -> Iterator[None]:
    """A request of which so much has arrived and the rest never does."""
    with socket.create_connection(("127.0.0.1", server.http_port)) as stuck:
        head = "POST /v1/traces HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
        stuck.sendall(f"{head}Content-Length: {2 * size_bytes}\r\n\r\n".encode() + b" " * size_bytes)
        assert until(lambda: server.get("/api/v1/status")["in_flight_bytes"] >= size_bytes)
        yield


def sent_back(server: RunningServer) -> bool:
    return "unavailable" in {client["outcome"] for client in server.get("/api/v1/status")["clients"]}


def until(done: Callable[[], bool]) -> bool:
    """Whether it came true within half a minute."""
    give_up = time.monotonic() + 30
    while not done() and time.monotonic() < give_up:
        time.sleep(0.02)
    return done()
