"""A tool's run as LangChain's callbacks see it: its arguments, its result and the call that it answers.

Source: langchain-core `callbacks/base.py` (`on_tool_start`, `on_tool_end`), `messages/tool.py`;
traceloop/openllmetry `opentelemetry-instrumentation-langchain` `callback_handler.py`, which writes all that a callback
was given.
"""

from typing import Any

from translator import values
from translator.messages import build
from translator.messages.parts import tool_response
from translator.values import parsed

_STARTED = frozenset({"input_str", "tags", "metadata", "inputs", "kwargs"})
_ENDED = frozenset({"output", "kwargs"})
"""What OpenLLMetry writes of the start and the end of a run."""
_LEVELS = 4
"""Wrappings around a ToolMessage: `output`, and `lc` or `data`; one more for who nests them otherwise."""


def arguments(value: Any) -> Any:
    """Arguments of a tool's run: the `inputs` where the `input_str` that they were made of stands beside them."""
    found = build.arguments(value)
    return found["inputs"] if _is_start(found) and isinstance(found.get("inputs"), dict) else found


def _is_start(found: Any) -> bool:
    return isinstance(found, dict) and "input_str" in found and found.keys() <= _STARTED


def result(value: Any) -> Any:
    """What a tool gave: the content of a ToolMessage, the `output` beside a callback's `kwargs`, else as sent."""
    found = build.structure(value)
    message = _tool_message(found)
    if message is not None:
        return build.structure(message["content"])
    has_ended = isinstance(found, dict) and found.keys() == _ENDED and isinstance(found["kwargs"], dict)
    return found["output"] if has_ended else found


def blocks_result(value: Any) -> Any:
    """What a tool gave in a message's content: the text of text blocks, else as `result`."""
    return tool_response({"content": result(value)})["response"]


def returned(value: Any) -> Any:
    """The same out of the `{"output": ...}` that LangSmith makes of a value that is no map."""
    found = result(value)
    return found["output"] if isinstance(found, dict) and found.keys() == {"output"} else found


def call_id(value: Any) -> str | None:
    """The id of the call that the run answers: among the `kwargs` of its start, or in its ToolMessage."""
    if isinstance(value, str) and "tool_call_id" not in value:
        return None
    found = parsed(value)
    named = found.get("kwargs") if _is_start(found) else _tool_message(found)
    return values.text(named.get("tool_call_id")) if isinstance(named, dict) else None


def _tool_message(found: Any) -> dict[str, Any] | None:
    """The fields of the ToolMessage that this is or holds."""
    for _ in range(_LEVELS):
        if not isinstance(found, dict):
            return None
        if "content" in found and "tool_call_id" in found:
            return found if found.get("type") == "tool" else None
        found = _inner(found)
    return None


def _inner(found: dict[str, Any]) -> Any:
    """One wrapping less: LangChain's constructor, its `{"type": "tool", "data": {...}}`, or a map with one output."""
    names, held = found.get("id"), found.get("kwargs")
    if found.get("lc") and isinstance(held, dict) and isinstance(names, list) and names[-1:] == ["ToolMessage"]:
        return {"type": "tool", **held}
    if found.get("type") == "tool":
        return found.get("data")
    return found.get("output") if found.keys() <= _ENDED else None
