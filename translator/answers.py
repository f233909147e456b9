"""Readings of values that several conventions need and that are more than a type: times, costs, finish reasons."""

import re
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Any

from translator import values
from translator.values import flag, integer, listing, mapping, number, parsed, plain_json, text

SESSION = ("session_id", "sessionId", "thread_id")
USER = ("user_id", "userId")
"""Endings of keys in an application's free map that name its session and user."""

PROVIDERS = {
    **dict.fromkeys(("az.ai.openai", "azure", "azureopenai"), "azure.ai.openai"),
    "az.ai.inference": "azure.ai.inference",
    **dict.fromkeys(("vertex_ai", "vertexai", "google_vertexai"), "gcp.vertex_ai"),
    **dict.fromkeys(("gemini", "google", "google_genai", "gcp.gen_ai"), "gcp.gemini"),
    "xai": "x_ai",
    "mistralai": "mistral_ai",
    **dict.fromkeys(("bedrock", "amazon", "aws"), "aws.bedrock"),
    "together": "together_ai",
    **dict.fromkeys(("google.generative-ai", "googleai"), "gcp.gemini"),
    **dict.fromkeys(("google.vertex", "vertex"), "gcp.vertex_ai"),
    "amazon-bedrock": "aws.bedrock",
    "azure-openai": "azure.ai.openai",
    "openai": "openai",
    "anthropic": "anthropic",
}
"""Other names of one provider; the value as sent stays in the attributes."""

APIS = frozenset({"chat", "responses", "messages", "completion", "embedding", "textembedding", "image", "speech",
                  "transcription"})  # fmt: skip
"""Names of a provider's API that the Vercel AI SDK puts behind the provider's: `openai.responses`."""

FRAMEWORKS = frozenset(
    {
        "spring_ai",
        "strands-agents",
        "langchain",
        "langgraph",
        "crewai",
        "gcp.vertex.agent",
        "openai_agents",
        "microsoft.agent_framework",
        "autogen",
    }
)
"""Names that stand in a provider's place and are none."""

FINISH_KEYS = ("finish_reason", "stop_reason", "finishReason", "stopReason")
"""Where messages and choices of all dialects say why they ended."""
_ENUM_REASON = re.compile(r"\w*Reason\.(\w+)")
_CLASS_TEXT = re.compile(r"<class '([\w.]+)'>")


def provider(value: Any) -> str | None:
    """The provider's name in the words of the OTel registry; the last segment of Dify's triples."""
    found = text(value)
    if found is None:
        return None
    found = found.rsplit("/", 1)[-1]
    name, _, api = found.rpartition(".")
    if name and api.lower() in APIS:
        found = name
    lower = found.lower()
    return None if lower in FRAMEWORKS else PROVIDERS.get(lower, found)


def timestamp_ns(value: Any) -> int | None:
    """An ISO time, maybe JSON-quoted, as nanoseconds since 1970."""
    found = text(value)
    if found is None:
        return None
    try:
        moment = datetime.fromisoformat(found)
    except ValueError:
        return None
    if moment.tzinfo is None:
        return None
    return int(moment.timestamp()) * 1_000_000_000 + moment.microsecond * 1000


def known_cost(value: Any) -> float | None:
    """A reported cost. An integer 0 is what OpenLIT writes when it has no price; a float 0.0 is a price of nothing."""
    return None if value == 0 and isinstance(value, int) else number(value)


def costs(value: Any) -> dict[str, float] | None:
    """Input, output and total cost of a cost map; the total is the sum of the parts when it is not given."""
    given = mapping(value)
    if given is None:
        return None
    some = {key: cost for key, item in given.items() if (cost := number(item)) is not None and cost >= 0}
    if not some:
        return None
    found = {"total_cost": some.get("total", some.get("total_cost", sum(some.values())))}
    for side in ("input", "output"):
        if side in some or f"{side}_cost" in some:
            found[f"{side}_cost"] = some.get(side, some.get(f"{side}_cost", 0.0))
    return found


def error_code(value: Any) -> str | None:
    """An HTTP status that is an error's, as text."""
    code = integer(value)
    return None if code is None or code < 400 else str(code)


def count(value: Any) -> int | None:
    return integer(value)


def is_streamed(first_chunk: Any) -> bool | None:
    """True where the time of an answer's first chunk is told: only streams have chunks."""
    found = number(first_chunk)
    return None if found is None or found < 0 else True


def response_id(value: Any) -> str | None:
    """The id of a provider's whole answer; ids of messages and runs within it are not the answer's."""
    found = text(value)
    return found if found is not None and found.startswith(("chatcmpl-", "resp_", "msg_", "cmpl-", "gen-")) else None


