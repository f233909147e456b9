"""General keys on any span."""

from tests.support.spans import seen


def test_session_user_and_error_of_any_span() -> None:
    row = seen({"session.id": "s", "user_id": "u", "error.type": "timeout", "deployment.environment": "prod"})
    assert (row["session_id"], row["user_id"], row["error_type"], row["environment"]) == ("s", "u", "timeout", "prod")
    assert row["kind"] == "span"


def test_a_list_of_texts_on_a_genai_span_is_its_tags() -> None:
    """Strands puts what its user calls `trace_attributes` on every span as it is."""
    sent = {"gen_ai.operation.name": "invoke_agent", "tags": ["a", "b"]}
    assert seen(sent)["tags"] == '["a","b"]'
    assert seen({**sent, "tags": "a, b"})["tags"] is None
    assert seen({**sent, "tags": [1, 2]})["tags"] is None
    assert seen({"http.method": "GET", "tags": ["a"]})["tags"] is None
    assert seen({**sent, "langfuse.trace.tags": ["c"]})["tags"] == '["c"]'
