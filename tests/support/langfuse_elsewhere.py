"""A Langfuse server to import from, in memory: its lists by page (generation 3) or by cursor (generation 4).

Shapes as in langfuse/langfuse `fern/apis/server/definition/commons.yml`; what a generation lacks is 404 as there.
"""

import asyncio
import base64
import hashlib
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from itertools import count
from typing import Any
from urllib.parse import unquote

import orjson
from aiohttp import web

from service.langfuse.remote import Refusal

Record = dict[str, Any]
PIXEL = b"\x89PNG a small picture"
PIXEL_ID = base64.urlsafe_b64encode(hashlib.sha256(PIXEL).digest()).decode()[:22]
REFERENCE = f"@@@langfuseMedia:type=image/png|id={PIXEL_ID}|source=bytes@@@"
HUGE = "many words " * 300_000
"""3.3 MB: more than a batch."""
NOT_THERE = "This endpoint is not available on deployments running in Langfuse v4 events_only mode."
TYPES = ("SPAN", "GENERATION", "EVENT", "AGENT", "TOOL", "CHAIN", "RETRIEVER", "EVALUATOR", "EMBEDDING", "GUARDRAIL")


def moment(number: int) -> str:
    """Times go back by seven minutes; a hundred and twenty records share one millisecond."""
    minutes = 7 * min(number, 20) if number < 140 else 7 * (number - 119)
    hours, minutes = divmod(minutes, 60)
    day = 20 - hours // 24
    return f"2026-11-{day:02}T{23 - hours % 24:02}:{59 - minutes:02}:30.250Z"


def trace(number: int) -> Record:
    return {
        "id": f"trace-{number}",
        "projectId": "p",
        "name": f"turn {number % 3}",
        "timestamp": moment(number),
        "environment": "default" if number % 2 else "staging",
        "tags": ["b", "a"] if number % 5 == 0 else [],
        "release": "r1" if number % 4 == 0 else None,
        "version": None,
        "userId": f"u{number % 7}",
        "sessionId": f"s{number % 11}" if number % 2 else None,
        "public": False,
        "bookmarked": False,
        "input": {"question": HUGE if number == 3 else f"what about {number}?", "picture": REFERENCE}
        if number % 50 == 3
        else f"question {number}",
        "output": f"answer {number}",
        "metadata": {"number": number, "nested": {"a": [1, 2]}} if number % 3 else {},
        "createdAt": moment(number),
        "updatedAt": moment(number),
        "externalId": None,
        "htmlPath": f"/project/p/traces/trace-{number}",
    }


