"""The order of conventions, field by field."""

from typing import Any

import pytest

from tests.support.spans import seen
from translator.conventions import CONVENTIONS
from translator.precedence import ORDER


def test_entries_name_rules_that_exist() -> None:
    tables = {convention.name: convention.fields for convention in CONVENTIONS}
    for field, entries in ORDER.items():
        for entry in entries:
            name, _, key = entry.partition(":")
            assert name in tables
            assert not key or key in {rule.key for rule in tables[name].get(field, ())}, entry


@pytest.mark.parametrize(
    ("field", "sent", "want"),
    [
        ("kind", {"langsmith.span.kind": "prompt", "gen_ai.operation.name": "chat"}, "prompt"),
        ("kind", {"langfuse.observation.type": "agent", "openinference.span.kind": "LLM"}, "agent"),
        ("session_id", {"gen_ai.conversation.id": "c", "session.id": "s"}, "s"),
        ("session_id", {"langfuse.session.id": "l", "session.id": "s"}, "l"),
        ("input", {"input.value": "raw", "gen_ai.prompt": "whole"}, "raw"),
        ("input", {"langfuse.observation.input": "l", "gen_ai.input.messages": "g"}, "l"),
        ("output", {"traceloop.entity.output": "t", "output.value": "o"}, "o"),
    ],
)
def test_precedence_is_by_field(field: str, sent: dict[str, Any], want: str) -> None:
    assert seen(sent)[field] == want
    assert seen(dict(reversed(sent.items())))[field] == want


@pytest.mark.parametrize("key", ["mcp.session.id", "langsmith.trace.session_id"])
def test_sessions_of_transports_and_projects_are_none(key: str) -> None:
    assert seen({key: "x"})["session_id"] is None
