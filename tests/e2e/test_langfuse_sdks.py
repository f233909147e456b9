"""Langfuse's own SDKs against the real program: `make e2e-langfuse`, which installs them (not in the normal run)."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import quote

import pytest

from api.langfuse.views import TYPE_OF_KIND
from tests.support.langfuse_sdks import EVERY_SDK, KEYS, OF_OBSERVATION, Sdk, ask, check_equal, run_client
from tests.support.server import RunningServer, running

SAID: dict[str, tuple[str, str | None, str, Any, Any]] = {
    "retrieve": ("span", None, "DEFAULT", "q", ["d1"]),
    "llm": ("generation", "retrieve", "DEFAULT", [{"role": "user", "content": "hi"}], "hello"),
    "broken": ("span", None, "ERROR", "x", None),
    "seen": ("event", None, "WARNING", {"a": 1}, None),
}
"""What every script says: name -> kind, parent, level, input and output."""

TYPES = ("agent", "tool", "chain", "evaluator", "guardrail", "embedding")
SAID_OTLP = {
    **{name: (kind, parent or "main", *rest) for name, (kind, parent, *rest) in SAID.items()},
    "retrieve": ("retriever", "main", "DEFAULT", "q", ["d1"]),
    **{
        f"one {name}": ({"chain": "workflow"}.get(name, name), "main", "DEFAULT", {"of": name}, "done")
        for name in TYPES
    },
}
"""The same of the SDKs that send OTLP, which know more types and have a span at the root."""

AT_ROOT = {"python-5.0.4": ({"q": "hi"}, "hello")}
"""SDKs that cannot say input and output of a trace: they are the root's."""

WITHOUT_SESSIONS = ("python-5.0.4",)
"""SDKs that cannot read sessions."""

OF_TRACE = {
    "id": "trace_id", "name": "name", "userId": "user_id", "sessionId": "session_id", "tags": "tags",
    "input": "input", "output": "output", "metadata": "metadata", "release": "release", "version": "version",
    "totalCost": "total_cost",
}  # fmt: skip
OF_SCORE = {
    "id": "id", "name": "name", "traceId": "trace_id", "observationId": "span_id", "comment": "comment",
    "dataType": "data_type",
}  # fmt: skip
"""Field that an SDK reads -> field of `/api/v1` with the same value."""


@pytest.fixture(scope="module", params=EVERY_SDK)
def sdk(request: pytest.FixtureRequest) -> Sdk:
    found: Sdk = request.param
    return found


class Sent(NamedTuple):
    """A server to which an application has sent, and what the application then read by its SDK."""

    server: RunningServer
    read: dict[str, Any]


@pytest.fixture(scope="module")
def sent(sdk: Sdk, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sent]:
    with running(tmp_path_factory.mktemp(sdk.name), **KEYS) as server:
        done = run_client(sdk, sdk.script, server)
        assert (done.returncode, done.stderr) == (0, "")
        yield Sent(server, json.loads(done.stdout))
        assert "Traceback" not in server.log


def traces(server: RunningServer) -> dict[str, Any]:
    return {trace["name"]: trace for trace in ask(server, "traces?io=full")["data"]}


def spans(server: RunningServer, trace_id: str) -> dict[str, Any]:
    return {span["name"]: span for span in ask(server, f"traces/{quote(trace_id)}")["spans"]}


def test_what_the_sdk_reads_is_what_the_query_api_tells(sent: Sent, sdk: Sdk) -> None:
    server, read = sent
    found = traces(server)
    trace, shown = found["chat"], spans(server, found["chat"]["trace_id"])
    assert read["sessions"] == ["s1"] or (read["sessions"] is None and sdk.name in WITHOUT_SESSIONS)
    for each in read["traces"]:
        check_equal(each, trace, OF_TRACE)
    for each in read["observations"]:
        check_equal(each, shown[each["name"]], OF_OBSERVATION)
        assert each["type"] == TYPE_OF_KIND[shown[each["name"]]["kind"]]
    for each in read["scores"]:
        [score] = [score for score in trace["scores"] if score["id"] == each["id"]]
        check_equal(each, score, OF_SCORE)
        assert as_score(each) == (score["value"], score["string_value"])
    assert {each["name"] for each in read["observations"]} == shown.keys()


def as_score(read: dict[str, Any]) -> tuple[float | None, str | None]:
    """Value and text; where there is a text only, the older APIs say 0 beside it and the newest says the text."""
    if read["dataType"] == "CATEGORICAL":
        return None, read.get("stringValue") or read["value"]
    return float(read["value"]), {"BOOLEAN": str(bool(read["value"]))}.get(read["dataType"])


def test_what_the_sdk_sends_is_what_the_application_said(sent: Sent, sdk: Sdk) -> None:
    server, read = sent
    found = traces(server)
    assert found.keys() - {"decorated"} == {"chat", "at exit"}
    trace, shown = found["chat"], spans(server, found["chat"]["trace_id"])
    assert (trace["user_id"], trace["session_id"], trace["tags"]) == ("u1", "s1", ["a", "b"])
    assert (trace["input"], trace["output"], trace["version"]) == ({"q": "hi"}, "hello", "v1")
    assert trace["metadata"]["k"] in (1, "1")
    names = {span["span_id"]: name for name, span in shown.items()}
    main = ("span", None, "DEFAULT", *AT_ROOT.get(sdk.name, (None, None)))
    said = SAID if sdk.sends == "events" else {"main": main, **SAID_OTLP}
    assert {
        name: (span["kind"], names.get(span["parent_span_id"]), span["level"], span["input"], span["output"])
        for name, span in shown.items()
        if name != "picture"
    } == said
    check_call(shown["llm"])
    assert (shown["broken"]["status"], shown["broken"]["status_message"]) == ("error", "boom")
    assert read["picture"] is True
    assert shown["picture"]["input"]["img"].startswith("@@@langfuseMedia:type=image/png|id=")
    assert {
        (score["name"], score["value"], score["string_value"], score["comment"], names.get(score["span_id"]))
        for score in trace["scores"]
    } == {("quality", 0.9, None, "fine", None), ("right", 1, "True", None, None), ("kind", None, "good", None, "llm")}


def check_call(span: dict[str, Any]) -> None:
    assert span["model"] == "gpt-4o-mini"
    assert float(span["model_parameters"]["temperature"]) == 0.5, "Python SDK 2 makes a text of it"
    assert (span["input_tokens"], span["output_tokens"], span["total_tokens"]) == (10, 5, 15)
    assert (span["cost_source"], span["total_cost"]) == ("calculated", pytest.approx(4.5e-6))
    assert span["time_to_first_token_ms"] is not None


def test_a_wrong_key_is_told_to_the_application(sdk: Sdk, tmp_path: Path) -> None:
    with running(tmp_path, **KEYS) as server:
        done = run_client(sdk, sdk.script, server, secret="sk-lf-2")
        assert done.returncode != 0
        assert "401" in done.stderr or "Unauthorized" in done.stderr
        assert traces(server) == {}


def test_every_answer_is_parsed_by_the_sdks_own_models_and_everything_it_keeps_can_be_deleted(
    sdk: Sdk, tmp_path: Path
) -> None:
    if sdk.language != "python":
        pytest.skip("JavaScript's clients check no answer")
    with running(tmp_path, **KEYS) as server:
        done = run_client(sdk, "keeping", server)
        assert (done.returncode, done.stdout) == (0, ""), done.stderr
        assert "Traceback" not in done.stderr + server.log
