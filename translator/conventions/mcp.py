"""Model Context Protocol: `mcp.*` of the OTel conventions (1.39 and later).

Source: open-telemetry/semantic-conventions-genai `docs/gen-ai/mcp.md`. `mcp.session.id` is a transport's, no session.
"""

from translator.rules import Convention, lookup, text

CONVENTION = Convention(
    name="mcp",
    fields={
        "kind": lookup("mcp.method.name", {"tools/call": "tool"}),
        "tool_name": text("mcp.tool.name"),
    },
    prefixes=("mcp.",),
)
