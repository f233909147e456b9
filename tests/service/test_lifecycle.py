"""Start in order, stop in reverse, in this process; signals and kills are tests/anomaly's matter."""

import asyncio
import socket
from pathlib import Path
from typing import Any

import grpc.aio
import pytest
from aiohttp import ClientSession

from contract.errors import Refused
from receiver.compiled import DECODER
from service import lifecycle
from service.__main__ import main
from service.config import Config, load
from service.lifecycle import Server, first_lines
from service.listening import StartFailed
from storage.exclusive import exclusively


def can_bind_ipv6() -> bool:
    try:
        with socket.create_server(("::1", 0), family=socket.AF_INET6):
            return True
    except OSError:
        return False


IPV6 = can_bind_ipv6()


def config(folder: Path, text: str = "", **flags: str) -> Config:
    given = {"storage.path": str(folder / "t.duckdb")} | {
        f"receivers.otlp.protocols.{name}.endpoint": flags.get(name, "127.0.0.1:0") for name in ("grpc", "http")
    }
    return load(text, "c.yaml", {}, given)


def started(configuration: Config, ask: Any) -> Any:
    """What `ask(server)` says of a server between its start and its stop."""

    async def run() -> Any:
        server = Server(configuration)
        await server.start()
        try:
            return ask(server)
        finally:
            await server.stop()

    return asyncio.run(run())


def test_a_started_server_has_real_ports_is_ready_and_counts(tmp_path: Path) -> None:
    def ask(server: Server) -> tuple[Any, ...]:
        return server.grpc_address, server.http_address, server.not_ready(), {s.name for s in server.samples()}

    grpc_address, http_address, reasons, names = started(config(tmp_path), ask)
    assert grpc_address.port > 0
    assert http_address.port > 0
    assert reasons == []
    assert {"build_info", "receiver_received_spans_total", "ingest_queue_bytes", "db_size_bytes"} <= names


def test_a_stopped_server_says_why_it_is_not_ready_and_can_be_started_again_on_its_file(tmp_path: Path) -> None:
    async def run() -> list[str]:
        server = Server(config(tmp_path))
        await server.start()
        await server.stop()
        return server.not_ready()

    assert "the server is draining" in asyncio.run(run())
    assert started(config(tmp_path), lambda server: server.not_ready()) == []


def test_grpc_can_be_switched_off(tmp_path: Path) -> None:
    lines = started(config(tmp_path, grpc=""), lambda server: first_lines(server, config(tmp_path)))
    assert any("OTLP/gRPC" in line and "off" in line for line in lines)


def test_pages_that_the_configuration_names_may_send(tmp_path: Path) -> None:
    page, asked = "https://shop.example", {"Access-Control-Request-Method": "POST"}

    async def run() -> tuple[int, str | None]:
        server = Server(
            config(tmp_path, f"receivers: {{otlp: {{protocols: {{http: {{cors: {{allowed_origins: ['{page}']}}}}}}}}}}")
        )
        await server.start()
        try:
            async with (
                ClientSession() as session,
                session.options(f"http://{server.http_address}/v1/traces", headers={"Origin": page, **asked}) as answer,
            ):
                return answer.status, answer.headers.get("Access-Control-Allow-Origin")
        finally:
            await server.stop()

    assert asyncio.run(run()) == (204, page)


@pytest.mark.skipif(not IPV6, reason="this machine has no IPv6")
def test_both_ports_listen_on_ipv6_addresses(tmp_path: Path) -> None:
    async def run() -> tuple[int, str]:
        server = Server(config(tmp_path, grpc="[::1]:0", http="[::1]:0"))
        await server.start()
        try:
            async with (
                ClientSession() as session,
                session.post(f"http://{server.http_address}/v1/traces", json={}) as answer,
                grpc.aio.insecure_channel(str(server.grpc_address)) as channel,
            ):
                health = await channel.unary_unary("/grpc.health.v1.Health/Check")(b"")
                return answer.status, health.hex()
        finally:
            await server.stop()

    assert asyncio.run(run()) == (200, "0801")


