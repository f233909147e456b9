"""Vercel AI SDK, legacy form; keys from vercel/ai `packages/otel/src`."""

from tests.support.golden import shown
from tests.support.spans import seen

CALL = {"ai.operationId": "ai.generateText.doGenerate", "ai.model.id": "m"}


def test_inner_call_counts_and_the_outer_span_does_not() -> None:
    usage = {"ai.usage.promptTokens": 3, "ai.usage.completionTokens": 4, "ai.model.id": "m"}
    inner = seen({"ai.operationId": "ai.generateText.doGenerate", "ai.model.provider": "openai.chat", **usage,
                  "ai.prompt.messages": '[{"role": "user", "content": [{"type": "text", "text": "hi"}]}]',
                  "ai.response.text": "yes", "ai.response.finishReason": "stop"})  # fmt: skip
    assert (inner["kind"], inner["provider"], inner["total_tokens"]) == ("generation", "openai", 7)
    assert inner["output_messages"][0] == {
        "role": "assistant",
        "parts": [{"type": "text", "content": "yes"}],
        "finish_reason": "stop",
    }
    outer = seen({"ai.operationId": "ai.generateText", **usage})
    assert (outer["kind"], outer["input_tokens"]) == ("workflow", None)


def test_tool_call() -> None:
    row = seen({"ai.operationId": "ai.toolCall", "ai.toolCall.name": "f", "ai.toolCall.args": '{"a": 1}'})
    assert (row["kind"], row["tool_name"], row["name"], row["tool_arguments"]) == ("tool", "f", "f", {"a": 1})


def test_anthropics_cache_stands_beside_the_input_up_to_v5() -> None:
    metadata = '{"anthropic": {"usage": {"cache_read_input_tokens": 40}, "cacheCreationInputTokens": 12}}'
    row = seen({**CALL, "ai.model.provider": "anthropic.messages", "ai.usage.inputTokens": 9,
                "ai.usage.outputTokens": 7, "ai.usage.totalTokens": 16, "ai.response.providerMetadata": metadata,
                "gen_ai.usage.input_tokens": 9, "gen_ai.usage.output_tokens": 7})  # fmt: skip
    assert (row["input_tokens"], row["cache_read_tokens"], row["cache_write_tokens"]) == (61, 40, 12)
    assert row["total_tokens"] == 68


def test_a_sum_that_no_count_can_be_is_not_known() -> None:
    row = seen({**CALL, "ai.model.provider": "anthropic.messages", "ai.usage.inputTokens": 9,
                "ai.usage.cachedInputTokens": 2**63 - 1})  # fmt: skip
    assert row["input_tokens"] is None


def test_v6_names_the_parts_and_counts_them_in() -> None:
    row = seen({**CALL, "ai.model.provider": "anthropic.messages", "ai.usage.inputTokens": 61,
                "ai.usage.outputTokens": 7, "ai.usage.inputTokenDetails.cacheReadTokens": 40,
                "ai.usage.inputTokenDetails.cacheWriteTokens": 12})  # fmt: skip
    assert (row["input_tokens"], row["cache_read_tokens"], row["cache_write_tokens"]) == (61, 40, 12)


def test_gemini_thoughts_stand_beside_the_output_up_to_v5() -> None:
    metadata = '{"google": {"usageMetadata": {"thoughtsTokenCount": 4}}}'
    row = seen({**CALL, "ai.model.provider": "google.generative-ai", "ai.usage.inputTokens": 3,
                "ai.usage.outputTokens": 2, "ai.response.providerMetadata": metadata})  # fmt: skip
    assert (row["provider"], row["output_tokens"], row["reasoning_tokens"]) == ("gcp.gemini", 6, 4)


