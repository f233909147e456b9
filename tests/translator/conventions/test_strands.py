"""Strands Agents: what golden captures `strands-*` send beyond the OTel conventions."""

from tests.support.golden import shown
from tests.support.spans import scoped, seen


def test_the_time_to_the_first_token_is_in_milliseconds() -> None:
    sent = {"gen_ai.operation.name": "chat", "gen_ai.server.time_to_first_token": 117}
    assert seen(sent, scope=scoped("strands.telemetry.tracer"))["time_to_first_token_ms"] == 117.0
    assert seen(sent, scope=scoped("openlit.instrumentation.openai"))["time_to_first_token_ms"] == 117_000.0
    assert seen(sent)["time_to_first_token_ms"] is None


def test_no_recorded_answer_begins_after_its_call_has_ended() -> None:
    calls = [span for span in shown("strands-1.62").spans() if span["time_to_first_token_ms"] is not None]
    assert len(calls) == 4
    assert all(0 <= call["time_to_first_token_ms"] * 1e6 <= call["end_time"] - call["start_time"] for call in calls)
