"""MLflow's export: every value is JSON; keys from mlflow `tracing/constant.py`."""

from tests.support.spans import event, scoped, seen


def test_values_are_json_encoded() -> None:
    row = seen({"mlflow.spanType": '"CHAT_MODEL"', "mlflow.llm.model": '"m-2025"',
                "mlflow.spanInputs": '{"model": "m", "messages": [{"role": "user", "content": "hi"}]}',
                "mlflow.chat.tokenUsage": '{"input_tokens": 3, "output_tokens": 4, "total_tokens": 7}'})  # fmt: skip
    assert (row["kind"], row["request_model"], row["response_model"]) == ("generation", "m", "m-2025")
    assert (row["input_tokens"], row["total_tokens"]) == (3, 7)
    assert row["input_messages"][0]["parts"][0]["content"] == "hi"


def test_the_answer_gives_id_finish_reason_and_the_request_its_parameters() -> None:
    answer = (
        '{"id": "chatcmpl-1", "choices": [{"finish_reason": "stop", "message": {"role": "assistant", "content": "a"}}]}'
    )
    row = seen({"mlflow.spanType": '"CHAT_MODEL"', "mlflow.spanOutputs": answer,
                "mlflow.spanInputs": '{"model": "m", "temperature": 0.5, "messages": []}'})  # fmt: skip
    assert (row["response_id"], row["finish_reasons"]) == ("chatcmpl-1", '["stop"]')
    assert row["model_parameters"] == {"temperature": 0.5}


def test_a_tool_is_named_like_its_span_or_by_its_own_attribute() -> None:
    sent = {"mlflow.spanType": '"TOOL"', "name": '"get_weather"'}
    assert seen(sent, name="get_weather")["tool_name"] == "get_weather"
    assert seen(sent, name="Tool.x", scope=scoped("mlflow.tracing.provider"))["tool_name"] == "get_weather"


def test_in_the_genai_form_the_bare_model_is_the_requests() -> None:
    sent = {"gen_ai.operation.name": "chat", "gen_ai.request.model": "m-2025", "gen_ai.response.model": "m-2025",
            "model": '"m"'}  # fmt: skip
    row = seen(sent, scope=scoped("mlflow.tracing.provider"))
    assert (row["request_model"], row["response_model"]) == ("m", "m-2025")
    assert seen(sent)["request_model"] == "m-2025"


def test_in_the_genai_form_other_span_types_are_operations() -> None:
    assert seen({"gen_ai.operation.name": "RETRIEVER"}, scope=scoped("mlflow.tracing"))["kind"] == "retriever"


def test_prompt_level_and_tags() -> None:
    row = seen({"mlflow.spanType": '"CHAIN"', "mlflow.linkedPrompts": '[{"name": "p", "version": "3"}]',
                "mlflow.spanLogLevel": 30, "mlflow.traceTag.team": "a"})  # fmt: skip
    assert (row["prompt_name"], row["prompt_version"], row["level"], row["metadata"]) == (
        "p", "3", "WARNING", '{"team":"a"}'
    )  # fmt: skip


def test_bare_keys_may_be_openais_whole_answer() -> None:
    usage = '{"input_tokens": 3, "output_tokens": 4, "output_tokens_details": {"reasoning_tokens": 2}}'
    sent = {"mlflow.spanType": '"CHAT_MODEL"', "object": '"response"', "model": '"m-2025"', "id": '"resp_1"',
            "usage": usage}  # fmt: skip
    row = seen(sent, scope=scoped("mlflow.tracing.provider"))
    assert (row["request_model"], row["response_model"], row["response_id"]) == (None, "m-2025", "resp_1")
    assert (row["input_tokens"], row["output_tokens"], row["reasoning_tokens"]) == (3, 4, 2)


def test_the_bare_stream_of_a_call_is_the_requests() -> None:
    sent = {"mlflow.spanType": '"CHAT_MODEL"', "model": '"gpt-4o-mini"'}
    scope = scoped("mlflow.tracing.provider")
    assert seen({**sent, "stream": "true"}, scope=scope)["streaming"] is True
    assert seen({**sent, "stream": "false"}, scope=scope)["streaming"] is False
    assert seen({**sent, "stream": "true"}, scope=scoped("app"))["streaming"] is None


def test_the_vectors_of_an_answer_tell_their_dimensions() -> None:
    sent = {"mlflow.spanType": '"EMBEDDING"', "mlflow.spanOutputs": '{"data": [{"embedding": [0.0, 0.5, 1.0]}]}'}
    assert seen(sent)["embedding_dimensions"] == 3
    assert seen({**sent, "mlflow.spanOutputs": '{"data": [{"embedding": "AAAA"}]}'})["embedding_dimensions"] is None


def test_an_object_is_no_models_name() -> None:
    row = seen({"mlflow.spanType": '"AGENT"', "model": '"<Model object at 0x7f>"'}, scope=scoped("mlflow.tracing"))
    assert row["request_model"] is None


def test_the_first_chunk_of_a_stream_names_model_and_answer() -> None:
    sent = {"mlflow.spanType": '"CHAT_MODEL"', "mlflow.spanOutputs": '"a"', "mlflow.spanInputs": '{"model": "m"}'}
    chat = event(
        "mlflow.chunk.item.0", {"mlflow.chunk.value": '{"id": "chatcmpl-1", "model": "m-2025", "choices": []}'}
    )
    responses = event(
        "mlflow.chunk.item.0", {"mlflow.chunk.value": '{"response": {"id": "resp_1", "model": "m-2025"}}'}
    )
    for chunk, answer in ((chat, "chatcmpl-1"), (responses, "resp_1")):
        row = seen(sent, events=[chunk])
        assert (row["request_model"], row["response_model"], row["response_id"]) == ("m", "m-2025", answer)
