"""What of two spans is compared does not depend on how each spells it."""

import pytest

from contract.settling import facts_of_row
from tests.support.rows import generation_row
from translator.call import Call, plain_model


@pytest.mark.parametrize("name", ["gpt-4o", "openai/gpt-4o", "GPT-4o-2024-08-06", "gpt-4o@20240806", "gpt-4o:latest"])
def test_a_model_is_compared_without_provider_and_date(name: str) -> None:
    assert plain_model(name) == "gpt-4o"


def test_gaps_of_a_call_are_filled_from_its_log_records() -> None:
    own = facts_of_row(generation_row("a", input_tokens=3, scope_name="com.anthropic.sdk.python", input="q"))
    call = Call(own, [], {"input_tokens": (9, "log:1"), "output_tokens": (4, "log:1"), "output": ("a", "log:1")})
    assert (call.tokens, call.sides, call.is_sdk) == ((3, 4), 2, True)
