"""One message in the OTel GenAI schema from a message of any dialect: roles, parts, tool calls, finish reason."""

from collections.abc import Iterable
from typing import Any

from translator.answers import reason_of
from translator.messages.parts import Part, joined, parts, text_part, tool_call, tool_response
from translator.values import listing, parsed, plain_json

Message = dict[str, Any]

ROLES = {
    **dict.fromkeys(("system", "developer", "systemmessage"), "system"),
    **dict.fromkeys(("user", "human", "humanmessage", "humanmessagechunk"), "user"),
    **dict.fromkeys(("assistant", "ai", "model", "chatbot", "aimessage", "aimessagechunk", "bot"), "assistant"),
    **dict.fromkeys(("tool", "function", "toolmessage", "functionmessage"), "tool"),
    "tool-call": "assistant",
    "tool-response": "tool",
}
"""The four canonical roles; LangChain's class names stand where it sends no role, the last two are smolagents'."""

_ITEMS = {
    **dict.fromkeys(("function_call", "reasoning", "custom_tool_call", "mcp_call", "tool_use"), "assistant"),
    **dict.fromkeys(("function_call_output", "tool_result"), "tool"),
}
"""Items of OpenAI's responses API that are no messages, and who says them."""

_ANSWERS = ("tool_call", "tool_call_response")
"""Parts that show that a tool's message is in the canonical form."""

_TEXTS = ("text", "reasoning")

_REASONING = ("reasoning_content", "reasoning", "reasoningText", "thinking")
"""Text, or the AI SDK's list of blocks."""


def message(value: dict[str, Any], default_role: str) -> Message:
    """The message that `value` is in its dialect. An unknown role is `default_role`."""
    sent = unwrapped(value)
    form = sent.get("type") if isinstance(sent.get("type"), str) else None
    if form in _ITEMS and "role" not in sent:
        return {"role": _ITEMS[form], "parts": parts(sent)}
    said = sent.get("role") or form or ""
    role = canonical_role(said, default_role)
    made: Message = {"role": role, "parts": _parts(sent, role)}
    if isinstance(sent.get("name"), str) and sent["name"]:
        made["name"] = sent["name"]
    reason = reason_of(sent)
    if reason is not None:
        made["finish_reason"] = reason
    return made


def canonical_role(said: Any, default_role: str) -> str:
    """One of the four roles; senders write them in any case, and some as `MessageRole.USER`."""
    return ROLES.get(str(said).rsplit(".", 1)[-1].lower(), default_role)


def unwrapped(value: dict[str, Any]) -> dict[str, Any]:
    """A message without LangChain's constructor, `data` and `message` wrappings, and Haystack 2's `_role`."""
    if "_role" in value:
        return {key.removeprefix("_"): item for key, item in value.items()}
    if value.get("lc") and isinstance(value.get("kwargs"), dict):
        names = value.get("id")
        named = names[-1] if isinstance(names, list) and names else ""
        return {"type": str(named).lower(), **value["kwargs"]}
    for key in ("data", "message"):
        inner = value.get(key)
        if isinstance(inner, dict) and "content" not in value and "parts" not in value:
            around = {name: item for name, item in value.items() if name != key}
            return {**around, **unwrapped(inner)}
    return value


def _parts(sent: dict[str, Any], role: str) -> list[Part]:
    """Everything the message holds, tool calls that stand in two places once."""
    found = _reasoning(sent) + _content(sent, role)
    known = {_key_of(part) for part in found if part.get("type") == "tool_call"}
    for call in _calls(sent):
        key = _key_of(call)
        if key not in known:
            known.add(key)
            found.append(call)
    return found


def _key_of(call: Part) -> tuple[str, ...]:
    """Id and name; of any type, where a sender writes them so."""
    return tuple(item if isinstance(item, str) else plain_json(item) for item in (call.get("id"), call.get("name")))


def _content(sent: dict[str, Any], role: str) -> list[Part]:
    content = next((sent[key] for key in ("parts", "content", "contents", "blocks", "text") if sent.get(key)), None)
    return _answer(sent, content) if role == "tool" else parts(content)


def _answer(sent: dict[str, Any], content: Any) -> list[Part]:
    """What a tool's message holds: canonical parts as they are, anything else as the response to the message's call.

    LiteLLM sends text parts beside a `tool_call_id`, OpenInference texts without any id.
    """
    found, call_id = parts(content), _call_id(sent)
    forms = [part.get("type") for part in found]
    if forms == ["tool_call_response"]:
        return [{**found[0], "id": found[0].get("id") or call_id}]
    if any(form in _ANSWERS for form in forms) or (call_id is None and not found):
        return found
    return [tool_response({"id": call_id, "content": content})]


def _call_id(sent: dict[str, Any]) -> Any:
    return sent.get("tool_call_id") or sent.get("id") or None


def _reasoning(sent: dict[str, Any]) -> list[Part]:
    found = next((sent[key] for key in _REASONING if sent.get(key)), None)
    found = joined(found) if isinstance(found, list) else found
    return [{"type": "reasoning", "content": found}] if isinstance(found, str) and found else []


def _calls(sent: dict[str, Any]) -> list[Part]:
    """Tool calls beside the content: OpenAI's list, LangChain's, OpenInference's, and the single old function call."""
    extra = sent.get("additional_kwargs")
    holders = [sent, extra] if isinstance(extra, dict) else [sent]
    some = [
        call for holder in holders for key in ("tool_calls", "toolCalls") for call in listing(holder.get(key)) or []
    ]
    some += [holder["function_call"] for holder in holders if isinstance(holder.get("function_call"), dict)]
    if sent.get("function_call_name"):
        some.append({"name": sent["function_call_name"], "arguments": sent.get("function_call_arguments_json")})
    calls = [parsed(call) if isinstance(call, str) else call for call in some]  # LiveKit: each as JSON text
    return [tool_call(_call(call)) for call in calls if isinstance(call, dict)]


def _call(call: dict[str, Any]) -> dict[str, Any]:
    """OpenInference nests each call below `tool_call`."""
    inner = call.get("tool_call")
    return inner if isinstance(inner, dict) else call


def said(role: str, content: Any) -> Message:
    """A message of one text."""
    return {"role": role, "parts": [text_part(content)]}


def any_said(messages: Iterable[Message]) -> bool:
    """Whether any of the messages has a part; an empty text is none (Mastra writes one for an answer left out)."""
    return any(part.get("content") != "" or part.get("type") not in _TEXTS for one in messages for part in one["parts"])
