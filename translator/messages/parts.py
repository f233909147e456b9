"""Parts of a message in the OTel GenAI schema, from the content blocks of every provider and SDK.

Schema: open-telemetry/semantic-conventions-genai `docs/gen-ai/gen-ai-input-messages.json`.
"""

import base64
from collections.abc import Callable
from typing import Any

from contract import raw
from translator.values import parsed

Part = dict[str, Any]
Block = dict[str, Any]


def text_part(content: Any) -> Part:
    return {"type": "text", "content": content if isinstance(content, str) else raw.plain(content)}


def broken_part(content: str) -> Part:
    """JSON that was cut or never was any: kept as text and flagged."""
    return {"type": "text", "content": content, "unparsed": True}


def arguments(value: Any) -> Any:
    """Tool call arguments: an object when they parse, else as sent (also when they are nested too deep to be shown)."""
    found = parsed(value)
    try:
        return raw.plain(value if found is None else found)
    except RecursionError:
        return value


def parts(content: Any) -> list[Part]:
    """The parts of a message's content: text, a block, or a list of either."""
    if content is None or content == "":
        return []
    if isinstance(content, str):
        found = parsed(content) if content[0] in "[{" else None
        return parts(found) if _is_blocks(found) else [text_part(content)]
    if isinstance(content, list):
        return [made for item in content for made in ([text_part(item)] if isinstance(item, str) else parts(item))]
    if isinstance(content, dict):
        return [part(content)]
    return [text_part(content)]


def _is_blocks(value: Any) -> bool:
    """A list of content blocks that was sent as a JSON string (OpenLLMetry's `gen_ai.prompt.N.content`, Strands).

    All have a form, or one has a form that is known: the others, such as Bedrock's `cachePoint`, are kept as they are.
    """
    if not isinstance(value, list) or not value or not all(isinstance(item, dict) for item in value):
        return False
    return all(map(_form, value)) or any(map(_is_known, value))


def _is_known(block: Block) -> bool:
    """A form of the table that nothing else looks like: named by the type, or by the only key."""
    return _form(block) in _FORMS and (isinstance(block.get("type"), str) or len(block) == 1)


def part(block: Block) -> Part:
    """One content block; a form nobody knows is kept as it is."""
    convert = _FORMS.get(_form(block))
    return _kept(block) if convert is None else convert(block)


def _kept(block: Block) -> Part:
    return {key: raw.plain(item) for key, item in block.items()}


def _form(block: Block) -> str:
    """The name of a block's form: its type, or the one key that Gemini and Bedrock blocks have."""
    form = block.get("type") or block.get("block_type")
    if isinstance(form, str):
        return form
    for key in block:
        if key in _FORMS:
            return key
    return ""


def _text(block: Block) -> Part:
    """Text, or reasoning where Gemini marks the block as thought."""
    if block.get("thought") is True:
        return _reasoning(block)
    for key in ("content", "text", "refusal", "input_text", "output_text"):
        if block.get(key) is not None:
            return text_part(block[key])
    return text_part("")


def _first(block: Block, *names: str) -> Any:
    return next((block[name] for name in names if block.get(name) is not None), None)


def tool_call(block: Block) -> Part:
    """A tool call in any of the forms, the function's name and arguments inside or outside of `function`."""
    function = block.get("function")
    inner = function if isinstance(function, dict) else block
    return {
        "type": "tool_call",
        "id": _first(block, "id", "call_id", "toolUseId", "toolCallId", "tool_call_id", "tool_id", "ref"),
        "name": _first(inner, "name", "toolName", "tool_name"),
        "arguments": arguments(_first(inner, "arguments", "args", "input", "tool_kwargs")),
    }


def _called(block: Block) -> Part:
    """A block that came with a call id is OpenAI's item; its own `id` is the item's, not the call's."""
    call = tool_call(block)
    if block.get("call_id") is not None:
        call["id"] = block["call_id"]
    return call


def tool_response(block: Block) -> Part:
    """What a tool answered."""
    response = _first(block, "response", "result", "output", "content")
    if isinstance(response, list):
        response = joined(response)
    return {
        "type": "tool_call_response",
        "id": _first(block, "id", "tool_use_id", "toolUseId", "call_id", "toolCallId", "tool_call_id", "ref"),
        "response": raw.plain(response),
    }


def joined(blocks: list[Any]) -> Any:
    """The text of a list of text blocks; the list itself when it holds anything else."""
    some = [item.get("text", item.get("content")) if isinstance(item, dict) else item for item in blocks]
    texts = [item for item in some if isinstance(item, str)]
    return "\n".join(texts) if texts and len(texts) == len(some) else blocks


def _haystack_result(block: Block) -> Part:
    """Haystack's result, which names its call below `origin`."""
    origin = block.get("origin")
    return tool_response({**block, "id": origin.get("id") if isinstance(origin, dict) else None})


def _maybe_inside(key: str, convert: Callable[[Block], Part]) -> Callable[[Block], Part]:
    """Blocks that one dialect keeps below the key (Gemini in Python's spelling, Haystack) and another is itself."""

    def unwrap(block: Block) -> Part:
        inner = block.get(key)
        return convert(inner if isinstance(inner, dict) else block)

    return unwrap


