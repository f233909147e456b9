"""One real server for all that is sent to it here; at the end it must still serve, and have counted everything."""

import json
import re
from collections import Counter
from collections.abc import Iterator

import pytest

from tests.support.golden import GOLDEN
from tests.support.langfuse import CLIENTS, recorded
from tests.support.server import OPENER, RunningServer, running

FATE = re.compile(
    r"^tracepond_receiver_(received|accepted|refused|unavailable)_(\w+)_total(?:{.*})? (\d+)", re.MULTILINE
)
CAPTURES = ("openai-openinference", "langchain-langfuse-v5", "openai-genai-event", "vercel-ai-v5-anthropic")


@pytest.fixture(scope="session")
def running_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    with running(tmp_path_factory.mktemp("fuzz")) as started:
        fill(started)
        yield started


@pytest.fixture
def server(running_server: RunningServer) -> Iterator[RunningServer]:
    """After whatever a test does it answers, takes what is sent, has no fault of its own in its log."""
    before = len(running_server.log)
    yield running_server
    check_alive(running_server)
    assert "Traceback" not in running_server.log[before:]


def fill(server: RunningServer) -> None:
    """Something to be asked for."""
    for capture in CAPTURES:
        for path in sorted((GOLDEN / capture).glob("*.pb")):
            signal = path.stem.rpartition("-")[2]
            assert server.post(f"/v1/{signal}", path.read_bytes(), "application/x-protobuf")[0] == 200
    for request in (each for client in CLIENTS for each in recorded(client) if each.path.endswith("/ingestion")):
        assert server.post("/api/public/ingestion", request.body)[0] == 207


def check_alive(server: RunningServer) -> None:
    assert server.process.poll() is None
    assert server.get("/readyz") == {"status": "ready"}
    record = {"timeUnixNano": "1790000000000000000", "body": {"stringValue": "still there"}}
    body = json.dumps({"resourceLogs": [{"scopeLogs": [{"logRecords": [record]}]}]}).encode()
    assert server.post("/v1/logs", body) == (200, b"{}")
    with OPENER.open(f"{server.http}/metrics") as answer:
        for items, fates in counted(answer.read().decode()).items():
            assert fates["received"] == fates["accepted"] + fates["refused"] + fates["unavailable"], items


def counted(metrics: str) -> dict[str, Counter[str]]:
    """What became of each kind of item, over all transports and reasons."""
    found: dict[str, Counter[str]] = {}
    for fate, items, count in FATE.findall(metrics):
        found.setdefault(items, Counter())[fate] += int(count)
    return found
