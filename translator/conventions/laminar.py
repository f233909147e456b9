"""Laminar (`lmnr`): `lmnr.*` beside `gen_ai.*`.

Source: lmnr-ai/lmnr-python `src/lmnr/opentelemetry_lib/tracing/attributes.py`, `sdk/types.py`; recorded with 0.8.
Its instrumentations say `LLM` for embeddings too.
"""

from collections.abc import Mapping
from typing import Any

from translator.messages import build
from translator.rules import Convention, content, family, free_map, identifier, on, words
from translator.rules import first as read
from translator.values import text as as_text

KINDS = {
    "TOOL": "tool", "EVALUATOR": "evaluator", "HUMAN_EVALUATOR": "evaluator", "EVALUATION": "evaluator",
    "EXECUTOR": "agent", "PIPELINE": "workflow", "CACHED": "generation",
}  # fmt: skip
_TYPE, _GIVEN = "lmnr.span.type", "lmnr.association.properties."
_MODELS = ("gen_ai.request.model", "gen_ai.response.model")


def kind(attributes: Mapping[str, Any]) -> str | None:
    """The kind that the type names; an `LLM` span of an embedding model that answered nothing is an embedding."""
    given = as_text(attributes.get(_TYPE)) or ""
    if given != "LLM":
        return KINDS.get(given)
    model = next((name for key in _MODELS if (name := as_text(attributes.get(key)))), "")
    answered = "gen_ai.output.messages" in attributes or bool(attributes.get("gen_ai.usage.output_tokens"))
    return "embedding" if "embed" in model.lower() and not answered else "generation"


CONVENTION = Convention(
    name="laminar",
    fields={
        "kind": family("lmnr.span.", kind, "type"),
        "input": content("lmnr.span.input"),
        "output": content("lmnr.span.output"),
        "tool_arguments": on({"tool"}, *read(build.arguments, "lmnr.span.input")),
        "tool_result": on({"tool"}, *read(build.structure, "lmnr.span.output")),
        "session_id": identifier(_GIVEN + "session_id"),
        "user_id": identifier(_GIVEN + "user_id"),
        "tags": words(_GIVEN + "tags", "lmnr.span.tags"),
        "metadata": free_map(_GIVEN + "metadata."),
    },
    prefixes=("lmnr.",),
)
