"""Recorded Langfuse clients against the real program: what they sent is there, once, whatever the order."""

import json
import random
from pathlib import Path
from typing import Any

import pytest

from tests.support.fake_openai import ANSWERS
from tests.support.langfuse import CLIENTS, recorded, recorded_events
from tests.support.server import RunningServer, running

WRITES = ("POST",)
UNSERVED = ("/media", "/datasets", "/dataset-items", "/dataset-run-items")
KEEP = ("content-type", "content-encoding", "authorization")


def send(server: RunningServer, client: str, prefix: str = "") -> None:
    for request in recorded(client):
        if request.method in WRITES and not request.path.endswith(UNSERVED):
            headers = {name: value for name, value in request.headers.items() if name.lower() in KEEP}
            content_type = next(value for name, value in headers.items() if name.lower() == "content-type")
            rest = {name: value for name, value in headers.items() if name.lower() != "content-type"}
            status, body = server.post(prefix + request.path, request.body, content_type, **rest)
            assert status in (200, 202, 207), body
            assert not json.loads(body if content_type == "application/json" else b"{}").get("errors")


def everything(server: RunningServer) -> dict[str, Any]:
    """All that the API shows of it, without when it arrived."""
    traces = server.get("/api/v1/traces?limit=1000&io=none")["data"]
    whole = {trace["trace_id"]: server.get(f"/api/v1/traces/{trace['trace_id']}") for trace in traces}
    lists = {name: server.get(f"/api/v1/{name}?limit=1000")["data"] for name in ("scores", "sessions", "users")}
    return {"traces": whole, **lists}


