"""OpenLIT SDK: its own keys under `gen_ai.`, besides those of the OTel conventions in `genai.py`.

Source: openlit/openlit `sdk/python/src/openlit/semcov/` 1.45.
"""

from translator.messages import build, documents
from translator.rules import Convention, content, integer, scaled, text, within
from translator.rules import first as read

_SCOPES = ("openlit",)

CONVENTION = Convention(
    name="openlit",
    fields={
        "time_to_first_token_ms": within(_SCOPES, *scaled(1e3, "gen_ai.server.time_to_first_token")),
        "input": content("gen_ai.workflow.input", "gen_ai.tool.args", "gen_ai.framework.query.text"),
        "output": content("gen_ai.workflow.output", "gen_ai.tool.output"),
        "environment": text("gen_ai.environment"),
        "query": read(documents.query, "gen_ai.framework.query.text"),
        "tool_arguments": read(build.arguments, "gen_ai.tool.args"),
        "embedding_dimensions": integer("db.vector.dimension_count"),
    },
    prefixes=("openlit.",),
)
