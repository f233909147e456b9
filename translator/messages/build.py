"""Input and output messages, instructions, tool definitions and arguments from an attribute of any dialect."""

from collections.abc import Mapping
from typing import Any

from contract import raw
from translator import values
from translator.chunks import folded, whole
from translator.messages.message import Message, any_said, message, said
from translator.messages.parts import arguments as call_arguments
from translator.messages.parts import broken_part, parts, text_part
from translator.values import parsed, plain_json

_REQUEST_KEYS = ("messages", "contents", "input_messages", "chat_history", "prompts")
_ANSWER_SIGNS = frozenset({"finish_reason", "finishReason", "usage", "toolCalls"})
"""What stands beside the `text` of a whole answer (Dify, Vercel's SDK, Mastra)."""
_RESULT_KEYS = frozenset(
    {
        "text", "reasoning", "reasoningText", "reasoningDetails", "files", "sources", "warnings", "toolCalls",
        "toolResults", "steps", "object", "finishReason", "usage", "totalUsage", "request", "response",
        "providerMetadata",
    }
)  # fmt: skip
"""Members of a result of the AI SDK (vercel/ai `generate-text-result.ts`), some of which Mastra 0.x writes."""
MAX_SILENT = 512
"""No longer text is looked through for having nothing to say: a message without parts takes some 60 characters, and to
look through 1,500 takes 0.3 µs of the 9 that a span takes."""
_EMPTY: tuple[Any, ...] = ("", None, [], {})
_SCHEMA_KEYS = ("inputSchema", "input_schema", "parametersJsonSchema", "parameters_json_schema")
"""Where Vercel, Anthropic and Gemini put the schema of a tool's parameters."""
_ANSWER_KEYS = ("choices", "candidates", "generations", "output", "replies", "results", "messages")


_HOLDERS = {"kwargs": {"args", "sanitize_inputs_outputs"}, "arguments": {"tool_name"}}
"""Where a traced call keeps the tool's arguments, and what else may stand there (the flag is smolagents')."""


def input_messages(value: Any) -> list[Message] | None:
    """What was sent to the model; a bare text is the user's. Messages without any part are no answer."""
    return _messages(value, "user")


def output_messages(value: Any) -> list[Message] | None:
    """What the model answered; a missing or unknown role is the assistant's."""
    return _messages(folded(value) or whole(value) or value, "assistant")


def _messages(value: Any, role: str) -> list[Message] | None:
    if isinstance(value, bytes):
        value = values.bytes_text(value)
    sent = values.content(value)
    if sent is None:
        return None
    try:
        made = (_of_text(value, role) if isinstance(value, str) else _of_structure(value, role)) or []
    except RecursionError:  # JSON within JSON, a thousand levels deep
        made = [said(role, sent)]
    return made if any_said(made) else None


def said_content(value: Any) -> str | None:
    """Content as sent; None where it is messages of which none has a part, or an answer all of whose members are empty.

    LiteLLM leaves tool calls out of `gen_ai.output.messages`, Mastra out of its completions.
    """
    sent = values.content(value)
    if sent is None or len(sent) > MAX_SILENT or not ("[]" in sent or '""' in sent):
        return sent
    return None if _is_silent(parsed(sent)) else sent


def _is_silent(found: Any) -> bool:
    if isinstance(found, list):
        return all(isinstance(item, dict) and "parts" in item for item in found) and output_messages(found) is None
    return isinstance(found, dict) and found.get("text") == "" and all(item in _EMPTY for item in found.values())


def _of_text(value: str, role: str) -> list[Message] | None:
    found = parsed(value)
    if isinstance(found, (dict, list)):
        return _of_structure(found, role) or None
    if value.lstrip()[:2] in ('{"', "[{", '["', "[["):
        return [{"role": role, "parts": [broken_part(value)]}]
    return [said(role, value)]


def _of_structure(found: Any, role: str) -> list[Message]:
    if isinstance(found, list):
        return _of_list(found, role)
    if isinstance(found, dict):
        return _of_map(found, role)
    return [said(role, found)]


