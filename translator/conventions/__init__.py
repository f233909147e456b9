"""The conventions, most specific first: the order of a field where `translator/precedence.py` has none for it."""

from translator.conventions import (
    anthropic,
    common,
    dify,
    genai,
    langfuse,
    langsmith,
    llamaindex,
    logfire,
    mcp,
    mlflow,
    openinference,
    openlit,
    openllmetry,
    vercel,
)
from translator.rules import Convention

CONVENTIONS: tuple[Convention, ...] = (
    langfuse.CONVENTION,
    genai.CONVENTION,
    openinference.CONVENTION,
    openllmetry.CONVENTION,
    logfire.CONVENTION,
    openlit.CONVENTION,
    vercel.CONVENTION,
    langsmith.CONVENTION,
    mlflow.CONVENTION,
    dify.CONVENTION,
    llamaindex.CONVENTION,
    anthropic.CONVENTION,
    mcp.CONVENTION,
    common.CONVENTION,
)
