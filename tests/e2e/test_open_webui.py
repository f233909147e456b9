"""Open WebUI's filter for SDK 3 as it sends: a chat's span stays open until the filter ends, turns come without it.

Source: open-webui/pipelines `examples/filters/langfuse_v3_filter_pipeline.py` (pull request 544), langfuse-python 3
`langfuse/_client/attributes.py`.
"""

import json
from pathlib import Path
from typing import Any

from tests.support.server import RunningServer, running

TRACE, ROOT = "5f" * 16, "aa" * 8
START_NS = 1_795_250_000_000_000_000
OF_TRACE = {"user.id": "alice@example.com", "session.id": "chat-7", "langfuse.trace.tags": ["open-webui"]}
METADATA = {"user_id": "alice@example.com", "session_id": "chat-7", "interface": "open-webui"}


def value(each: Any) -> dict[str, Any]:
    if isinstance(each, list) and isinstance(each[0], str):
        return {"arrayValue": {"values": [value(item) for item in each]}}
    return {"stringValue": each if isinstance(each, str) else json.dumps(each)}


def span(span_id: str, name: str, at_s: int, parent_id: str = ROOT, **attributes: Any) -> dict[str, Any]:
    return {
        "traceId": TRACE,
        "spanId": span_id,
        **({"parentSpanId": parent_id} if parent_id else {}),
        "name": name,
        "startTimeUnixNano": str(START_NS + at_s * 10**9),
        "endTimeUnixNano": str(START_NS + at_s * 10**9 + 10**6),
        "attributes": [{"key": key, "value": value(each)} for key, each in attributes.items()],
    }


def observation(kind: str, **more: Any) -> dict[str, Any]:
    metadata = {f"langfuse.observation.metadata.{key}": each for key, each in METADATA.items()}
    return {"langfuse.observation.type": kind, **metadata, **more}


def turn(number: int, question: str, answer: str) -> list[dict[str, Any]]:
    messages = [{"role": "user", "content": question}]
    asked = observation("span", **{"langfuse.observation.input": messages})
    told = {
        "langfuse.observation.input": [*messages, {"role": "assistant", "content": answer}],
        "langfuse.observation.model.name": "llama3.2:latest",
        "langfuse.observation.usage_details": {"input": 30, "output": 12},
    }
    return [
        span(f"{number:016x}", f"user_input:{number}", number, **asked),
        span(f"{number + 100:016x}", f"llm_response:{number}", number + 1, **observation("generation", **told)),
    ]


def send(server: RunningServer, *spans: dict[str, Any]) -> None:
    scopes = [{"scope": {"name": "langfuse-sdk", "version": "3.2.0"}, "spans": list(spans)}]
    body = json.dumps({"resourceSpans": [{"scopeSpans": scopes}]}).encode()
    assert server.post("/api/public/otel/v1/traces", body)[0] == 200


def test_turns_are_there_before_their_chat_is_and_it_only_adds_to_them(tmp_path: Path) -> None:
    with running(tmp_path) as server:
        send(server, *turn(1, "Why is the sky blue?", "Rayleigh scattering."))
        send(server, *turn(5, "Shorter", "Scattering."))
        found = server.get(f"/api/v1/traces/{TRACE}")
        trace, spans = found["trace"], found["spans"]
        assert (trace["session_id"], trace["user_id"], trace["complete"]) == ("chat-7", "alice@example.com", False)
        assert (trace["generation_count"], trace["input_tokens"], trace["output_tokens"]) == (2, 60, 24)
        answers = [each["output"] for each in spans if each["kind"] == "generation"]
        assert answers == ["Rayleigh scattering.", "Scattering."]
        assert (trace["output"], trace["output_derived"]) == ("Rayleigh scattering.", True)
        [session] = server.get("/api/v1/sessions")["data"]
        assert (session["session_id"], session["trace_count"]) == ("chat-7", 1)

        said = {"langfuse.trace.input": {"messages": []}, "langfuse.trace.output": "Scattering.", **OF_TRACE}
        send(server, span(ROOT, "chat:chat-7", 0, "", **observation("span"), **said))
        trace = server.get(f"/api/v1/traces/{TRACE}")["trace"]
        assert (trace["name"], trace["complete"], trace["tags"]) == ("chat:chat-7", True, ["open-webui"])
        assert (trace["generation_count"], trace["input_tokens"]) == (2, 60)
        assert len(server.get("/api/v1/sessions")["data"]) == 1
