"""LiveKit Agents: `lk.*` beside `gen_ai.*`; since 1.5 content has `pii` in its name.

Source: livekit/agents `livekit-agents/livekit/agents/telemetry/trace_types.py`; recorded with 1.8.9.
"""

from translator.messages import build
from translator.rules import Convention, content, identifier, present, scaled, text
from translator.rules import first as read
from translator.usage import from_map

_TOOL, _PII = "lk.function_tool.", "lk.pii.function_tool."

CONVENTION = Convention(
    name="livekit",
    fields={
        "kind": present(_TOOL + "name", "tool"),
        "input": content(
            "lk.pii.user_input", "lk.user_input", "lk.pii.chat_ctx", "lk.chat_ctx", "lk.pii.input_text",
            "lk.input_text", _PII + "arguments", _TOOL + "arguments", "lk.function_tool.args",
            "lk.pii.instructions", "lk.instructions",
        ),
        "output": content(
            "lk.pii.response.text", "lk.response.text", "lk.pii.response.function_calls", "lk.response.function_calls",
            "lk.pii.user_transcript", "lk.user_transcript", _PII + "output", _TOOL + "output",
        ),
        "usage": read(from_map, "lk.llm_metrics"),
        "time_to_first_token_ms": scaled(1e3, "lk.response.ttft"),
        "tool_name": text(_TOOL + "name"),
        "tool_call_id": text(_TOOL + "id"),
        "tool_arguments": read(build.arguments, _PII + "arguments", _TOOL + "arguments", "lk.function_tool.args"),
        "tool_result": read(build.structure, _PII + "output", _TOOL + "output"),
        "agent_name": text("lk.agent_name", "lk.agent_label"),
        "session_id": identifier("lk.session_id", "lk.room_sid", "lk.pii.room_name", "lk.room_name"),
        "user_id": identifier("lk.pii.participant_identity", "lk.participant_identity"),
    },
    prefixes=("lk.",),
)  # fmt: skip
