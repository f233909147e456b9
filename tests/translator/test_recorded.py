"""What a recorded answer says of its call."""

from typing import Any

import pytest

from translator import recorded

OPENAI = {"id": "chatcmpl-1", "model": "m-2024", "choices": [{"finish_reason": "stop", "message": {"content": "a"}}]}
ANTHROPIC = {"id": "msg_1", "model": "m-2024", "stop_reason": "stop", "content": [{"type": "text", "text": "a"}]}
GEMINI = {"modelVersion": "m-2024", "candidates": [{"finishReason": "stop"}]}
LANGCHAIN = {
    "generations": [
        [
            {
                "generation_info": {"finish_reason": "stop"},
                "message": {"lc": 1, "kwargs": {"response_metadata": {"model_name": "m-2024", "id": "chatcmpl-1"}}},
            }
        ]
    ]
}
HAYSTACK = {"replies": [{"meta": {"model": "m-2024", "finish_reason": "stop"}}]}


@pytest.mark.parametrize("answer", [OPENAI, ANTHROPIC, GEMINI, LANGCHAIN, HAYSTACK])
def test_model_and_finish_reason_are_found_in_every_wrapping(answer: dict[str, Any]) -> None:
    assert (recorded.model(answer), recorded.finish_reasons(answer)) == ("m-2024", '["stop"]')


@pytest.mark.parametrize(("answer", "want"), [(OPENAI, "chatcmpl-1"), (ANTHROPIC, "msg_1"), (LANGCHAIN, "chatcmpl-1")])
def test_the_id_is_the_providers(answer: dict[str, Any], want: str) -> None:
    assert recorded.response_id(answer) == want
    assert recorded.response_id({"id": "run-1"}) is None


def test_choices_give_their_reasons_in_order() -> None:
    assert recorded.finish_reasons('{"choices": [{"finish_reason": "stop"}, {"finish_reason": "length"}]}') == (
        '["stop","length"]'
    )


@pytest.mark.parametrize(
    "odd", [None, "text", "[1]", {"choices": "x"}, {"choices": [1, None]}, {"generations": [[1]]}, 3]
)
def test_what_is_no_answer_says_nothing(odd: Any) -> None:
    assert (recorded.model(odd), recorded.response_id(odd), recorded.finish_reasons(odd)) == (None, None, None)
