"""Dify's dialects; keys from langgenius/dify `api/core/ops`."""

from tests.support.spans import seen


def test_retrieval_with_the_singular_key() -> None:
    row = seen({"gen_ai.span.kind": "RETRIEVER", "retrieval.query": "q",
                "retrieval.document": '[{"document": {"id": "d", "content": "x", "score": 0.5}}]'})  # fmt: skip
    assert (row["kind"], row["query"], row["documents"][0]["content"]) == ("retriever", "q", "x")
    assert seen({"gen_ai.span.kind": "TASK"})["kind"] == "workflow"