def observation(number: int) -> Record:
    kind = TYPES[number % len(TYPES)]
    is_call = kind in ("GENERATION", "EMBEDDING")
    usage = {"input": 5, "input_cached_tokens": 4, "output": number, "total": 9 + number} if is_call else {}
    cost = {"input": 0.5, "output": 0.25, "total": 0.75} if kind == "GENERATION" else {}
    return {
        "id": f"observation-{number}",
        "traceId": f"trace-{number // 2}",
        "projectId": "p",
        "parentObservationId": f"observation-{number - 1}" if number % 2 else None,
        "type": kind,
        "name": f"step {number}",
        "startTime": moment(number // 2),
        "endTime": None if kind == "EVENT" else moment(number // 2)[:20] + "900Z",
        "completionStartTime": moment(number // 2)[:20] + "500Z" if kind == "GENERATION" else None,
        "environment": "default" if number // 2 % 2 else "staging",
        "version": None,
        "level": "ERROR" if number % 40 == 1 else "DEFAULT",
        "statusMessage": "it broke" if number % 40 == 1 else None,
        "input": [{"role": "user", "content": f"hello {number}"}],
        "output": {"role": "assistant", "content": "hi"} if kind == "GENERATION" else None,
        "metadata": {"long": "x" * 300} if number % 9 == 0 else {},
        "model": "gpt-4o" if is_call else None,
        "modelParameters": {"temperature": "0.5"} if kind == "GENERATION" else {},
        "usage": {"input": 9, "output": number, "total": 9 + number, "unit": "TOKENS"},
        "usageDetails": usage,
        "costDetails": cost,
        "promptName": "greeting" if kind == "GENERATION" else None,
        "promptVersion": 2 if kind == "GENERATION" else None,
        "createdAt": moment(number // 2),
        "updatedAt": moment(number // 2),
    }


def score(number: int) -> Record:
    kind = ("NUMERIC", "BOOLEAN", "CATEGORICAL")[number % 3]
    text = {"BOOLEAN": {"stringValue": "True"}, "CATEGORICAL": {"stringValue": "fine"}}.get(kind, {})
    about: Record = {"traceId": f"trace-{number}", "observationId": f"observation-{2 * number}" if number % 2 else None}
    if number == 0:
        about = {"datasetRunId": "run-there"}
    if number == 1:
        about = {"sessionId": "s1"}
    return {
        "id": f"score-{number}",
        "name": "quality",
        "dataType": kind,
        "value": {"NUMERIC": 0.5 + number, "BOOLEAN": 1, "CATEGORICAL": 0}[kind],
        **text,
        "source": "EVAL",
        "comment": "so so" if number % 2 else None,
        "metadata": {"by": "me"} if number % 4 == 0 else {},
        "timestamp": moment(number),
        "createdAt": moment(number),
        "updatedAt": moment(number),
        "environment": "default",
        "configId": None,
        "queueId": None,
        "authorUserId": None,
        **about,
    }


def prompt(name: str, version: int, text: Any, labels: list[str]) -> Record:
    kind = "text" if isinstance(text, str) else "chat"
    return {
        "name": name,
        "version": version,
        "type": kind,
        "prompt": text,
        "config": {"temperature": version},
        "labels": labels,
        "tags": ["t"],
        "commitMessage": f"number {version}",
    }


CHAT = [{"role": "system", "content": "Be brief."}, {"type": "placeholder", "name": "history"}]
PROMPTS = [
    prompt("greeting", 1, "Hello {{name}}", ["old"]),
    prompt("greeting", 2, "Hi {{name}}", ["production"]),
    prompt("greeting", 5, "Hey @@@langfusePrompt:name=folder/chat|label=latest@@@", ["latest"]),
    prompt("folder/chat", 1, CHAT, ["production", "latest"]),
]


class Elsewhere:
    """`Asks` of a server with so many traces, twice as many observations and as many scores."""

    def __init__(self, number: int, generation: int = 3) -> None:
        self.generation = generation
        self.traces = [trace(each) for each in range(number)]
        self.observations = [observation(each) for each in range(2 * number)]
        self.scores = [score(each) for each in range(number)]
        self.items = [
            {"id": f"item-{n}", "input": {"n": n}, "expectedOutput": n, "status": "ACTIVE"} for n in range(60)
        ]
        self.asked: list[tuple[str, Mapping[str, Any]]] = []
        self.unreadable: set[str] = set()
        """Ids of records whose pages cannot be read."""
        self.address = "http://elsewhere"

    async def json(self, method: str, path: str, body: Any = None, **asked: Any) -> Any:
        assert method == "GET"
        asked = {name: value for name, value in asked.items() if value is not None}
        self.asked.append((path, asked))
        parts = [unquote(each) for each in path.removeprefix("api/public/").split("/")]
        found = self._found(parts, asked)
        if found is None:
            raise Refusal(404, NOT_THERE)
        return found

    async def content(self, url: str, at_most_bytes: int) -> bytes:
        assert url.endswith("/bytes/picture")
        return PIXEL

    def _found(self, parts: list[str], asked: Mapping[str, Any]) -> Any:
        match parts:
            case ["projects"]:
                return {"data": [{"id": "p", "name": "p"}]}
            case ["media", media_id] if media_id == PIXEL_ID:
                return {"mediaId": PIXEL_ID, "contentType": "image/png", "url": f"{self.address}/bytes/picture"}
        return self._document(parts, asked) or (self._in_3 if self.generation == 3 else self._in_4)(parts, asked)

    def _in_3(self, parts: list[str], asked: Mapping[str, Any]) -> Any:
        match parts:
            case ["traces"]:
                return self._page(self.traces, "timestamp", asked)
            case ["observations"]:
                return self._page(self.observations, "startTime", asked)
            case ["v2", "scores"]:
                return self._page(self.scores, "timestamp", asked)
            case ["datasets", "questions", "runs"]:
                return numbered([{"id": "run-there", "name": "first run", "description": "one"}], asked)
            case ["datasets", "questions", "runs", "first run"]:
                link = {"datasetItemId": "item-4", "traceId": "trace-4", "observationId": "observation-8"}
                return {"id": "run-there", "name": "first run", "datasetRunItems": [link]}
        return None

    def _in_4(self, parts: list[str], asked: Mapping[str, Any]) -> Any:
        match parts:
            case ["v2", "observations"]:
                return self._cursor([self._in_v4(each, asked) for each in self.observations], "startTime", asked)
            case ["v3", "scores"]:
                return self._cursor([in_v3(each) for each in self.scores], "timestamp", asked)
            case ["experiments"]:
                return {"data": [{"id": "run-there", "name": "first run", "datasetId": "d"}], "meta": {}}
            case ["experiment-items"]:
                return {"data": [{"experimentItemId": "item-4", "traceId": "trace-4"}], "meta": {}}
        return None

    def _document(self, parts: list[str], asked: Mapping[str, Any]) -> Any:
        match parts:
            case ["v2", "prompts"]:
                names = {each["name"]: None for each in PROMPTS}
                listed = [
                    {"name": name, "versions": [each["version"] for each in PROMPTS if each["name"] == name]}
                    for name in names
                ]
                return numbered(listed, asked)
            case ["v2", "prompts", name]:
                version = int(asked["version"])
                return next(each for each in PROMPTS if (each["name"], each["version"]) == (name, version))
            case ["v2", "datasets"]:
                return numbered([{"id": "d", "name": "questions", "metadata": {"of": "us"}}], asked)
            case ["dataset-items"]:
                return numbered(self.items, asked)
        return None

    def _page(self, records: list[Record], time: str, asked: Mapping[str, Any]) -> Any:
        return self._read(numbered(self._bounded(records, time, asked), asked))

    def _cursor(self, records: list[Record], time: str, asked: Mapping[str, Any]) -> Any:
        known, start, limit = self._bounded(records, time, asked), int(asked.get("cursor", 0)), int(asked["limit"])
        following = {"cursor": str(start + limit)} if start + limit < len(known) else {}
        return self._read({"data": known[start : start + limit], "meta": following})

    def _bounded(self, records: list[Record], time: str, asked: Mapping[str, Any]) -> list[Record]:
        since = asked.get("fromTimestamp", asked.get("fromStartTime", ""))
        before = asked.get("toTimestamp", asked.get("toStartTime", "9"))
        return sorted(
            (each for each in records if since <= each[time] < before), key=lambda each: each[time], reverse=True
        )

    def _read(self, answer: Any) -> Any:
        if any(each["id"] in self.unreadable for each in answer["data"]):
            raise Refusal(422, "cannot be read")
        return answer

    def _in_v4(self, record: Record, asked: Mapping[str, Any]) -> Record:
        """Texts, metadata cut unless its keys are named, and what the trace says beside."""
        expanded = asked.get("expandMetadata", "").split(",")
        of_trace = next(each for each in self.traces if each["id"] == record["traceId"])
        short = {
            key: value if key in expanded or not isinstance(value, str) else value[:200]
            for key, value in record["metadata"].items()
        }
        texts = {
            name: None if record[name] is None else orjson.dumps(record[name]).decode() for name in ("input", "output")
        }
        trace_ = {
            "traceName": of_trace["name"],
            **{name: of_trace[name] for name in ("userId", "sessionId", "tags", "release")},
        }
        kept = {key: value for key, value in record.items() if key not in ("usage", "model")}
        return {**kept, **texts, **trace_, "metadata": short, "providedModelName": record["model"]}


def in_v3(record: Record) -> Record:
    """A score of the third API: typed, with a subject."""
    kinds = {"datasetRunId": "experiment", "sessionId": "session", "observationId": "observation", "traceId": "trace"}
    member = next(name for name in kinds if record.get(name))
    subject = {"kind": kinds[member], "id": record[member], "traceId": record.get("traceId")}
    value = {"NUMERIC": record["value"], "BOOLEAN": True, "CATEGORICAL": record.get("stringValue")}[record["dataType"]]
    kept = {key: each for key, each in record.items() if key not in (*kinds, "stringValue")}
    return {**kept, "value": value, "subject": subject}


def numbered(records: list[Record], asked: Mapping[str, Any]) -> Any:
    page, limit = int(asked.get("page", 1)), int(asked.get("limit", 50))
    meta = {"page": page, "limit": limit, "totalItems": len(records), "totalPages": -(-len(records) // limit)}
    return {"data": records[(page - 1) * limit : page * limit], "meta": meta}


@contextmanager
def served(elsewhere: Elsewhere, *faults: tuple[int, bytes]) -> Iterator[str]:
    """The address of the server over HTTP; every second request gets one of the faults (status, body), while there are
    some."""
    waiting = list(faults)
    numbers = count()

    async def handle(request: web.Request) -> web.Response:
        if request.path == "/bytes/picture":
            assert "Authorization" not in request.headers
            return web.Response(body=PIXEL)
        if not request.headers.get("Authorization", "").startswith("Basic "):
            return web.Response(status=401)
        if waiting and next(numbers) % 2 == 0:
            status, body = waiting.pop(0)
            return web.Response(status=status, body=body, headers={"Retry-After": "0"}, content_type="application/json")
        try:
            found = await elsewhere.json("GET", request.raw_path.partition("?")[0][1:], **request.query)
        except Refusal as error:
            return web.json_response({"message": str(error)}, status=error.status)
        return web.Response(body=orjson.dumps(found), content_type="application/json")

    async def serve() -> None:
        application = web.Application()
        application.router.add_route("*", "/{path:.*}", handle)
        runner = web.AppRunner(application)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        elsewhere.address = f"http://127.0.0.1:{runner.addresses[0][1]}"
        started.set()
        await stopped.wait()
        await runner.cleanup()

    loop, stopped, started = asyncio.new_event_loop(), asyncio.Event(), threading.Event()
    thread = threading.Thread(target=loop.run_until_complete, args=(serve(),))
    thread.start()
    try:
        assert started.wait(20)
        yield elsewhere.address
    finally:
        loop.call_soon_threadsafe(stopped.set)
        thread.join()
        loop.close()
