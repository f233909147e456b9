"""OpenLIT's own keys."""

from tests.support.spans import scoped, seen


def test_unknown_price_is_null_and_first_token_is_in_seconds() -> None:
    row = seen({"gen_ai.operation.name": "chat", "gen_ai.usage.cost": 0, "gen_ai.server.time_to_first_token": 0.5},
               scope=scoped("openlit.instrumentation.openai"))  # fmt: skip
    assert (row["total_cost"], row["cost_source"], row["time_to_first_token_ms"]) == (None, None, 500.0)


def test_workflow_content_and_environment() -> None:
    row = seen({"gen_ai.operation.name": "invoke_workflow", "gen_ai.workflow.input": "q", "gen_ai.workflow.output": "a",
                "gen_ai.environment": "staging"})  # fmt: skip
    assert (row["kind"], row["input"], row["output"], row["environment"]) == ("workflow", "q", "a", "staging")
