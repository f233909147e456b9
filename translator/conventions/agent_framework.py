"""Microsoft Agent Framework's workflows (what it has beyond `genai.py`): spans with no key of the OTel conventions.

Source: microsoft/agent-framework `python/packages/core/agent_framework/observability.py`; recorded with 1.23.
"""

from collections.abc import Mapping
from typing import Any

from translator.rules import Convention, family, within

_SCOPES = ("agent_framework",)


def ran(attributes: Mapping[str, Any]) -> str | None:
    """A run has the workflow's id; that a workflow was built has its definition beside it."""
    return None if "workflow.definition" in attributes else "workflow"


CONVENTION = Convention(
    name="agent_framework",
    fields={"kind": within(_SCOPES, *family("workflow.id", ran, ""))},
)
