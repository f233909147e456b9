"""Codex CLI: its spans are internals; its log records are tested in tests/translator/test_log_calls.py."""

from tests.support.golden import shown
from tests.support.spans import scoped, seen


def test_the_counts_of_its_records_are_read_in_its_scope_only() -> None:
    sent = {"event.name": "codex.sse_event", "model": "m", "input_token_count": "3", "output_token_count": "4"}
    assert seen(sent, scope=scoped("codex_otel.log_only"))["total_tokens"] == 7
    assert seen(sent, scope=scoped("app"))["total_tokens"] is None


def test_internals_of_the_program_are_no_generations() -> None:
    made = [span for span in shown("codex-spans").spans() if span["kind"] == "generation"]
    assert len(made) == 3
    assert all(span["synthetic"] for span in made)
