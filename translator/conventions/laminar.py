"""Laminar (`lmnr`): `lmnr.*` beside `gen_ai.*`.

Source: lmnr-ai/lmnr-python `src/lmnr/opentelemetry_lib/tracing/attributes.py`, `sdk/types.py`; recorded with 0.8.
"""

from translator.messages import build, tool_runs
from translator.rules import Convention, content, free_map, identifier, lookup, on, words
from translator.rules import first as read

KINDS = {
    "LLM": "generation", "CACHED": "generation",
    "TOOL": "tool", "EVALUATOR": "evaluator", "HUMAN_EVALUATOR": "evaluator", "EVALUATION": "evaluator",
    "EXECUTOR": "agent", "PIPELINE": "workflow",
}  # fmt: skip
_GIVEN = "lmnr.association.properties."


CONVENTION = Convention(
    name="laminar",
    fields={
        "kind": lookup("lmnr.span.type", KINDS),
        "input": content("lmnr.span.input"),
        "output": content("lmnr.span.output"),
        "tool_arguments": on({"tool"}, *read(build.arguments, "lmnr.span.input")),
        "tool_result": on({"tool"}, *read(tool_runs.result, "lmnr.span.output")),
        "session_id": identifier(_GIVEN + "session_id"),
        "user_id": identifier(_GIVEN + "user_id"),
        "tags": words(_GIVEN + "tags", "lmnr.span.tags"),
        "metadata": free_map(_GIVEN + "metadata."),
    },
    prefixes=("lmnr.",),
)
