"""One answer from the recorded chunks of a stream: OpenAI's `chat.completion.chunk`, also as JSON texts; messages."""

from itertools import groupby
from typing import Any

from translator.values import listing, mapping

MAX_CHUNKS = 10_000
"""A longer list is not folded; each chunk holds about a token."""


def folded(value: Any) -> dict[str, Any] | None:
    """The answer that the chunks make, in the form of one that was not streamed; None when they are no chunks."""
    if isinstance(value, str) and not (value.startswith("[") and "delta" in value):
        return None
    some = listing(value) or []
    chunks = [mapping(item) for item in some] if len(some) <= MAX_CHUNKS else []
    if not chunks or not all(chunk is not None and isinstance(chunk.get("choices"), list) for chunk in chunks):
        return None
    answer: dict[str, Any] = {}
    choices: dict[Any, dict[str, Any]] = {}
    for chunk in chunks:
        answer |= {key: item for key, item in (chunk or {}).items() if item is not None}
        for choice in answer.pop("choices", []):
            if isinstance(choice, dict):
                _add(choices.setdefault(choice.get("index", 0), _empty()), choice)
    return {**answer, "choices": [_finished(choice) for choice in choices.values()]}


def _empty() -> dict[str, Any]:
    return {"message": {"role": "assistant", "content": ""}, "tool_calls": {}}


def _add(made: dict[str, Any], choice: dict[str, Any]) -> None:
    if choice.get("finish_reason"):
        made["finish_reason"] = choice["finish_reason"]
    delta = mapping(choice.get("delta")) or {}
    if isinstance(delta.get("content"), str):
        made["message"]["content"] += delta["content"]
    for call in listing(delta.get("tool_calls")) or []:
        if isinstance(call, dict):
            _add_call(made["tool_calls"].setdefault(call.get("index", 0), {"name": None, "arguments": ""}), call)


def _add_call(made: dict[str, Any], call: dict[str, Any]) -> None:
    """The first piece of a call has its id and name, every piece some of its arguments."""
    function = mapping(call.get("function")) or {}
    made["id"] = call.get("id") or made.get("id")
    made["name"] = function.get("name") or made["name"]
    if isinstance(function.get("arguments"), str):
        made["arguments"] += function["arguments"]


def _finished(choice: dict[str, Any]) -> dict[str, Any]:
    calls = list(choice.pop("tool_calls").values())
    if calls:
        choice["message"]["tool_calls"] = calls
    return choice


_TEXTS = ("text", "reasoning")


def whole(value: Any) -> list[dict[str, Any]] | None:
    """One message of the pieces that a stream came in; None where they are no such pieces.

    Google ADK 2.13 writes each chunk as an output message whose `finish_reason` is empty, and behind them the last one,
    or all of the answer (with LiteLLM). Where the last has no reason either, they may be several answers.
    """
    if isinstance(value, str) and not ('"finish_reason":""' in value or '"finish_reason": ""' in value):
        return None
    some = listing(value) or []
    last = some[-1] if 1 < len(some) <= MAX_CHUNKS else None
    if not isinstance(last, dict) or not last.get("finish_reason") or not isinstance(last.get("parts"), list):
        return None
    if not all(_is_piece(item, last.get("role")) for item in some[:-1]):
        return None
    said = _merged([part for item in some[:-1] for part in item["parts"]])
    is_all = last["parts"][: len(said)] == said
    return [last if is_all else {**last, "parts": _merged(said + last["parts"])}]


def _is_piece(item: Any, role: Any) -> bool:
    if not isinstance(item, dict) or item.get("finish_reason") != "" or item.get("role") != role:
        return False
    return isinstance(item.get("parts"), list) and all(map(_is_text, item["parts"]))


def _is_text(part: Any) -> bool:
    known = isinstance(part, dict) and part.keys() == {"type", "content"} and part["type"] in _TEXTS
    return known and isinstance(part["content"], str)


def _merged(parts: list[Any]) -> list[Any]:
    """The parts, neighbouring texts of one type as one."""
    made: list[Any] = []
    for kind, found in groupby(parts, lambda part: part["type"] if _is_text(part) else None):
        some = list(found)
        made += some if kind is None else [{"type": kind, "content": "".join(part["content"] for part in some)}]
    return made