def _inside(key: str, convert: Callable[[Block], Part]) -> Callable[[Block], Part]:
    """Blocks that hold their content below one key: `{"toolUse": {...}}`."""

    def unwrap(block: Block) -> Part:
        inner = block.get(key)
        return convert(inner) if isinstance(inner, dict) else _kept(block)

    return unwrap


def _reasoning(block: Block) -> Part:
    content = _first(block, "content", "thinking", "reasoning", "text", "summary", "reasoningText")
    if isinstance(content, dict):
        inner = _first(content, "text", "reasoning_text")
        content = content if inner is None else inner
    if isinstance(content, list):
        content = joined(content)
    return {"type": "reasoning", "content": raw.plain(content) if content is not None else ""}


def media(uri: Any, modality: str, mime_type: Any = None) -> Part:
    """A reference to content, or the content itself when it is a `data:` URL; nothing is ever fetched."""
    if isinstance(uri, str) and uri.startswith("data:") and ";base64," in uri:
        head, _, data = uri.partition(";base64,")
        return {"type": "blob", "modality": modality, "mime_type": head[5:] or mime_type, "content": data}
    return {"type": "uri", "modality": modality, "mime_type": mime_type, "uri": raw.plain(uri)}


def _image(block: Block) -> Part:
    found = _first(block, "image_url", "image", "url", "image_uri")
    if isinstance(found, dict) and isinstance(found.get("image"), dict):
        found = found["image"]
    if isinstance(found, dict) and ("bytes" in found or "source" in found):
        return _sourced(found)
    if isinstance(found, dict):
        found = found.get("url")
    if found is None:
        return _sourced(block) if isinstance(block.get("source"), dict) else _kept(block)
    return media(found, "image", block.get("mime_type"))


def _sourced(block: Block) -> Part:
    """Anthropic's and Bedrock's `{"source": {"type": "base64", "media_type", "data"}}` or `{"source": {"bytes"}}`."""
    source = block["source"] if isinstance(block.get("source"), dict) else block
    if source.get("url") is not None:
        return media(source["url"], "image", source.get("media_type"))
    data = _first(source, "data", "bytes")
    mime_type = source.get("media_type") or block.get("format")
    return _blob({"modality": "image", "mime_type": mime_type, "content": data})


def _blob(block: Block) -> Part:
    """Inline content as base64, also when it came as bytes."""
    data = _first(block, "content", "data")
    if isinstance(data, bytes):
        data = base64.b64encode(data).decode()
    return {**raw.plain(block), "type": "blob", "content": raw.plain(data)}


def _audio(block: Block) -> Part:
    audio = block.get("input_audio") or block.get("audio")
    if not isinstance(audio, dict):
        return _kept(block)
    if audio.get("url"):
        return media(audio["url"], "audio")
    return {
        "type": "blob",
        "modality": "audio",
        "mime_type": audio.get("format"),
        "content": raw.plain(audio.get("data")),
    }


def _inline(block: Block) -> Part:
    """Gemini's `{"inlineData": {"mimeType", "data"}}`."""
    mime_type = _first(block, "mimeType", "mime_type")
    modality = str(mime_type or "").split("/", 1)[0]
    return _blob({"modality": modality or None, "mime_type": mime_type, "content": block.get("data")})


def _media(block: Block) -> Part:
    """Genkit's `{"url", "contentType"}`."""
    mime_type = block.get("contentType")
    return media(block.get("url"), str(mime_type or "file").split("/", 1)[0], mime_type)


def _file(block: Block) -> Part:
    """Gemini's reference to an uploaded file: `{"fileUri", "mimeType"}`."""
    mime_type = _first(block, "mimeType", "mime_type")
    return media(_first(block, "fileUri", "file_uri"), str(mime_type or "file").split("/", 1)[0], mime_type)


_FORMS: dict[str, Callable[[Block], Part]] = {
    **dict.fromkeys(("text", "input_text", "output_text", "refusal", "TextContent"), _text),
    **dict.fromkeys(("tool_use", "tool-call", "server_tool_use", "function"), tool_call),
    "tool_call": _maybe_inside("tool_call", tool_call),
    "function_call": _maybe_inside("function_call", _called),
    **dict.fromkeys(("custom_tool_call", "mcp_call"), _called),
    **dict.fromkeys(
        ("tool_call_response", "tool_result", "tool-result", "function_call_output", "web_search_tool_result"),
        tool_response,
    ),
    **dict.fromkeys(("reasoning", "thinking", "redacted_thinking"), _reasoning),
    **dict.fromkeys(("image_url", "image", "input_image"), _image),
    **dict.fromkeys(("input_audio", "audio"), _audio),
    "blob": _blob,
    "toolUse": _inside("toolUse", tool_call),
    "toolResult": _inside("toolResult", tool_response),
    "functionCall": _inside("functionCall", tool_call),
    "functionResponse": _inside("functionResponse", tool_response),
    "function_response": _inside("function_response", tool_response),
    "reasoningContent": _inside("reasoningContent", _reasoning),
    "tool_call_result": _inside("tool_call_result", _haystack_result),
    "toolRequest": _inside("toolRequest", tool_call),
    "toolResponse": _inside("toolResponse", tool_response),
    "media": _inside("media", _media),
    "inlineData": _inside("inlineData", _inline),
    "inline_data": _inside("inline_data", _inline),
    "fileData": _inside("fileData", _file),
    "file_data": _inside("file_data", _file),
}