def finish_reasons_of_messages(value: Any) -> str | None:
    """Finish reasons that stand within output messages, as JSON text."""
    if isinstance(value, str) and "finish" not in value and "stop_reason" not in value and "stopReason" not in value:
        return None
    return reasons(reason_of(item) for item in listing(value) or [] if isinstance(item, dict))


def reason_of(said: Mapping[str, Any]) -> str | None:
    """The finish reason of one message or choice."""
    return next((said[key] for key in FINISH_KEYS if isinstance(said.get(key), str) and said[key]), None)


def reasons(some: Iterable[Any]) -> str | None:
    """The texts among them as a JSON list."""
    known = [plain_reason(item) for item in some if isinstance(item, str) and item]
    return plain_json(known) if known else None


def plain_reason(said: str) -> str:
    """The reason itself where a member of a Python enumeration was printed: `FinishReason.STOP` (Semantic Kernel)."""
    found = _ENUM_REASON.fullmatch(said)
    return found[1].lower() if found else said


def finish_words(value: Any) -> str | None:
    """Finish reasons from a list, a JSON list, a comma-joined text or a single one."""
    return reasons(values.words(value) or ())


def error_type(value: Any) -> str | None:
    """The name of an error; of a class that was printed (Semantic Kernel) the class's."""
    found = text(value)
    printed = _CLASS_TEXT.fullmatch(found) if found else None
    return printed[1] if printed else found


def prefixed(prefix: str) -> Callable[[Mapping[str, Any]], dict[str, Any] | None]:
    """All attributes with the prefix as a map without it."""

    def convert(attributes: Mapping[str, Any]) -> dict[str, Any] | None:
        size = len(prefix)
        found = {key[size:]: item for key, item in attributes.items() if key.startswith(prefix)}
        return found or None

    return convert


def parameters(prefix: str, names: tuple[str, ...]) -> Callable[[Mapping[str, Any]], dict[str, Any] | None]:
    """The attributes `prefix` + one of the names as a map."""

    def convert(attributes: Mapping[str, Any]) -> dict[str, Any] | None:
        found = {name: attributes[prefix + name] for name in names if attributes.get(prefix + name) is not None}
        return found or None

    return convert


REQUEST_PARAMETERS = frozenset(
    {
        "temperature", "top_p", "top_k", "max_tokens", "max_completion_tokens", "max_output_tokens", "n", "seed",
        "stop", "frequency_penalty", "presence_penalty", "logit_bias", "response_format", "reasoning_effort",
        "reasoning", "tool_choice", "parallel_tool_calls", "stream", "service_tier", "dimensions", "encoding_format",
    }
)  # fmt: skip
"""What a request says beside its model, messages and tools."""


def request_parameters(value: Any) -> dict[str, Any] | None:
    """The parameters of a recorded request."""
    given = mapping(value) or {}
    return {name: given[name] for name in given if name in REQUEST_PARAMETERS and given[name] is not None} or None


def asked_to_stream(request: Any) -> bool | None:
    """True where a recorded request or its parameters say `stream`; text that does not name it is not parsed.

    A false is no answer: LangChain (Python and JS) says so of streamed calls too, by its model's default.
    """
    if isinstance(request, str) and '"stream"' not in request and '\\"stream\\"' not in request:
        return None
    return flag((mapping(request) or {}).get("stream")) or None


def inner(then: Callable[[Any], Any], endings: tuple[str, ...]) -> Callable[[Any], Any]:
    """The first member of a JSON map whose key ends so. Text that names none is not parsed."""

    def convert(value: Any) -> Any:
        if isinstance(value, str) and not any(name in value for name in endings):
            return None
        for key, item in (mapping(value) or {}).items():
            if key.endswith(endings):
                found = then(item)
                if found is not None:
                    return found
        return None

    return convert


session_in = inner(values.identifier, SESSION)
user_in = inner(values.identifier, USER)


def items(value: Any) -> Any:
    """A structure from JSON text, else the value as it is."""
    found = parsed(value)
    return value if found is None else found


def one_reason(value: Any) -> str | None:
    """One finish reason as a JSON list."""
    return reasons([value])


def vector_length(value: Any) -> int | None:
    """Dimensions of the first vector of a list of vectors."""
    vectors = listing(value)
    if vectors is None:
        return None
    vector = listing(vectors[0])
    return len(vector) if vector else None


def length(value: Any) -> int | None:
    """How many numbers a vector has."""
    return len(value) if isinstance(value, list) and value else None


def finish_reason_list(value: Any) -> str | None:
    return reasons(value if isinstance(value, list) else [value])
