"""Microsoft Agent Framework's workflows, as recorded with 1.23."""

from tests.support.spans import scoped, seen

RUN = {"workflow.id": "ee037420-b2be-4216-9ad6-2421cdf550e9", "workflow.name": "trip"}


def test_a_run_of_a_workflow_is_one_and_what_builds_it_is_not() -> None:
    scope = scoped("agent_framework", "1.23.0")
    assert seen(RUN, scope=scope)["kind"] == "workflow"
    assert seen({**RUN, "workflow.definition": "{}"}, scope=scope)["kind"] == "span"
    assert seen({"executor.id": "geo"}, scope=scope)["kind"] == "span"
    assert seen(RUN, scope=scoped("app"))["kind"] == "span"
