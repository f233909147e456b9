"""General keys on any span."""

from tests.support.spans import seen


def test_session_user_and_error_of_any_span() -> None:
    row = seen({"session.id": "s", "user_id": "u", "error.type": "timeout", "deployment.environment": "prod"})
    assert (row["session_id"], row["user_id"], row["error_type"], row["environment"]) == ("s", "u", "timeout", "prod")
    assert row["kind"] == "span"
