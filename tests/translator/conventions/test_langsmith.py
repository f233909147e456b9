"""LangSmith's export; keys from langsmith-sdk `_internal/otel/_otel_exporter.py`."""

from tests.support.spans import seen


def test_kind_metadata_and_tags() -> None:
    row = seen({"langsmith.span.kind": "llm", "gen_ai.operation.name": "chat", "langsmith.metadata.thread_id": "t",
                "langsmith.metadata.ls_model_name": "m", "langsmith.span.tags": "a, b"})  # fmt: skip
    assert (row["kind"], row["session_id"], row["request_model"], row["tags"]) == ("generation", "t", "m", '["a","b"]')