def _of_list(found: list[Any], role: str) -> list[Message]:
    """A list of messages, of lists of messages (LangChain's batches), of content blocks, or of texts."""
    if found and all(isinstance(item, dict) and _is_block(item) for item in found):
        return [{"role": role, "parts": parts(found)}]
    made: list[Message] = []
    for item in found:
        if isinstance(item, dict):
            made += _of_item(item, role)
        elif isinstance(item, list):
            made += _of_list(item, role)
        elif isinstance(item, str):
            made.append(said(role, item))
    return made


def _of_item(item: dict[str, Any], role: str) -> list[Message]:
    """One entry of a list: a message, or one candidate of an answer that holds a message."""
    held = item.get("message")
    if isinstance(held, dict) and "role" not in item:
        made = message(held, role)
        reason = item.get("finish_reason") or item.get("finishReason") or _langchain_reason(item)
        if isinstance(reason, str):
            made.setdefault("finish_reason", reason)
        return [made]
    held = item.get("content")
    if isinstance(held, dict) and "parts" in held:  # Gemini's candidate
        made = message(held, role)
        reason = item.get("finishReason") or item.get("finish_reason")
        if isinstance(reason, str):
            made["finish_reason"] = reason
        return [made]
    return [message(item, role)]


def _langchain_reason(item: dict[str, Any]) -> Any:
    info = item.get("generation_info")
    return info.get("finish_reason") if isinstance(info, dict) else None


def _is_block(item: dict[str, Any]) -> bool:
    """A content block and no message: no role, and a type or key that only blocks have."""
    if "role" in item or "parts" in item or item.get("lc"):
        return False
    return item.get("type") in (
        "text",
        "input_text",
        "output_text",
        "image_url",
        "input_image",
        "tool_use",
        "thinking",
    ) or ("type" not in item and len(item) == 1 and next(iter(item)) in ("text", "toolUse", "functionCall"))


def _of_map(found: dict[str, Any], role: str) -> list[Message]:
    """One message, or a whole request or answer that holds some."""
    held = _held(found, role)
    if held is None:
        return _of_item(found, role) if _is_message(found) else [said(role, plain_json(found))]
    system = found.get("system") or found.get("instructions") if role == "user" else None
    before = [{"role": "system", "parts": parts(system)}] if system else []
    return before + (_of_list(held, role) if isinstance(held, list) else _of_structure(held, role))


def _held(found: dict[str, Any], role: str) -> Any:
    """The part of a request or an answer that holds its messages; None when the map is no such thing."""
    keys = _REQUEST_KEYS if role == "user" else _ANSWER_KEYS
    for key in keys:
        held = found.get(key)
        if isinstance(held, list) and held and isinstance(held[0], (dict, list)):
            return held
    if role == "user" and not _is_message(found):
        return next((found[key] for key in ("input", "prompt") if found.get(key) and _is_said(found[key])), None)
    if role == "assistant" and isinstance(found.get("output"), dict):  # Bedrock's converse
        return found["output"].get("message")
    return None


def _is_said(held: Any) -> bool:
    return isinstance(held, (list, str))


def _is_message(found: dict[str, Any]) -> bool:
    if "role" in found or "parts" in found or "message" in found or found.get("lc"):
        return True
    if isinstance(found.get("text"), str) and (found.keys() <= _RESULT_KEYS or not _ANSWER_SIGNS.isdisjoint(found)):
        return True
    has_content = "content" in found or "tool_calls" in found
    return (has_content and "args" not in found) or ("data" in found and "type" in found)


def instructions(value: Any) -> list[dict[str, Any]] | None:
    """System instructions as parts."""
    sent = values.content(value)
    if sent is None:
        return None
    found = parsed(value)
    try:
        return parts(value if found is None else found) or None
    except RecursionError:
        return [text_part(sent)]


