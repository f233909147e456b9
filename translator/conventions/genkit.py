"""Firebase Genkit (JS, Go, Python): `genkit:*`, request and answer of each action as JSON.

Source: firebase/genkit `js/core/src/tracing/instrumentation.ts`, `js/core/src/action.ts`, `js/ai/src/model-types.ts`;
recorded with 1.42. A model's name is the action's: `openai/gpt-4o-mini`. What the provider answered is below
`custom` (googleai) or `raw` (openai).
"""

from typing import Any

from translator import answers
from translator.messages import build, documents
from translator.rules import CALLS, GENERATIONS, Convention, Rule, content, identifier, lookup, member, on
from translator.rules import first as read
from translator.usage import from_map, with_usage
from translator.values import mapping
from translator.values import text as as_text

SUBTYPES = {
    **dict.fromkeys(("model", "background-model"), "generation"),
    "embedder": "embedding", "retriever": "retriever", "reranker": "reranker", "evaluator": "evaluator",
    **dict.fromkeys(("tool", "tool.v2"), "tool"),
    "agent": "agent",
    **dict.fromkeys(("flow", "util"), "workflow"),
    **dict.fromkeys(("prompt", "executable-prompt"), "prompt"),
}  # fmt: skip
TYPES = {
    **dict.fromkeys(("flow", "flowStep", "util"), "workflow"),
    **dict.fromkeys(("dotprompt", "promptTemplate", "prompt"), "prompt"),
}
_INPUT, _OUTPUT, _NAME = "genkit:input", "genkit:output", "genkit:name"


def model_of(value: Any) -> str | None:
    """The model within an action's name, without the plugin before it."""
    return (as_text(value) or "").split("/", 1)[-1] or None


def provider_of(value: Any) -> str | None:
    plugin, slash, _ = (as_text(value) or "").partition("/")
    return answers.provider(plugin) if slash else None


def answered(value: Any) -> list[dict[str, Any]] | None:
    """A retriever's documents: their content is a list of parts."""
    found = mapping(value) or {}
    some = [item for item in found.get("documents") or [] if isinstance(item, dict)]
    return documents.listed([{**item, "content": _text_of(item.get("content"))} for item in some])


def asked(value: Any) -> str | None:
    query = mapping((mapping(value) or {}).get("query")) or {}
    return _text_of(query.get("content"))


def _text_of(parts: Any) -> str | None:
    some = [part.get("text") for part in parts or [] if isinstance(part, dict)] if isinstance(parts, list) else []
    return "\n".join(text for text in some if isinstance(text, str)) or None


CONVENTION = Convention(
    name="genkit",
    fields={
        "kind": lookup("genkit:metadata:subtype", SUBTYPES) + lookup("genkit:type", TYPES),
        "provider": on(CALLS, *read(provider_of, _NAME)),
        "request_model": on(CALLS, *read(model_of, _NAME)),
        "response_model": on(
            CALLS, *member(_OUTPUT, "raw", "model"), *member(_OUTPUT, "custom", "modelVersion"),
            *member(_OUTPUT, "custom", "model"),
        ),
        "response_id": on(
            CALLS, *member(_OUTPUT, "raw", "id"), *member(_OUTPUT, "custom", "responseId"),
            *member(_OUTPUT, "custom", "id"),
        ),
        "finish_reasons": on(
            GENERATIONS, *member(_OUTPUT, "finishReason", then=answers.one_reason),
            *member(_OUTPUT, "candidates", 0, "finishReason", then=answers.one_reason),
        ),
        "usage": on(
            CALLS, *member(_OUTPUT, "custom", "usageMetadata", then=from_map),
            *member(_OUTPUT, "raw", "usage", then=from_map), Rule(_OUTPUT, with_usage),
        ),
        "usage_details": on(CALLS, *member(_OUTPUT, "usage", then=mapping)),
        "model_parameters": on(CALLS, *member(_INPUT, "config", then=mapping)),
        "session_id": identifier("genkit:sessionId"),
        "input": content(_INPUT),
        "output": content(_OUTPUT),
        "input_messages": on(GENERATIONS, *read(build.input_messages, _INPUT)),
        "output_messages": on(GENERATIONS, *read(build.output_messages, _OUTPUT)),
        "tool_definitions": on(GENERATIONS, *member(_INPUT, "tools", then=build.definitions)),
        "tool_name": on({"tool"}, *read(as_text, _NAME)),
        "tool_arguments": on({"tool"}, *read(build.arguments, _INPUT)),
        "tool_result": on({"tool"}, *read(build.structure, _OUTPUT)),
        "query": on({"retriever"}, *read(asked, _INPUT)),
        "documents": on({"retriever"}, *read(answered, _OUTPUT)),
    },
    prefixes=("genkit:",),
)  # fmt: skip
