"""CrewAI under OpenLLMetry: `crewai.*`, and `crew_*` under OpenInference.

Source: traceloop/openllmetry `opentelemetry-instrumentation-crewai` 0.62, Arize-ai/openinference
`openinference-instrumentation-crewai` 1.1. Crew and task spans say `invoke_agent` as agents do; their own keys tell
them apart. The usage of a crew (`crewai.crew.token_usage`) is the sum of its calls and no count of its own.
"""

from translator.rules import Convention, content, on, present, text

CONVENTION = Convention(
    name="crewai",
    fields={
        "kind": present("crewai.crew.id", "workflow") + present("crewai.task.id", "workflow"),
        "input": content("crewai.task.description", "crew_inputs"),
        "output": content("crewai.crew.result"),
        "agent_name": text("crewai.agent.role") + on({"agent"}, *text("graph.node.id")),
        "agent_id": text("crewai.agent.id"),
    },
    prefixes=("crewai.",),
)
