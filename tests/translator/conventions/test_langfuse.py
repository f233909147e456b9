"""Langfuse's own keys."""

import pytest

from contract.span import Scope
from tests.support.spans import seen


def test_hand_made_generation_with_cost_and_usage() -> None:
    row = seen({
        "langfuse.observation.type": "generation", "langfuse.observation.model.name": "my-model",
        "langfuse.observation.input": '[{"role": "user", "content": "ping"}]', "langfuse.observation.output": "pong",
        "langfuse.observation.usage_details": '{"input": 11, "output": 3}',
        "langfuse.observation.cost_details": '{"input": 0.25, "output": 0.5}',
        "langfuse.observation.completion_start_time": '"2026-09-21T14:13:20.500000Z"',
        "langfuse.trace.metadata.tenant": '"acme"', "langfuse.observation.metadata.langfuse_session_id": "s",
    }, start_ns=1_790_000_000_000_000_000)  # fmt: skip
    assert (row["kind"], row["request_model"], row["total_tokens"]) == ("generation", "my-model", 14)
    assert (row["total_cost"], row["cost_source"]) == (0.75, "reported")
    assert row["time_to_first_token_ms"] == 500.0
    assert (row["session_id"], row["metadata"]) == ("s", '{"tenant":"acme","langfuse_session_id":"s"}')
    assert row["output_messages"] == [{"role": "assistant", "parts": [{"type": "text", "content": "pong"}]}]


def test_a_tool_is_named_by_its_span() -> None:
    assert seen({"langfuse.observation.type": "tool"}, name="get_weather")["tool_name"] == "get_weather"


def test_texts_that_are_sent_as_json_are_shown_without_its_quotes() -> None:
    """As 3.0 writes them; a text of later versions is nobody's JSON."""
    row = seen({
        "langfuse.observation.type": "generation", "langfuse.observation.input": '"Say \\"hi\\""',
        "langfuse.observation.output": '"Once upon a time"',
    })  # fmt: skip
    assert row["input_messages"] == [{"role": "user", "parts": [{"type": "text", "content": 'Say "hi"'}]}]
    assert row["output_messages"] == [{"role": "assistant", "parts": [{"type": "text", "content": "Once upon a time"}]}]
    assert row["output"] == '"Once upon a time"'
    plain = seen({"langfuse.observation.type": "generation", "langfuse.observation.output": '"So" it "ends"'})
    assert plain["output_messages"][0]["parts"] == [{"type": "text", "content": '"So" it "ends"'}]


@pytest.mark.parametrize("name", ["langfuse.trace.public", "langfuse.public"])
def test_that_a_trace_is_public_is_kept_with_what_no_column_says(name: str) -> None:
    assert seen({name: True})["raw_rest"] == '{"public":true}'
    assert seen({name: "true"})["raw_rest"] == '{"public":true}'
    for said in (False, "no", 1):
        assert seen({name: said})["raw_rest"] is None


def test_metadata_of_an_observation_names_no_session_where_its_trace_has_a_field_for_that() -> None:
    sent = {
        "langfuse.observation.metadata.session_id": "browser",
        "langfuse.observation.metadata.from_end_user_id": "account",
    }
    over_otlp, by_events = seen(sent), seen(sent, scope=Scope("langfuse-ingestion"))
    assert (over_otlp["session_id"], over_otlp["user_id"]) == ("browser", "account")
    assert (by_events["session_id"], by_events["user_id"]) == (None, None)
    explicit = {"langfuse.observation.metadata.langfuse_session_id": "s"}
    assert seen(explicit, scope=Scope("langfuse-ingestion"))["session_id"] == "s"
