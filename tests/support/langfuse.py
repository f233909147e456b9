"""Events of Langfuse clients: recorded ones, and some built by hand."""

import base64
import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import orjson

from contract.columns import SCORE_COLUMNS, SPAN_COLUMNS, Row
from contract.span import Batch
from receiver.langfuse_events import Events, decode_batch
from translator.merge import merge_copies
from translator.translate import Translator

RECORDINGS = Path(__file__).parents[1] / "golden" / "langfuse"
CLIENTS = sorted(path.name for path in RECORDINGS.iterdir() if path.is_dir())
RECEIVED_NS = 1_800_000_000_000_000_000


@dataclass(frozen=True)
class Request:
    """One recorded request."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes


def recorded(client: str) -> list[Request]:
    found = [json.loads(path.read_bytes()) for path in sorted((RECORDINGS / client).glob("[0-9]*.json"))]
    return [Request(r["method"], r["path"], r["headers"], base64.b64decode(r["body_base64"])) for r in found]


def recorded_events(client: str) -> list[dict[str, Any]]:
    """Every event of the client's ingestion requests."""
    bodies = [request.body for request in recorded(client) if request.path.endswith("/ingestion")]
    return [event for body in bodies for event in json.loads(body)["batch"]]


def event(kind: str, event_id: str, at_s: float = 0, **body: Any) -> dict[str, Any]:
    """An event said so many seconds after 05:00:00."""
    return {"id": event_id, "type": kind, "timestamp": moment(at_s), "body": body}


def moment(at_s: float) -> str:
    return f"2026-11-21T05:00:{at_s:09.6f}Z"


def decoded(*events: Any) -> Events:
    return decode_batch(orjson.dumps({"batch": events}))


@cache
def translator() -> Translator:
    return Translator()


def rows_of(*events: dict[str, Any]) -> list[Row]:
    """One row for each event, as translated."""
    batch = Batch("default", RECEIVED_NS, "http", spans=decoded(*events).spans)
    return translator().translate(batch).spans


def folded(*events: dict[str, Any]) -> dict[str, Any]:
    """The row that events about one thing make together, by column name."""
    rows = rows_of(*events)
    return named(merge_copies(rows) if len(rows) > 1 else rows[0])


def named(row: Row) -> dict[str, Any]:
    columns = SPAN_COLUMNS if len(row) == len(SPAN_COLUMNS) else SCORE_COLUMNS
    return dict(zip((column.name for column in columns), row, strict=True))
