"""CrewAI's spans; keys from `opentelemetry-instrumentation-crewai` and `openinference-instrumentation-crewai`."""

from tests.support.spans import seen

SAID = {"gen_ai.operation.name": "invoke_agent", "traceloop.span.kind": "workflow"}


def test_crews_and_tasks_are_workflows_and_agents_are_agents() -> None:
    crew = seen({**SAID, "crewai.crew.id": "1", "crewai.crew.result": "done"})
    task = seen({**SAID, "crewai.task.id": "2", "crewai.task.description": "do it"})
    agent = seen({**SAID, "crewai.agent.id": "3", "crewai.agent.role": "Reporter"})
    assert [row["kind"] for row in (crew, task, agent)] == ["workflow", "workflow", "agent"]
    assert (crew["output"], task["input"], agent["agent_name"], agent["agent_id"]) == ("done", "do it", "Reporter", "3")


def test_the_node_of_an_openinference_agent_is_its_name() -> None:
    assert seen({"openinference.span.kind": "AGENT", "graph.node.id": "Reporter"})["agent_name"] == "Reporter"
    assert seen({"openinference.span.kind": "CHAIN", "graph.node.id": "node"})["agent_name"] is None
