"""A provider that speaks as much of OpenAI's API as its SDKs need, with answers that are known beforehand.

The last user message names the answer; a model answers under its dated name, as the real ones do.
"""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple

Json = dict[str, Any]


class Answer(NamedTuple):
    """A text or a call of the tool `get_weather`, and the tokens that were counted: cached ones within the input,
    reasoning within the output. `status` other than 200 is an error in its place."""

    model: str
    text: str
    input_tokens: int
    output_tokens: int
    cached: int = 0
    reasoning: int = 0
    arguments: str = ""
    status: int = 200

    @property
    def answering(self) -> str:
        return {"gpt-4o-mini": "gpt-4o-mini-2024-07-18", "gpt-5-mini": "gpt-5-mini-2025-08-07"}.get(
            self.model, self.model
        )


ANSWERS = {
    "plain": Answer("gpt-4o-mini", "The capital of France is Paris.", 17, 7),
    "stream": Answer("gpt-4o-mini", "Once upon a time.", 12, 5),
    "think": Answer("gpt-5-mini", "Grüße aus Köln 🚀", 40, 13, cached=8, reasoning=6),
    "tool": Answer("gpt-4o-mini", "", 25, 12, arguments='{"city": "Paris"}'),
    "respond": Answer("gpt-4o-mini", "Traces are trees of spans.", 9, 6, cached=4),
    "respond stream": Answer("gpt-4o-mini", "To get to the other trace.", 11, 7),
    "embed": Answer("text-embedding-3-small", "", 6, 0),
    "fail": Answer("gpt-4o-mini", "", 0, 0, status=429),
}
"""User message -> answer."""


def usage_of(answer: Answer) -> Json:
    return {
        "prompt_tokens": answer.input_tokens,
        "completion_tokens": answer.output_tokens,
        "total_tokens": answer.input_tokens + answer.output_tokens,
        "prompt_tokens_details": {"cached_tokens": answer.cached, "audio_tokens": 0},
        "completion_tokens_details": {
            "reasoning_tokens": answer.reasoning, "audio_tokens": 0,
            "accepted_prediction_tokens": 0, "rejected_prediction_tokens": 0,
        },
    }  # fmt: skip


def chat(asked: Json, name: str) -> list[Json]:
    """One answer, or the chunks of a stream."""
    answer = ANSWERS[name]
    base = {"id": f"chatcmpl-{name}", "created": 1_790_000_000, "model": answer.answering}
    function = {"name": "get_weather", "arguments": answer.arguments}
    calls = [{"id": "call_1", "type": "function", "function": function}] if answer.arguments else None
    message = {"role": "assistant", "content": answer.text or None, "tool_calls": calls}
    reason = "tool_calls" if calls else "stop"
    if not asked.get("stream"):
        choice = {"index": 0, "message": message, "finish_reason": reason, "logprobs": None}
        return [{**base, "object": "chat.completion", "choices": [choice], "usage": usage_of(answer)}]
    deltas = [{"role": "assistant", "content": ""}, *({"content": word + " "} for word in answer.text.split())]
    deltas[-1]["content"] = deltas[-1]["content"].rstrip()
    choices = [{"index": 0, "delta": delta, "finish_reason": None} for delta in deltas]
    chunks = [{**base, "object": "chat.completion.chunk", "choices": [choice]} for choice in choices]
    chunks[-1]["choices"][0]["finish_reason"] = reason
    return [*chunks, {**base, "object": "chat.completion.chunk", "choices": [], "usage": usage_of(answer)}]


def respond(asked: Json, name: str) -> list[Json]:
    """One response, or the events of a stream."""
    answer = ANSWERS[name]
    part = {"type": "output_text", "text": answer.text, "annotations": []}
    item = {"type": "message", "id": "msg_1", "role": "assistant", "status": "completed", "content": [part]}
    whole = {
        "id": "resp_1", "object": "response", "created_at": 1_790_000_000, "status": "completed", "error": None,
        "incomplete_details": None, "instructions": None, "metadata": {}, "model": answer.answering, "output": [item],
        "parallel_tool_calls": True, "temperature": 1.0, "tool_choice": "auto", "tools": [], "top_p": 1.0,
        "usage": {
            "input_tokens": answer.input_tokens, "input_tokens_details": {"cached_tokens": answer.cached},
            "output_tokens": answer.output_tokens, "output_tokens_details": {"reasoning_tokens": answer.reasoning},
            "total_tokens": answer.input_tokens + answer.output_tokens,
        },
    }  # fmt: skip
    if not asked.get("stream"):
        return [whole]
    begun = {**whole, "status": "in_progress", "output": [], "usage": None}
    of_item = {"output_index": 0, "item_id": "msg_1", "content_index": 0}
    events: list[Json] = [
        {"type": "response.created", "response": begun},
        {"type": "response.output_item.added", "output_index": 0, "item": {**item, "content": []}},
        {"type": "response.content_part.added", **of_item, "part": {**part, "text": ""}},
        {"type": "response.output_text.delta", **of_item, "delta": answer.text, "logprobs": []},
        {"type": "response.output_text.done", **of_item, "text": answer.text, "logprobs": []},
        {"type": "response.output_item.done", "output_index": 0, "item": item},
        {"type": "response.completed", "response": whole},
    ]
    return [{**event, "sequence_number": place} for place, event in enumerate(events)]


def embed(_asked: Json, name: str) -> list[Json]:
    answer = ANSWERS[name]
    vector = {"object": "embedding", "index": 0, "embedding": [0.5, 0.25]}
    usage = {"prompt_tokens": answer.input_tokens, "total_tokens": answer.input_tokens}
    return [{"object": "list", "data": [vector], "model": answer.answering, "usage": usage}]


ROUTES = {"/v1/chat/completions": chat, "/v1/responses": respond, "/v1/embeddings": embed}


def name_in(asked: Json) -> str:
    """What the request asks: its last message, or its whole input."""
    said = asked["messages"][-1]["content"] if "messages" in asked else asked["input"]
    return said if isinstance(said, str) else said[-1] if isinstance(said[-1], str) else said[-1]["content"]


class Provider(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        name = name_in(asked)
        if ANSWERS[name].status != 200:
            error = {"message": "Rate limit reached", "type": "requests", "param": None, "code": "rate_limit_exceeded"}
            self.send(ANSWERS[name].status, "application/json", json.dumps({"error": error}))
            return
        answers = ROUTES[self.path](asked, name)
        if asked.get("stream"):
            named = (f"event: {each['type']}\n" if "type" in each else "" for each in answers)
            lines = [f"{event}data: {json.dumps(each)}\n\n" for event, each in zip(named, answers, strict=True)]
            self.send(200, "text/event-stream", "".join(lines) + "data: [DONE]\n\n")
        else:
            self.send(200, "application/json", json.dumps(answers[0]))

    def send(self, status: int, content_type: str, text: str) -> None:
        body = text.encode()
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """Nothing: the tests look at what arrived elsewhere."""


@contextmanager
def provider() -> Iterator[str]:
    """The base URL of a running provider; it is stopped at the end."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Provider)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/v1"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
