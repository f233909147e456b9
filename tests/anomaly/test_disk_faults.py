"""Calls to the disk that fail, in the real program: it refuses, or opens the file again, and never pretends."""

import contextlib
import errno
import os
import subprocess
import sys
import threading
import time
import urllib.error
from collections.abc import Callable
from pathlib import Path
from typing import Any

import grpc
import pytest

from tests.support.faults import Faults
from tests.support.fleet import EXPORT, PROTOBUF, Fleet, Request, call_spans
from tests.support.server import RunningServer, clean_environment, running

SPANS_A_ROW_GROUP = 8192


def send(server: RunningServer, number: int) -> tuple[int, Request]:
    request = call_spans(f"{number:032x}")
    return server.post("/v1/traces", request.payload, PROTOBUF)[0], request


def answer(server: RunningServer, path: str) -> int:
    try:
        server.get(path)
    except urllib.error.HTTPError as error:
        with error:
            return error.code
    return 200


def until(reached: Callable[[], Any], server: RunningServer) -> None:
    deadline, waiting = time.monotonic() + 30, threading.Event()
    while not reached():
        assert time.monotonic() < deadline, server.log[-3000:]
        waiting.wait(0.02)


def span_counts(server: RunningServer) -> dict[str, int]:
    return {trace["trace_id"]: trace["span_count"] for trace in server.get("/api/v1/traces?limit=1000&io=none")["data"]}


@pytest.mark.parametrize(
    ("call", "error"), [("sync", errno.EIO), ("write", errno.EIO), ("write", errno.ENOSPC), ("sync", errno.EDQUOT)]
)
def test_what_the_journal_cannot_take_is_refused_and_what_comes_later_is_taken(
    tmp_path: Path, faults: Faults, call: str, error: int
) -> None:
    with running(tmp_path, **faults.environment) as server:
        assert send(server, 1)[0] == 200
        faults.inject(call, ".journal", error)
        assert send(server, 2)[0] == 503
        with grpc.insecure_channel(server.grpc) as channel, pytest.raises(grpc.RpcError) as raised:
            channel.unary_unary(EXPORT)(call_spans(f"{3:032x}").payload)
        assert raised.value.code() == grpc.StatusCode.UNAVAILABLE
        assert answer(server, "/readyz") == 503
        assert span_counts(server) == {f"{1:032x}": 64}
        assert "the journal cannot be written" in server.log
        faults.heal()
        assert send(server, 4)[0] == 200
        assert answer(server, "/readyz") == 200
        server.kill()
    with running(tmp_path) as server:
        for number in (1, 2, 3, 4):
            assert send(server, number)[0] == 200
        assert span_counts(server) == {f"{number:032x}": 64 for number in (1, 2, 3, 4)}
        assert "neither in" not in server.log


@pytest.mark.parametrize(("call", "error"), [("sync", errno.EIO), ("write", errno.EIO), ("write", errno.ENOSPC)])
def test_what_the_write_ahead_log_cannot_take_waits_in_the_journal(
    tmp_path: Path, faults: Faults, call: str, error: int
) -> None:
    with running(tmp_path, **faults.environment) as server:
        assert send(server, 1)[0] == 200
        assert span_counts(server) == {f"{1:032x}": 64}
        faults.inject(call, ".wal", error)
        assert send(server, 2)[0] == 200  # it is in the journal
        assert answer(server, "/api/v1/traces") == 503  # and nobody is told that it is not there
        until(lambda: answer(server, "/readyz") == 503, server)
        assert send(server, 3)[0] == 503
        faults.heal()
        until(lambda: answer(server, "/readyz") == 200, server)
        assert span_counts(server) == {f"{1:032x}": 64, f"{2:032x}": 64}
        assert send(server, 3)[0] == 200
        check_locked(tmp_path)
        server.kill()
    with running(tmp_path) as server:
        assert span_counts(server) == {f"{number:032x}": 64 for number in (1, 2, 3)}


