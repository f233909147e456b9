"""kill -9 at random moments while four wires send: what was acknowledged is there, once, with its sums.

Five kills; with `make anomaly` fifty, a line each.
"""

import os
import random
import subprocess
import threading
import time
import urllib.error
from collections.abc import Callable
from dataclasses import dataclass
from http.client import HTTPException
from pathlib import Path

from tests.anomaly.conftest import EVERYTHING
from tests.support.fleet import PROTOBUF, Fleet, call_spans, has_ended
from tests.support.server import RunningServer, clean_environment, command, running

KILLS = int(os.environ.get("KILLS", "50" if EVERYTHING else "5"))
LOAD_S = 2.0 if EVERYTHING else 0.4
SEED = int(os.environ.get("SEED", "20261121"))
DAY_NS = 86_400 * 10**9


@dataclass
class Scene:
    """Where it happens, and who sends."""

    folder: Path
    fleet: Fleet
    chance: random.Random

    def wait(self, most_s: float, least_s: float = 0.0) -> None:
        threading.Event().wait(self.chance.uniform(least_s, most_s))  # the moment is the point


Act = Callable[[Scene, RunningServer], None]


def under_load(scene: Scene, server: RunningServer) -> None:
    scene.fleet.start(server)
    scene.wait(LOAD_S)
    server.kill()
    scene.fleet.join()


def while_recovering(scene: Scene, server: RunningServer) -> None:
    """The next start is killed, too, before it is ready or just then."""
    under_load(scene, server)
    killed_command(scene, "serve", "--grpc", "127.0.0.1:0", "--http", "127.0.0.1:0", least_s=0.2, most_s=1.5)


def while_compacting(scene: Scene, server: RunningServer) -> None:
    scene.fleet.start(server)
    assert server.terminate() == 0
    scene.fleet.join()
    killed_command(scene, "compact", least_s=0.2, most_s=1.2)


def killed_command(scene: Scene, name: str, *arguments: str, least_s: float, most_s: float) -> None:
    process = subprocess.Popen(
        command(name, "--db", "t.duckdb", *arguments),
        cwd=scene.folder,
        env=clean_environment(),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    scene.wait(most_s, least_s)
    process.kill()
    process.wait(30)


def while_checkpointing(scene: Scene, server: RunningServer) -> None:
    """Who asks makes small commits, which go to the write-ahead log; the settings empty it at each mebibyte."""
    busy(scene, server, lambda: server.get("/api/v1/traces?limit=1&io=none"))


def while_copying(scene: Scene, server: RunningServer) -> None:
    busy(scene, server, lambda: done_or_later(server, "/api/v1/snapshot", b"{}"))


def while_deleting(scene: Scene, server: RunningServer) -> None:
    going = old_traces(scene, server)

    def delete_next() -> None:
        body = b'{"trace_id": "%s"}' % going.pop().encode() if going else b'{"service_name": "nobody"}'
        done_or_later(server, "/api/v1/traces/delete", body)

    busy(scene, server, delete_next)


def done_or_later(server: RunningServer, path: str, body: bytes) -> None:
    """A server at its limits may say so."""
    status, answer = server.post(path, body)
    assert status in (200, 429, 503), (path, status, answer[:300])


def while_sweeping(scene: Scene, server: RunningServer) -> None:
    """Retention finds them at the next start, which is killed soon after."""
    old_traces(scene, server)
    server.kill()
    with running(scene.folder, TRACEPOND_STORAGE_RETENTION_MAX_AGE="12h") as sweeping:
        scene.wait(0.5)
        sweeping.kill()


def while_stopping(scene: Scene, server: RunningServer) -> None:
    scene.fleet.start(server)
    server.process.terminate()
    scene.wait(0.5)
    server.kill()
    scene.fleet.join()


def old_traces(scene: Scene, server: RunningServer) -> list[str]:
    """Traces of yesterday are stored, which may be deleted."""
    trace_ids = [f"{scene.chance.getrandbits(128):032x}" for _ in range(20)]
    scene.fleet.may_go |= set(trace_ids)
    for trace_id in trace_ids:
        request = call_spans(trace_id, time.time_ns() - DAY_NS)
        assert server.post("/v1/traces", request.payload, PROTOBUF) == (200, b"")
    return trace_ids


def busy(scene: Scene, server: RunningServer, work: Callable[[], object]) -> None:
    """Killed under load while somebody asks for `work` again and again."""

    faults: list[Exception] = []
    killed = threading.Event()

    def ask() -> None:
        while True:
            try:
                work()
            except urllib.error.HTTPError as error:
                error.close()
                if error.code not in (429, 503):
                    faults.append(error)
                    return
            except (OSError, HTTPException):  # the connection is gone
                if killed.is_set() or has_ended(server):
                    return
            except Exception as error:
                faults.append(error)
                return

    asking = threading.Thread(target=ask)
    scene.fleet.start(server)
    asking.start()
    scene.wait(LOAD_S)
    killed.set()
    server.kill()
    scene.fleet.join()
    asking.join(60)
    assert not asking.is_alive()
    if faults:
        raise faults[0]


SMALL_LOG = {"TRACEPOND_STORAGE_CHECKPOINT_WAL_MIB": "1"}
ACTS: list[tuple[Act, dict[str, str]]] = [
    (under_load, {}),
    (while_recovering, {}),
    (while_checkpointing, SMALL_LOG),
    (while_deleting, {}),
    (while_compacting, {}),
    (while_copying, SMALL_LOG),
    (while_sweeping, {}),
    (while_stopping, {}),
    (under_load, SMALL_LOG),
    (under_load, {}),
]


def checked(fleet: Fleet, server: RunningServer) -> None:
    """Before and after what nobody knew of was sent again."""
    fleet.check_stored(server)
    fleet.send_again(server)
    fleet.check_stored(server)


def test_kills_at_any_moment_lose_nothing_acknowledged_and_double_nothing(tmp_path: Path) -> None:
    scene = Scene(tmp_path, Fleet(SEED), random.Random(SEED))
    fleet, ready_s, sent_again = scene.fleet, 0.0, 0
    for number in range(KILLS):
        act, settings = ACTS[number % len(ACTS)]
        began = time.perf_counter()
        with running(tmp_path, **settings) as server:
            took_s = time.perf_counter() - began
            sent_again += len(fleet.unsure)
            checked(fleet, server)
            act(scene, server)
        ready_s = max(ready_s, took_s)
        print(f"kill {number + 1:2} {act.__name__:20} {fleet.spans:8,} spans acknowledged, ready in {took_s:.2f} s")
    with running(tmp_path) as server:
        checked(fleet, server)
        assert server.terminate() == 0
    fleet.check_file(tmp_path / "t.duckdb")
    print(
        f"{KILLS} kills: {fleet.spans:,} spans and {fleet.records:,} log records acknowledged, 0 lost, 0 twice; "
        f"{sent_again} requests sent again, {fleet.refused} answers said so; ready again after at most {ready_s:.2f} s"
    )