@pytest.fixture(scope="module")
def all_sent(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    folder = tmp_path_factory.mktemp("langfuse")
    with running(folder) as server:
        for client in CLIENTS:
            send(server, client)
        found = everything(server)
        for client in CLIENTS:
            send(server, client, "/lf/")
        assert everything(server) == found, "a second time changed something"
        assert server.terminate() == 0
    with running(folder) as server:
        assert everything(server) == found, "a restart changed something"
        assert "Traceback" not in server.log
    return found


def only(found: dict[str, Any], name: str, user_id: str | None = None) -> dict[str, Any]:
    [trace] = [
        each
        for each in found["traces"].values()
        if each["trace"]["name"] == name and each["trace"]["user_id"] == user_id
    ]
    return trace


def test_an_old_sdk_tells_a_trace_with_updates_and_scores(all_sent: dict[str, Any]) -> None:
    found = only(all_sent, "chat", "u1")
    trace, spans = found["trace"], {span["name"]: span for span in found["spans"]}
    assert (trace["session_id"], trace["release"], trace["version"], trace["tags"]) == ("s1", "r1", "v1", ["a", "b"])
    assert (trace["input"], trace["output"], trace["metadata"]) == ({"q": "hi"}, "hello", {"k": 1, "docs": 2})
    assert (trace["span_count"], trace["generation_count"], trace["error_count"]) == (4, 2, 1)
    assert spans.keys() == {"retrieve", "llm", "llm2", "ev"}
    assert (spans["llm"]["input_tokens"], spans["llm"]["output_tokens"], spans["llm"]["output"]) == (10, 5, "hello")
    assert (spans["llm2"]["total_cost"], spans["llm2"]["cost_source"]) == (0.003, "reported")
    assert (spans["llm2"]["status"], spans["llm2"]["status_message"]) == ("error", "boom")
    assert (spans["ev"]["kind"], spans["ev"]["level"]) == ("event", "WARNING")
    assert spans["retrieve"]["output"] == ["d1", "d2"]
    assert [(score["name"], score["value"], score["string_value"]) for score in trace["scores"]] == [
        ("quality", 0.9, None),
        ("cat", None, "good"),
    ]


def test_parts_of_the_usage_that_js_3_repeats_beside_the_whole_are_counted_once(all_sent: dict[str, Any]) -> None:
    for name in ("plain", "stream", "think", "tool", "respond", "respond stream"):
        [span], answer = only(all_sent, name)["spans"], ANSWERS[name]
        assert (span["input_tokens"], span["output_tokens"]) == (answer.input_tokens, answer.output_tokens), name
        assert span["total_tokens"] == answer.input_tokens + answer.output_tokens, name
        assert (span["cache_read_tokens"] or 0, span["reasoning_tokens"] or 0) == (answer.cached, answer.reasoning)
    [failed] = only(all_sent, "fail")["spans"]
    assert (failed["status"], failed["input_tokens"], failed["total_cost"]) == ("error", None, 0)


def test_a_chat_of_open_webui_is_one_trace(all_sent: dict[str, Any]) -> None:
    trace = only(all_sent, "chat:chat-111", "alice@example.com")["trace"]
    assert (trace["session_id"], trace["tags"]) == ("chat-111", ["open-webui", "title_generation"])
    assert (trace["span_count"], trace["generation_count"], trace["input_tokens"]) == (5, 2, 71)


def test_a_turn_of_open_webui_shows_its_answer_though_only_its_input_tells_it(all_sent: dict[str, Any]) -> None:
    spans = only(all_sent, "chat:chat-111", "alice@example.com")["spans"]
    answers = [(each["output"], each["output_derived"]) for each in spans if each["kind"] == "generation"]
    assert answers == [("Rayleigh scattering.", True), ("Scattering.", True)]
    assert not any(each["output_derived"] for each in spans if each["kind"] != "generation")


def test_a_chat_of_open_webui_is_one_session_of_one_user(all_sent: dict[str, Any]) -> None:
    chats = {each["session_id"]: each for each in all_sent["sessions"] if "alice@example.com" in each["user_ids"]}
    assert chats.keys() == {"chat-111", "temporary-session-tmp1"}
    assert chats["chat-111"]["user_ids"] == ["alice@example.com"]
    assert not {"sess-xyz", "tmp1"} & {each["session_id"] for each in all_sent["sessions"]}
    assert not {"u-1", "e"} & {each["user_id"] for each in all_sent["users"]}


def test_a_chatflow_of_dify_has_its_nodes_below_its_workflow(all_sent: dict[str, Any]) -> None:
    found = only(all_sent, "message", "end-user-1")
    spans = {span["name"]: span for span in found["spans"]}
    root = spans.pop("workflow")
    assert {span["parent_span_id"] for span in spans.values()} == {root["span_id"]}
    assert (spans["LLM"]["kind"], spans["LLM"]["model"], spans["LLM"]["total_tokens"]) == (
        "generation",
        "gpt-4o-mini",
        29,
    )
    assert spans["HTTP"]["status"] == "error"
    retrieval = spans["Knowledge Retrieval"]
    assert (retrieval["kind"], retrieval["query"]) == ("retriever", "hi")
    assert [(each["content"], each["score"]) for each in retrieval["documents"]] == [("c", 0.77)]


def test_events_of_dify_without_ids_are_kept(all_sent: dict[str, Any]) -> None:
    names = {span["name"] for span in only(all_sent, "message", "end-user-2")["spans"]}
    assert names == {"llm", "moderation", "suggested_question", "dataset_retrieval", "calculator"}
    alone = [each for each in all_sent["traces"].values() if each["trace"]["name"] == "generate_conversation_name"]
    assert sorted(len(each["spans"]) for each in alone) == [0, 1]


def test_a_score_of_a_session_is_listed_and_belongs_to_no_trace(all_sent: dict[str, Any]) -> None:
    of_session = [score for score in all_sent["scores"] if score["session_id"] == "sess-1" and not score["trace_id"]]
    assert {(score["name"], score["value"]) for score in of_session} == {("sess", 3.0)}


@pytest.mark.parametrize("seed", [1, 2])
def test_events_one_by_one_in_any_order_make_the_same_state(seed: int, tmp_path: Path) -> None:
    events = [each for client in CLIENTS for each in recorded_events(client)]
    with running(tmp_path / "a") as server:
        assert server.post("/api/public/ingestion", json.dumps({"batch": events}).encode())[0] == 207
        wanted = everything(server)
    random.Random(seed).shuffle(events)
    with running(tmp_path / "b") as server:
        for event in events:
            assert server.post("/api/public/ingestion", json.dumps({"batch": [event]}).encode())[0] == 207
        assert everything(server) == wanted
