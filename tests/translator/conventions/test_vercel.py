"""Vercel AI SDK, legacy form; keys from vercel/ai `packages/otel/src`."""

from tests.support.spans import seen


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
