"""Google ADK 1.x and 2.x: whole requests and answers as JSON under `gcp.vertex.agent.`, beside `gen_ai.*`.

Source: google/adk-python `src/google/adk/telemetry/tracing.py`, recorded with 1.14, 1.39 and 2.13.
`{}` stands on tool spans and where content is switched off. The answer's own usage goes before `gen_ai.usage.*`:
up to 1.x the latter leaves thoughts out of the output tokens.
"""

from translator.messages import build
from translator.rules import GENERATIONS, Convention, Rule, content, identifier, member, on, present
from translator.rules import first as read
from translator.usage import with_usage

_KEY = "gcp.vertex.agent."
_REQUEST, _ANSWER = _KEY + "llm_request", _KEY + "llm_response"
_ARGUMENTS, _RESULT = _KEY + "tool_call_args", _KEY + "tool_response"

CONVENTION = Convention(
    name="adk",
    fields={
        "kind": present(_REQUEST, "generation") + present(_ARGUMENTS, "tool"),
        "response_model": member(_ANSWER, "model_version"),
        "input": content(_REQUEST, _ARGUMENTS, _KEY + "data"),
        "output": content(_ANSWER, _RESULT),
        "input_messages": on(GENERATIONS, *read(build.input_messages, _REQUEST)),
        "output_messages": on(GENERATIONS, *read(build.output_messages, _ANSWER)),
        "system_instructions": member(_REQUEST, "config", "system_instruction", then=build.instructions),
        "tool_definitions": member(_REQUEST, "config", "tools", then=build.definitions),
        "usage": on(GENERATIONS, Rule(_ANSWER, with_usage)),
        "tool_arguments": read(build.arguments, _ARGUMENTS),
        "tool_result": read(build.structure, _RESULT),
        "session_id": identifier(_KEY + "session_id"),
    },
    prefixes=(_KEY,),
)
