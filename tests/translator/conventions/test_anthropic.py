"""The anthropic SDK's own spans."""

from tests.support.spans import seen


def test_stop_reason_is_the_finish_reason_when_there_is_no_list() -> None:
    assert seen({"anthropic.message.stop_reason": "end_turn"})["finish_reasons"] == '["end_turn"]'
    both = {"anthropic.message.stop_reason": "end_turn", "gen_ai.response.finish_reasons": ["stop"]}
    assert seen(both)["finish_reasons"] == '["stop"]'