def failure(configuration: Config) -> str:
    """What a start that fails says."""

    async def fail() -> str:
        with pytest.raises(StartFailed) as caught:
            await Server(configuration).start()
        return str(caught.value)

    return asyncio.run(fail())


@pytest.mark.parametrize("name", ["grpc", "http"])
def test_a_taken_port_leaves_no_file_behind(tmp_path: Path, name: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        line = failure(config(tmp_path, **{name: f"127.0.0.1:{taken.getsockname()[1]}"}))
    assert "is in use by another program" in line
    assert f"--{name}" in line
    assert list(tmp_path.iterdir()) == []


def test_a_start_that_fails_late_frees_what_it_had(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The HTTP port is the last thing that is bound: another program takes it between the look and the binding."""

    async def taken(*_: Any) -> None:
        raise OSError("taken meanwhile")

    with monkeypatch.context() as patched:
        patched.setattr(lifecycle.HttpSite, "start", taken)
        assert "cannot be bound (taken meanwhile)" in failure(config(tmp_path))
    assert started(config(tmp_path), lambda server: server.not_ready()) == []


@pytest.mark.parametrize("command", ["compact", "recover"])
def test_nobody_else_has_the_file_while_the_server_opens_it_again(
    command: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """As it does each half minute with little memory: it is closed for a tenth of a second."""
    configuration = config(tmp_path)

    def ask(server: Server) -> None:
        server.database.close()
        with pytest.raises(Refused, match="is in use by process"), exclusively(configuration.storage.path):
            pass
        assert main([command, "--db", configuration.storage.path]) == 1
        server.database.open()

    started(configuration, ask)
    assert "is in use by process" in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["t.duckdb"]


def test_a_folder_that_cannot_hold_the_file_is_named_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    missing = str(tmp_path / "nowhere" / "t.duckdb")
    line = str(lifecycle.folder_problem(missing))
    assert (line.count(missing), "its folder does not exist" in line) == (1, True)
    assert lifecycle.folder_problem(str(tmp_path / "t.duckdb")) is None
    assert lifecycle.folder_problem(":memory:") is None
    monkeypatch.setattr(lifecycle.os, "access", lambda *_: False)
    assert "may not write in its folder" in str(lifecycle.folder_problem(str(tmp_path / "t.duckdb")))


def test_status_says_what_an_operator_asks_first(tmp_path: Path) -> None:
    status = started(config(tmp_path), lambda server: server.status())
    assert status["uptime_s"] >= 0
    assert status["database"]["size_bytes"] > 0
    assert status["lag_s"] == 0
    assert status["not_ready"] == []
    assert status["schema_version"] >= 1
    assert status["decoder"] == DECODER.name


def test_first_lines_show_where_a_key_goes_when_keys_are_needed(tmp_path: Path) -> None:
    keys = "auth: {projects: [{name: shop, public_key: pk-1, secret_key: sk-1}]}"
    configuration = config(tmp_path, keys)
    text = "\n".join(started(configuration, lambda server: first_lines(server, configuration)))
    assert "OTEL_EXPORTER_OTLP_HEADERS=x-api-key=SECRET_KEY" in text
    assert "curl -H 'x-api-key: SECRET_KEY' http" in text
    assert "sk-1" not in text


def test_first_lines_say_how_much_memory_it_keeps_to_and_why(tmp_path: Path) -> None:
    configuration = config(tmp_path, "service: {memory_limit: 384MB}")
    lines = started(configuration, lambda server: first_lines(server, configuration))
    assert "  memory          366 MiB (file c.yaml)" in lines


def test_the_second_signal_ends_the_process(monkeypatch: pytest.MonkeyPatch) -> None:
    codes: list[int] = []
    monkeypatch.setattr(lifecycle.os, "_exit", codes.append)
    asked = asyncio.Event()
    lifecycle.on_signal(lifecycle.SIGNALS[0], asked)
    assert asked.is_set()
    assert codes == []
    lifecycle.on_signal(lifecycle.SIGNALS[0], asked)
    assert codes == [143]
