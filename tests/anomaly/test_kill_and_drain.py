"""Signals: what was acknowledged is there afterwards, once, and a stop is a stop. Kills are in test_kills.py."""

import http.client
import signal
import threading
import time
from pathlib import Path

import pytest

from tests.support.fleet import Fleet
from tests.support.server import RunningServer, running


def test_sigterm_under_load_exits_0_and_keeps_everything_acknowledged(tmp_path: Path) -> None:
    fleet = Fleet(1)
    with running(tmp_path) as server:
        fleet.start(server, answers=3)
        assert server.terminate() == 0
        fleet.join()
        assert "Traceback" not in server.log
    assert [path.name for path in tmp_path.glob("t.duckdb*")] == ["t.duckdb"]
    with running(tmp_path) as server:
        fleet.check_stored(server)
        fleet.send_again(server)
        fleet.check_stored(server)
        assert server.terminate() == 0
    fleet.check_file(tmp_path / "t.duckdb")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_an_idle_server_stops_at_once_with_exit_code_0(tmp_path: Path, number: signal.Signals) -> None:
    with running(tmp_path) as server:
        server.process.send_signal(number)
        assert server.process.wait(20) == 0
        assert "Traceback" not in server.log
        assert "leaked" not in server.log


def test_a_second_signal_stops_at_once(tmp_path: Path) -> None:
    """A request whose body never comes would hold the drain for `drain_timeout_s`."""
    with running(tmp_path, TRACEPOND_SERVICE_DRAIN_TIMEOUT_S="60") as server:
        connection = http.client.HTTPConnection("127.0.0.1", server.http_port, timeout=20)
        connection.putrequest("POST", "/v1/traces")
        connection.putheader("Content-Type", "application/json")
        connection.putheader("Content-Length", "1000")
        connection.endheaders(b"{")
        assert server.get("/healthz")
        server.process.send_signal(signal.SIGTERM)
        wait_for_log(server, "draining")
        server.process.send_signal(signal.SIGTERM)
        assert server.process.wait(10) == 128 + signal.SIGTERM
        connection.close()


def wait_for_log(server: RunningServer, word: str) -> None:
    deadline, waiting = time.monotonic() + 20, threading.Event()
    while word not in server.log:
        assert time.monotonic() < deadline, server.log
        waiting.wait(0.01)