def definitions(value: Any) -> list[Any] | None:
    """Tool definitions, each flat: `{type, name, description, parameters}`."""
    found = values.listing(value)
    if found is None:
        return None
    return [_definition(item) for outer in found for item in _declared(outer)] or None


def _declared(item: Any) -> list[Any]:
    """The functions of one of Gemini's tools, which holds several; else the item itself."""
    if isinstance(item, dict):
        for key in ("function_declarations", "functionDeclarations"):
            held = item.get(key)
            if isinstance(held, list):
                return held
    return [item]


def _definition(item: Any) -> Any:
    found = parsed(item)
    if not isinstance(found, dict):
        return raw.plain(item)
    for path in (("tool", "json_schema"), ("function",), ("toolSpec",)):
        inner: Any = found
        for step in path:
            inner = inner.get(step) if isinstance(inner, dict) else None
        inner = parsed(inner)
        if isinstance(inner, dict):
            return _definition({"type": "function", **inner} if path[0] != "tool" else inner)
    for key in _SCHEMA_KEYS:
        if key in found and found.get("parameters") is None:
            found = {**found, "parameters": found[key]}
            del found[key]
    if isinstance(found.get("parameters"), str):
        found = {**found, "parameters": call_arguments(found["parameters"])}
    return raw.plain(found)


def arguments(value: Any) -> Any:
    """Arguments of a tool's run, taken out of a decorated function's `{"args": [], "kwargs": {...}}`."""
    if values.content(value) is None:
        return None
    found = call_arguments(value)
    if isinstance(found, dict):
        for key, others in _HOLDERS.items():
            if isinstance(found.get(key), dict) and found.keys() <= {key, *others} and not found.get("args"):
                return found[key]
    return found


def arguments_unless_schema(value: Any) -> Any:
    """`tool.parameters` is a JSON schema by its definition; some instrumentations put the arguments there."""
    found = arguments(value)
    is_schema = isinstance(found, dict) and ("properties" in found or found.get("type") == "object")
    return None if is_schema or not isinstance(found, dict) else found


def offered_tools(value: Any) -> list[Any] | None:
    """The tools in Pydantic AI's request parameters, those that stand for an output type included."""
    found = values.mapping(value) or {}
    offered = [tool for key in ("function_tools", "output_tools") for tool in values.listing(found.get(key)) or []]
    some = [tool for tool in definitions(offered) or [] if isinstance(tool, dict)]
    return [{key: tool[key] for key in ("name", "description", "parameters") if key in tool} for tool in some] or None


def structure(value: Any) -> Any:
    """The value within JSON text, else the value as sent."""
    if values.content(value) is None:
        return None
    return call_arguments(value)


def vercel_answer(attributes: Mapping[str, Any]) -> list[Message] | None:
    """The Vercel AI SDK's answer, spread over `ai.response.*`, up to v3.3 over `ai.result.*`."""

    def said_of(name: str) -> Any:
        return attributes.get(f"ai.response.{name}") or attributes.get(f"ai.result.{name}")

    made = {
        "role": "assistant",
        "content": said_of("text") or said_of("object"),
        "reasoning_content": said_of("reasoning"),
        "tool_calls": said_of("toolCalls"),
        "finish_reason": said_of("finishReason") or attributes.get("ai.finishReason"),
    }
    answer = message({key: item for key, item in made.items() if item}, "assistant")
    return [answer] if answer["parts"] else None


def llamaindex_answer(attributes: Mapping[str, Any]) -> list[Message] | None:
    """The answer of LlamaIndex's `LLMChatEndEvent`, flattened below `response.message.`."""
    prefix = "response.message."
    found = {key[len(prefix) :]: item for key, item in attributes.items() if key.startswith(prefix)}
    calls = found.get("additional_kwargs.tool_calls") or found.get("tool_calls")
    blocks = values.listing(found.get("blocks"))
    answer = message(
        {"role": found.get("role"), "content": blocks or found.get("content"), "tool_calls": calls}, "assistant"
    )
    return [answer] if answer["parts"] else None
