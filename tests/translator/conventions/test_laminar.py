"""Laminar, as recorded with 0.8 (golden capture `laminar`)."""

from tests.support.spans import seen

CALL = {"lmnr.span.type": "LLM", "gen_ai.request.model": "gpt-4o", "gen_ai.usage.input_tokens": 3}


def test_a_call_that_embeds_and_answers_nothing_is_an_embedding() -> None:
    assert seen({**CALL, "gen_ai.usage.output_tokens": 2})["kind"] == "generation"
    embedding = {**CALL, "gen_ai.request.model": "text-embedding-3-small", "gen_ai.usage.output_tokens": 0}
    assert seen(embedding)["kind"] == "embedding"
    assert seen({**embedding, "gen_ai.output.messages": '[{"role": "assistant"}]'})["kind"] == "generation"


def test_a_tool_is_named_like_its_span() -> None:
    row = seen({"lmnr.span.type": "TOOL", "lmnr.span.input": '{"a": 1}', "lmnr.span.output": '"x"'}, name="lookup")
    assert (row["kind"], row["tool_name"], row["tool_arguments"]) == ("tool", "lookup", {"a": 1})
    assert row["tool_result"] == "x"


def test_session_user_and_metadata() -> None:
    given = "lmnr.association.properties."
    row = seen({given + "session_id": "s", given + "user_id": "u", given + "metadata.k": "v"})
    assert (row["session_id"], row["user_id"], row["metadata"]) == ("s", "u", '{"k":"v"}')
