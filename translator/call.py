"""A model call or a run of a tool as one span tells of it: what settling compares and fills."""

import re
from typing import Any

from contract.settling import CONTENT_COLUMNS, Facts

Columns = dict[str, tuple[Any, str]]

SDK_SCOPES = ("com.anthropic.sdk", "mistralai_sdk")
"""Scopes of spans that the provider's own SDK makes: nearest to the wire, so their counts are right."""

DATED = re.compile(r"[-@:](\d{4}-?\d{2}-?\d{2}|\d{4}|latest|v\d[\d.:]*)$")
STREAM_TAIL = "streaming response"
"""Logfire ends a streamed call with a zero-length sibling of this name that carries the completion and the usage."""

MODELS = ("request_model", "response_model", "model")
NAME_COLUMNS = {"tool": ("tool_name",)}
ID_COLUMN = {"tool": "tool_call_id"}


class Call:
    """One generation, embedding or run of a tool, its gaps filled from its own log records.

    A tool's call id and name stand in for response id and model.
    """

    def __init__(self, facts: Facts, ancestors: list[str], filled: Columns) -> None:
        values = facts.values
        self.facts = facts
        self.filled = filled
        self.id: str = values["span_id"]
        self.kind: str = values["kind"]
        self.scope: str = values["scope_name"] or ""
        self.ancestors = ancestors
        self.start: int = values["start_time"]
        self.end: int = values["end_time"] or self.start
        self.failed = values["status"] == "error"
        self.synthetic = bool(values["synthetic"])
        self.response_id = self.get(ID_COLUMN.get(self.kind, "response_id"))
        self.models = {plain_model(m) for m in map(self.get, NAME_COLUMNS.get(self.kind, MODELS)) if m}
        self.tokens = (self.get("input_tokens"), self.get("output_tokens"))
        self.cache = (self.get("cache_read_tokens"), self.get("cache_write_tokens"))
        self.is_sdk = self.scope.startswith(SDK_SCOPES)
        self.tail = self.start == self.end and (values["span_name"] or "").lower().startswith(STREAM_TAIL)
        self.sides = sum(self.has(column) for column in CONTENT_COLUMNS)

    def get(self, column: str) -> Any:
        own = self.facts.values.get(column)
        return own if own is not None else self.filled.get(column, (None, ""))[0]

    def has(self, column: str) -> bool:
        own = self.facts.input_length if column == "input" else self.facts.output_length
        return own is not None or column in self.filled


def plain_model(name: str) -> str:
    """A model's name without the provider before it and the date behind it, for comparing only."""
    return DATED.sub("", str(name).split("/")[-1].lower())
