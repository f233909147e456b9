"""MLflow's export: every value is JSON; keys from mlflow `tracing/constant.py`."""

from tests.support.spans import seen


def test_values_are_json_encoded() -> None:
    row = seen({"mlflow.spanType": '"CHAT_MODEL"', "mlflow.llm.model": '"m-2025"',
                "mlflow.spanInputs": '{"model": "m", "messages": [{"role": "user", "content": "hi"}]}',
                "mlflow.chat.tokenUsage": '{"input_tokens": 3, "output_tokens": 4, "total_tokens": 7}'})  # fmt: skip
    assert (row["kind"], row["request_model"], row["response_model"]) == ("generation", "m", "m-2025")
    assert (row["input_tokens"], row["total_tokens"]) == (3, 7)
    assert row["input_messages"][0]["parts"][0]["content"] == "hi"
