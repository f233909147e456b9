"""`tracepond import-langfuse` between programs and from small servers of both generations: every record is equal."""

import base64
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from tests.support.langfuse import CLIENTS, Request, recorded
from tests.support.langfuse_elsewhere import CHAT, HUGE, PIXEL, PIXEL_ID, Elsewhere, served
from tests.support.server import OPENER, RunningServer, run, running

KEYS = {"LANGFUSE_PUBLIC_KEY": "pk-lf-there", "LANGFUSE_SECRET_KEY": "sk-lf-there"}
COUNT = 150
MADE_HERE = {"projectId", "createdAt", "updatedAt", "htmlPath", "latency", "observations", "scores", "totalCost"}
"""Members that tell of the server, or follow from others that are compared."""


def imported(source: str, target: RunningServer, *arguments: str) -> subprocess.CompletedProcess[str]:
    return run("import-langfuse", source, "--to", target.http, *arguments, cwd=target.folder, **KEYS)


def all_of(server: RunningServer, path: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    while True:
        answer = server.get(f"/api/public/{path}?limit=100&page={len(found) // 100 + 1}")
        found += answer["data"]
        if len(answer["data"]) < 100:
            return found


def said(record: dict[str, Any], *without: str) -> dict[str, Any]:
    return {name: value for name, value in record.items() if name not in MADE_HERE | set(without)}


def send_recordings(server: RunningServer) -> None:
    for client in CLIENTS:
        for request in recorded(client):
            if request.method == "POST":
                packed = {"Content-Encoding": header(request, "content-encoding")}
                server.post(request.path, request.body, header(request, "content-type"), **packed)


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """What recorded clients sent, in one program."""
    with running(tmp_path_factory.mktemp("source")) as started:
        send_recordings(started)
        yield started


def header(request: Request, wanted: str) -> str:
    return next((value for name, value in request.headers.items() if name.lower() == wanted), "identity")


def test_from_one_program_to_another_every_record_is_equal(source: RunningServer, tmp_path: Path) -> None:
    with running(tmp_path) as target:
        done = imported(source.http, target)
        faults = done.stdout.partition("could not be moved:\n")[2].splitlines()
        assert ["was not uploaded" in each for each in faults] == [True], done  # the recorded SDK had nowhere to put it
        for path, without in (("traces", ()), ("observations", ("timeToFirstToken",)), ("v2/scores", ())):
            there = {each["id"]: said(each, *without) for each in all_of(source, path)}
            here = {each["id"]: said(each, *without) for each in all_of(target, path)}
            assert there
            assert here == there
        for each in ("total_tokens", "input_tokens", "span_count", "generation_count"):
            assert column(source, each) == column(target, each)


def test_what_applications_sent_to_both_stays_as_it_came(source: RunningServer, tmp_path: Path) -> None:
    """Their times have nanoseconds, their attributes more than Langfuse's API tells."""
    with running(tmp_path) as target:
        send_recordings(target)
        before = whole(target)
        done = imported(source.http, target)
        assert " came here first-hand and stay as they are" in done.stdout, done
        assert whole(target) == before


def whole(server: RunningServer) -> dict[str, Any]:
    """Every trace with all that is known of it."""
    traces = server.get("/api/v1/traces?limit=1000&io=none")["data"]
    return {each["trace_id"]: server.get(f"/api/v1/traces/{quote(each['trace_id'], safe='')}") for each in traces}


def column(server: RunningServer, name: str) -> dict[str, Any]:
    return {each["trace_id"]: each[name] for each in server.get("/api/v1/traces?limit=1000&io=none")["data"]}


@pytest.fixture(scope="module", params=[3, 4])
def moved(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """A server of a generation, the program that has imported from it, and the report."""
    there = Elsewhere(COUNT, request.param)
    faults = [(429, b"{}"), (503, b""), (200, b'{"data": [{"id"'), (500, b"{}")]
    with running(tmp_path_factory.mktemp("target")) as target, served(there, *faults) as url:
        yield there, target, imported(url, target), url


def test_all_is_read_and_stored_and_the_report_counts_it(moved: Any) -> None:
    there, _, done, _ = moved
    assert done.returncode == 0, done
    rows = {line.rpartition("  ")[0][:16].strip(): line.split()[-4:] for line in done.stdout.splitlines()}
    if there.generation == 3:
        assert rows["traces"] == [str(COUNT)] * 4
        assert rows["observations"] == [str(2 * COUNT)] * 4
    assert [line.split()[2:4] for line in done.stdout.splitlines() if line.startswith("scores")] == [[str(COUNT)] * 2]


def test_traces_are_equal(moved: Any) -> None:
    there, target, _, _ = moved
    here = {each["id"]: each for each in all_of(target, "traces")}
    wanted = ("name", "userId", "sessionId", "release", "environment", "timestamp")
    if there.generation == 3:
        wanted = (*wanted, "input", "output")
    assert len(here) == COUNT
    for each in there.traces:
        assert {name: here[each["id"]][name] for name in wanted} == {name: each[name] for name in wanted}
        assert sorted(here[each["id"]]["tags"]) == sorted(each["tags"])
        assert there.generation == 4 or each["metadata"].items() <= here[each["id"]]["metadata"].items()


def test_observations_are_equal(moved: Any) -> None:
    there, target, _, _ = moved
    here = {each["id"]: each for each in all_of(target, "observations")}
    without = ("unit", "usage", "updatedAt", "createdAt", "projectId", "modelParameters")
    assert len(here) == 2 * COUNT
    for each in there.observations:
        known = here[each["id"]]
        for name in set(each) - set(without):
            if name == "costDetails" and not each[name]:
                continue  # calculated here
            assert known[name] == each[name], (name, each["id"])
        assert known["modelParameters"] == (each["modelParameters"] or None)


def test_scores_are_equal_and_those_of_a_run_are_of_the_run_here(moved: Any) -> None:
    there, target, _, _ = moved
    here = {each["id"]: each for each in all_of(target, "v2/scores")}
    run_here = target.get("/api/public/datasets/questions/runs/first%20run")
    wanted = ("name", "dataType", "value", "source", "comment", "metadata", "timestamp", "environment")
    for each in there.scores:
        for name in wanted:
            assert here[each["id"]][name] == each[name], (name, each["id"])
        for name in ("traceId", "observationId", "sessionId"):
            assert here[each["id"]][name] == each.get(name)
    assert here["score-0"]["datasetRunId"] == run_here["id"]


def test_long_texts_and_files_come_along(moved: Any) -> None:
    there, target, _, _ = moved
    if there.generation == 4:
        pytest.skip("the second API has no inputs of traces")
    assert target.get("/api/public/traces/trace-3")["input"]["question"] == HUGE
    media = target.get(f"/api/public/media/{PIXEL_ID}")
    with OPENER.open(media["url"], timeout=30) as answer:
        assert answer.read() == PIXEL


def test_prompts_keep_their_numbers_and_labels_and_data_sets_their_items_and_runs(moved: Any) -> None:
    _, target, _, _ = moved
    prompts = {each["name"]: each for each in target.get("/api/public/v2/prompts")["data"]}
    assert prompts["greeting"]["versions"] == [1, 2, 5]
    assert target.get("/api/public/v2/prompts/greeting")["version"] == 2
    assert target.get("/api/public/v2/prompts/greeting?label=old")["version"] == 1
    chat = target.get(f"/api/public/v2/prompts/{quote('folder/chat', safe='')}")
    assert chat["prompt"] == [{**CHAT[0], "type": "chatmessage"}, CHAT[1]]
    assert target.get("/api/public/v2/datasets/questions")["metadata"] == {"of": "us"}
    items = target.get("/api/public/dataset-items?datasetName=questions&limit=100")["data"]
    assert [each["id"] for each in items] == [f"item-{number}" for number in range(60)]
    [link] = target.get("/api/public/datasets/questions/runs/first%20run")["datasetRunItems"]
    assert (link["datasetItemId"], link["traceId"]) == ("item-4", "trace-4")


def test_again_changes_nothing(moved: Any) -> None:
    _, target, _, url = moved
    paths = ("traces", "observations", "v2/scores", "v2/prompts", "dataset-items")
    before = {path: [said(each) for each in all_of(target, path)] for path in paths}
    rows = target.get("/api/v1/status")["rows"]
    done = imported(url, target)
    assert done.returncode == 0, done
    assert {path: [said(each) for each in all_of(target, path)] for path in paths} == before
    assert target.get("/api/v1/status")["rows"] == rows


def test_a_later_state_of_a_record_replaces_the_earlier_one(moved: Any) -> None:
    there, target, _, url = moved
    if there.generation == 4:
        pytest.skip("the second API has no list of traces")
    known = there.traces[5]
    there.traces[5] = {**known, "output": "corrected", "updatedAt": "2026-11-21T10:00:00.000Z"}
    assert imported(url, target, "--from-time", known["timestamp"]).returncode == 0
    assert target.get("/api/public/traces/trace-5")["output"] == "corrected"
    there.traces[5] = known
    assert imported(url, target, "--from-time", known["timestamp"]).returncode == 0
    assert target.get("/api/public/traces/trace-5")["output"] == "corrected"


def test_an_import_that_stops_says_where_it_goes_on(tmp_path: Path) -> None:
    there = Elsewhere(COUNT)
    there.unreadable = {each["id"] for each in there.traces[142:]}
    with running(tmp_path) as target, served(there) as url:
        done = imported(url, target)
        assert done.returncode == 1
        [goes_on] = [line for line in done.stdout.splitlines() if line.startswith("--to-time=")]
        there.unreadable = set()
        assert imported(url, target, goes_on.split()[0]).returncode == 0
        assert len(all_of(target, "traces")) == COUNT
        assert len(all_of(target, "observations")) == 2 * COUNT


def test_keys_of_the_configuration_are_used_for_the_server_on_this_machine(tmp_path: Path) -> None:
    project = '[{"name":"shop","public_key":"pk","secret_key":"sk"}]'
    with running(tmp_path, TRACEPOND_AUTH_PROJECTS=project) as target, served(Elsewhere(3)) as url:
        here = {"TRACEPOND_AUTH_PROJECTS": project, **KEYS}
        done = run("import-langfuse", url, "--http", f"127.0.0.1:{target.http_port}", cwd=tmp_path, **here)
        assert done.returncode == 0, done
        basic = {"Authorization": f"Basic {base64.b64encode(b'pk:sk').decode()}"}
        assert len(target.get("/api/public/traces", basic)["data"]) == 3


def test_refused_keys_and_wrong_addresses_are_told(tmp_path: Path) -> None:
    with running(tmp_path) as target, served(Elsewhere(1), (401, b'{"message": "Invalid credentials"}')) as url:
        done = imported(url, target)
        assert (done.returncode, "Invalid credentials" in done.stderr) == (1, True)
        assert imported("cloud.langfuse.com", target).returncode == 2
        done = run("import-langfuse", url, "--to", target.http, cwd=tmp_path)
        assert (done.returncode, "LANGFUSE_PUBLIC_KEY" in done.stderr) == (2, True)
