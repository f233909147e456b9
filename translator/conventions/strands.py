"""Strands Agents (what it has beyond `genai.py`): the time to the first token, in another unit than OpenLIT's.

Source: strands-agents/sdk-python `src/strands/telemetry/tracer.py`; recorded with 0.2.1 and 1.62.
"""

from translator.rules import Convention, scaled, within

_SCOPES = ("strands.telemetry.tracer",)

CONVENTION = Convention(
    name="strands",
    fields={"time_to_first_token_ms": within(_SCOPES, *scaled(1.0, "gen_ai.server.time_to_first_token"))},
)