def test_openais_parts_in_the_metadata_of_v4_are_within() -> None:
    metadata = '{"openai": {"reasoningTokens": 6, "cachedPromptTokens": 8}}'
    row = seen({**CALL, "ai.model.provider": "openai.chat", "ai.usage.promptTokens": 28,
                "ai.usage.completionTokens": 13, "ai.response.providerMetadata": metadata})  # fmt: skip
    assert (row["input_tokens"], row["output_tokens"]) == (28, 13)
    assert (row["cache_read_tokens"], row["reasoning_tokens"]) == (8, 6)


def test_a_stream_and_its_settings() -> None:
    row = seen(
        {"ai.operationId": "ai.streamText.doStream", "ai.settings.temperature": 0.2, "ai.settings.maxRetries": 2}
    )
    assert (row["streaming"], row["model_parameters"]) == (True, {"temperature": 0.2})
    assert seen(CALL)["streaming"] is None


def test_a_call_is_named_by_its_function_id_and_operation() -> None:
    sent = {"ai.operationId": "ai.generateText", "ai.telemetry.functionId": "geo"}
    row = seen(sent, name="ai.generateText")
    assert (row["name"], row["span_name"]) == ("geo:ai.generateText", "ai.generateText")
    assert seen({"ai.operationId": "ai.generateText"}, name="ai.generateText")["name"] == "ai.generateText"
    assert seen({"ai.telemetry.functionId": "geo"}, name="step")["name"] == "step"
    tool = {"ai.operationId": "ai.toolCall", "ai.toolCall.name": "f", "ai.telemetry.functionId": "geo"}
    assert seen(tool, name="ai.toolCall")["name"] == "f"


def test_vectors_are_json_texts() -> None:
    sent = {"ai.operationId": "ai.embedMany.doEmbed", "ai.embeddings": ["[0,0.5,1]", "[1,0,0]"]}
    assert seen(sent)["embedding_dimensions"] == 3
    assert seen({**sent, "ai.operationId": "ai.embedMany"})["embedding_dimensions"] is None


def test_the_prompt_of_the_outer_span() -> None:
    row = seen({"ai.operationId": "ai.generateText", "ai.prompt": '{"system": "Be brief.", "prompt": "hi"}'})
    assert row["input_messages"] == [
        {"role": "system", "parts": [{"type": "text", "content": "Be brief."}]},
        {"role": "user", "parts": [{"type": "text", "content": "hi"}]},
    ]


def test_session_and_user_of_metadata_and_of_runtime_context() -> None:
    for prefix in ("ai.telemetry.metadata.", "ai.settings.context."):
        row = seen({prefix + "sessionId": "s", prefix + "userId": "u"})
        assert (row["session_id"], row["user_id"], row["metadata"]) == ("s", "u", '{"sessionId":"s","userId":"u"}')


def test_the_answer_under_the_names_of_3_3() -> None:
    row = seen({**CALL, "ai.finishReason": "tool-calls", "ai.result.text": "",
                "ai.result.toolCalls": '[{"toolCallId": "c", "toolName": "f", "args": "{\\"a\\": 1}"}]'})  # fmt: skip
    assert row["output_messages"] == [
        {
            "role": "assistant",
            "parts": [{"type": "tool_call", "id": "c", "name": "f", "arguments": {"a": 1}}],
            "finish_reason": "tool-calls",
        }
    ]


def test_embedded_texts_are_shown_without_their_json() -> None:
    """Each value is written as JSON (`JSON.stringify`), and a list of them was shown as JSON within JSON."""
    assert seen({"ai.operationId": "ai.embedMany", "ai.values": ['"one"', '"two"', '{"a":1}']})["input"] == (
        '["one","two","{\\"a\\":1}"]'
    )
    assert seen({"ai.operationId": "ai.embed", "ai.value": '"one"'})["input"] == "one"
    assert seen({"ai.operationId": "ai.embed", "ai.value": '"one'})["input"] == '"one'


def test_recorded_texts_for_an_embedding_are_the_texts() -> None:
    inputs = [span["input"] for span in shown("vercel-ai-v6").spans() if span["kind"] == "embedding"]
    assert '["Paris is the capital of France and lies on the Seine."]' in inputs