@pytest.mark.parametrize("part", ["t.duckdb$", "t.duckdb"])
@pytest.mark.parametrize(("call", "error"), [("sync", errno.EIO), ("write", errno.EIO), ("write", errno.ENOSPC)])
def test_a_file_that_cannot_be_written_is_opened_again_without_a_loss(
    tmp_path: Path, faults: Faults, call: str, error: int, part: str
) -> None:
    """Whole row groups and checkpoints go to the file itself. Alone, or with its log and journal."""
    fleet = Fleet(1)
    with running(tmp_path, TRACEPOND_STORAGE_CHECKPOINT_WAL_MIB="1", **faults.environment) as server:
        fleet.start(server)
        fleet.wait_until(lambda: fleet.spans > SPANS_A_ROW_GROUP, server)
        assert answer(server, "/api/v1/traces?limit=1") == 200  # a connection that is of no use when it is open again
        faults.inject(call, part, error)
        fleet.wait_until(lambda: fleet.refused > 0, server)
        faults.heal()
        before = fleet.spans
        fleet.wait_until(lambda: fleet.spans > before + 2 * SPANS_A_ROW_GROUP, server)
        fleet.join()
        fleet.check_stored(server)
        fleet.send_again(server)
        fleet.check_stored(server)
        check_locked(tmp_path)
        assert server.terminate() == 0
    fleet.check_file(tmp_path / "t.duckdb")


def check_locked(folder: Path) -> None:
    """No other process can open the file beside the server, also after it was opened again."""
    code = "from storage.database import Database; Database('t.duckdb').open()"
    tried = subprocess.run(
        [sys.executable, "-c", code], cwd=folder, env=clean_environment(), capture_output=True, text=True
    )
    assert "is in use by process" in tried.stderr


def test_a_stop_while_the_disk_fails_keeps_the_journal(tmp_path: Path, faults: Faults) -> None:
    with running(tmp_path, **faults.environment) as server:
        assert send(server, 1)[0] == 200
        faults.inject("sync", ".wal", errno.EIO)
        assert send(server, 2)[0] == 200
        assert server.terminate() == 0
        faults.heal()
    assert (tmp_path / "t.duckdb.journal0").exists()
    with running(tmp_path) as server:
        assert span_counts(server) == {f"{1:032x}": 64, f"{2:032x}": 64}


def test_a_question_that_the_disk_does_not_answer_is_told_to_come_again(tmp_path: Path, faults: Faults) -> None:
    with running(tmp_path) as server:
        for number in range(40):
            assert send(server, number)[0] == 200
        assert server.terminate() == 0
    with running(tmp_path, **faults.environment) as server:
        faults.inject("read", "t.duckdb", errno.EIO)
        assert answer(server, f"/api/v1/traces/{7:032x}?io=full") == 503
        assert answer(server, "/healthz") == 200
        faults.heal()
        assert len(server.get(f"/api/v1/traces/{7:032x}?io=full")["spans"]) == 64


# -- a disk that is really full ------------------------------------------------------------------------------------


def fill(folder: Path, left_bytes: int) -> Path:
    """Something else takes the space, but for so much."""
    ballast = folder / "ballast"
    status = os.statvfs(folder)
    ballast.write_bytes(bytes(status.f_bavail * status.f_frsize - left_bytes))
    return ballast


def test_a_full_disk_refuses_and_answers_and_goes_on_when_there_is_room(small_disk: Path) -> None:
    fleet = Fleet(2)
    with running(small_disk) as server:
        fleet.start(server)
        ballast = fill(small_disk, 12 << 20)
        fleet.wait_until(lambda: fleet.refused > 20, server)
        assert answer(server, "/healthz") == 200
        asked = [answer(server, "/api/v1/traces?limit=1&io=none") for _ in range(5)]
        assert set(asked) <= {200, 503}
        assert "Traceback" not in server.log
        ballast.unlink()
        before = fleet.spans
        fleet.wait_until(lambda: fleet.spans > before + 1000, server)
        fleet.join()
        fleet.send_again(server)
        fleet.check_stored(server)
        assert server.terminate() == 0
    fleet.check_file(small_disk / "t.duckdb")


def test_a_server_killed_on_a_full_disk_starts_when_there_is_room_and_has_everything(small_disk: Path) -> None:
    fleet = Fleet(3)
    with running(small_disk) as server:
        fleet.start(server)
        ballast = fill(small_disk, 10 << 20)
        fleet.wait_until(lambda: fleet.refused > 20, server)
        server.kill()
        fleet.join()
    with contextlib.suppress(AssertionError), running(small_disk) as server:  # it may start, or say why it does not
        server.kill()
    assert "Traceback" not in (small_disk / "stderr.txt").read_text()
    ballast.unlink()
    with running(small_disk) as server:
        fleet.check_stored(server)
        fleet.send_again(server)
        fleet.check_stored(server)
        assert server.terminate() == 0
    fleet.check_file(small_disk / "t.duckdb")
