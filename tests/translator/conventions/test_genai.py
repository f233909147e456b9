"""Every era of the OTel conventions."""

import pytest

from tests.support.spans import event, seen


def test_the_current_era() -> None:
    row = seen({
        "gen_ai.operation.name": "chat", "gen_ai.provider.name": "openai", "gen_ai.request.model": "gpt-4o",
        "gen_ai.response.finish_reasons": ["stop"], "gen_ai.request.stream": True, "gen_ai.conversation.id": "c",
        "gen_ai.usage.reasoning.output_tokens": 2, "gen_ai.usage.output_tokens": 5,
    })  # fmt: skip
    assert (row["kind"], row["provider"], row["streaming"], row["session_id"]) == ("generation", "openai", True, "c")
    assert (row["finish_reasons"], row["reasoning_tokens"], row["output_tokens"]) == ('["stop"]', 2, 5)


def test_the_first_era_with_whole_strings_and_events() -> None:
    row = seen({"gen_ai.system": "openai", "gen_ai.request.model": "m", "gen_ai.usage.prompt_tokens": 3},
               events=[event("gen_ai.content.prompt", {"gen_ai.prompt": "hi"}),
                       event("gen_ai.content.completion", {"gen_ai.completion": "yes"})])  # fmt: skip
    assert (row["kind"], row["input_tokens"], row["input"], row["output"]) == ("generation", 3, "hi", "yes")
    assert row["input_messages"][0]["role"] == "user"


def test_finish_reasons_as_array_json_or_text() -> None:
    for sent in (["stop"], '["stop"]', "stop"):
        assert seen({"gen_ai.response.finish_reasons": sent})["finish_reasons"] == '["stop"]'


def test_retrieval() -> None:
    row = seen({"gen_ai.operation.name": "retrieval", "gen_ai.retrieval.query.text": "q",
                "gen_ai.retrieval.documents": '[{"id": "d", "content": "x"}]'})  # fmt: skip
    assert (row["kind"], row["query"], row["documents"][0]["id"]) == ("retriever", "q", "d")


def test_details_as_span_events() -> None:
    """Strands with the latest conventions: one event for what was sent, one for the answer."""
    name = "gen_ai.client.inference.operation.details"
    answer = '[{"role": "assistant", "parts": [{"type": "text", "content": "yes"}], "finish_reason": "end_turn"}]'
    row = seen({"gen_ai.operation.name": "chat"}, events=[
        event(name, {"gen_ai.input.messages": '[{"role": "user", "parts": [{"type": "text", "content": "hi"}]}]'}),
        event(name, {"gen_ai.output.messages": answer}),
    ])  # fmt: skip
    assert row["input_messages"][0]["parts"] == [{"type": "text", "content": "hi"}]
    assert (row["output"], row["finish_reasons"]) == (answer, '["end_turn"]')


@pytest.mark.parametrize("key", ["cached_tokens", "cached_input_tokens"])
def test_cached_tokens_as_langtrace_and_mastra_name_them(key: str) -> None:
    row = seen({"gen_ai.operation.name": "chat", "gen_ai.usage.input_tokens": 9, f"gen_ai.usage.{key}": 8})
    assert (row["input_tokens"], row["cache_read_tokens"]) == (9, 8)
