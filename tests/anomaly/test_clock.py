"""A wall clock that jumps: what is stored, its order, and what retention deletes go by the times of the spans."""

import time
from pathlib import Path

import pytest

from tests.support.faults import Faults
from tests.support.fleet import PROTOBUF, call_spans, traces_of
from tests.support.server import RunningServer, running

DAY_S = 86_400
KEEP = {"TRACEPOND_STORAGE_RETENTION_MAX_AGE": "3d"}


def send(server: RunningServer, number: int, at_ns: int) -> None:
    request = call_spans(f"{number + 1:032x}", at_ns)
    assert server.post("/v1/traces", request.payload, PROTOBUF) == (200, b"")


def listed(server: RunningServer) -> list[int]:
    """Numbers of the traces, page by page as listed."""
    found, cursor = [], ""
    while cursor is not None:
        page = server.get(f"/api/v1/traces?limit=7&io=none{cursor and '&cursor='}{cursor}")
        found += [int(trace["trace_id"], 16) - 1 for trace in page["data"]]
        cursor = page["next_cursor"]
    return found


@pytest.mark.parametrize("jump_s", [-DAY_S, -400 * DAY_S, 2 * DAY_S])
def test_a_clock_that_jumps_loses_nothing_and_changes_no_order(tmp_path: Path, faults: Faults, jump_s: int) -> None:
    now = time.time_ns()
    with running(tmp_path, **KEEP, **faults.environment) as server:
        for number in range(20):
            send(server, number, now + number * 1_000_000)
        assert listed(server) == list(range(19, -1, -1))
        faults.inject("clock", "-", jump_s)
        for number in range(20, 40):
            send(server, number, now + number * 1_000_000)
        send(server, 3, now + 3_000_000)  # a retry
        assert listed(server) == list(range(39, -1, -1))
        assert server.get("/readyz") == {"status": "ready"}
        server.kill()
    with running(tmp_path, **KEEP, **faults.environment) as server:  # retention looks at the start, with that clock
        assert listed(server) == list(range(39, -1, -1))
        assert set(traces_of(server).values()) == {(64, 192)}
        assert server.terminate() == 0
        assert "Traceback" not in server.log
