"""Every era of the OTel conventions."""

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
