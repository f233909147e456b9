"""Readings of times, costs, providers and finish reasons."""

from typing import Any

import pytest

from tests.support.spans import seen
from translator import answers


def test_a_time_stamp_may_be_quoted_and_must_have_a_zone() -> None:
    want = 1_763_700_000_000_000_000
    assert answers.timestamp_ns("2025-11-21T04:40:00Z") == want
    assert answers.timestamp_ns('"2025-11-21T04:40:00.000001Z"') == want + 1000
    assert answers.timestamp_ns("2025-11-21T04:40:00") is None
    assert answers.timestamp_ns("yesterday") is None


def test_integer_zero_is_an_unknown_price_and_float_zero_a_price() -> None:
    assert answers.known_cost(0) is None
    assert answers.known_cost(0.0) == 0.0
    assert answers.known_cost("0.5") == 0.5


def test_total_cost_is_the_sum_of_the_parts_when_none_is_given() -> None:
    assert answers.costs('{"input": 0.25, "output": 0.5}') == {
        "total_cost": 0.75,
        "input_cost": 0.25,
        "output_cost": 0.5,
    }
    assert answers.costs({"input": 1, "total": 5}) == {"total_cost": 5.0, "input_cost": 1.0}
    assert answers.costs({"input": -1}) is None


@pytest.mark.parametrize(
    ("sent", "want"),
    [
        ("az.ai.openai", "azure.ai.openai"),
        ("OpenAI", "openai"),
        ("langgenius/openai/openai", "openai"),
        ("langchain", None),
        ("microsoft.agent_framework", None),
        ("autogen", None),
        ("google", "gcp.gemini"),
        ("deepseek", "deepseek"),
        ("", None),
    ],
)
def test_one_provider_has_one_name_and_a_framework_is_none(sent: str, want: str | None) -> None:
    assert answers.provider(sent) == want


@pytest.mark.parametrize(
    "sent",
    [
        {"langsmith.metadata.ls_provider": "google_genai"},
        {"metadata": '{"ls_provider": "google_genai"}'},
        {"langfuse.observation.metadata.ls_provider": "google_genai"},
        {"gen_ai.system": "gemini"},
    ],
)
def test_a_provider_has_its_one_name_wherever_it_stands(sent: dict[str, Any]) -> None:
    assert seen(sent)["provider"] == "gcp.gemini"


@pytest.mark.parametrize(("sent", "want"), [("resp_1", "resp_1"), ("run-1", None), (None, None)])
def test_only_ids_of_whole_answers_are_response_ids(sent: Any, want: str | None) -> None:
    assert answers.response_id(sent) == want


def test_finish_reasons_stand_within_messages() -> None:
    sent = '[{"role": "assistant", "finish_reason": "stop"}, {"finish_reason": null}]'
    assert answers.finish_reasons_of_messages(sent) == '["stop"]'
    assert answers.finish_reasons_of_messages('[{"role": "assistant"}]') is None


def test_laminar_keeps_anthropics_name_of_the_reason_in_its_message() -> None:
    sent = '[{"role": "assistant", "content": [{"type": "text", "text": "Rome."}], "stop_reason": "end_turn"}]'
    assert answers.finish_reasons_of_messages(sent) == '["end_turn"]'
    assert answers.finish_reasons_of_messages('[{"role": "assistant", "content": "stop_reason"}]') is None


def test_a_printed_member_of_an_enumeration_is_its_reason() -> None:
    assert answers.finish_words("FinishReason.STOP") == '["stop"]'
    assert answers.finish_words('["FinishReason.MAX_TOKENS","end_turn"]') == '["max_tokens","end_turn"]'
    assert answers.finish_words("STOP") == '["STOP"]'
    assert answers.finish_words("") is None


def test_a_printed_class_is_its_name() -> None:
    assert answers.error_type("<class 'sk.exceptions.ServiceResponseException'>") == (
        "sk.exceptions.ServiceResponseException"
    )
    assert answers.error_type("timeout") == "timeout"
    assert answers.error_type("") is None


def test_session_and_user_are_found_by_the_end_of_their_key() -> None:
    sent = '{"my_session_id": "s", "userId": "u", "tenant": "t"}'
    assert (answers.session_in(sent), answers.user_in(sent)) == ("s", "u")
    assert answers.session_in('{"tenant": "t"}') is None


def test_attributes_of_a_prefix_are_a_map() -> None:
    sent = {"p.a": 1, "p.b.c": 2, "q": 3}
    assert answers.prefixed("p.")(sent) == {"a": 1, "b.c": 2}
    assert answers.parameters("p.", ("a", "z"))(sent) == {"a": 1}
    assert answers.parameters("p.", ("z",))(sent) is None


@pytest.mark.parametrize(
    ("sent", "want"),
    [
        ("openai.chat", "openai"),
        ("azure.responses", "azure.ai.openai"),
        ("google.generative-ai", "gcp.gemini"),
        ("google.vertex.chat", "gcp.vertex_ai"),
        ("gcp.gemini", "gcp.gemini"),
    ],
)
def test_the_api_behind_a_vercel_provider_is_no_part_of_it(sent: str, want: str) -> None:
    assert answers.provider(sent) == want


def test_vector_length_is_that_of_the_first_vector() -> None:
    assert answers.vector_length("[[1.0, 2.0], [3.0]]") == 2
    assert answers.vector_length("[]") is None


def test_parameters_of_a_request_are_what_is_no_content() -> None:
    sent = '{"model": "m", "messages": [], "temperature": 0, "stop": null, "tools": [1], "seed": 3}'
    assert answers.request_parameters(sent) == {"temperature": 0, "seed": 3}
    assert answers.request_parameters("text") is None
