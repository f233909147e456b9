"""Calls of different traces with one response id: which of them are one, and which of these counts."""

from itertools import permutations
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contract.settling import Told
from translator.twins import match

S = 10**9
APP = {"scope_name": "sdk", "service_name": "app"}
GATEWAY = {"scope_name": "litellm", "service_name": "gateway"}


def told(trace_id: str, **values: Any) -> Told:
    given = {
        "trace_id": trace_id, "span_id": f"of {trace_id}", "kind": "generation", "synthetic": None, "start_time": 0,
        "request_model": "gpt-4o", "response_model": None, "model": "gpt-4o",
        "input_tokens": 3, "output_tokens": 5, "contents": 2, "end_time": values.get("start_time", 0) + 10 * S,
    }  # fmt: skip
    return Told(**(given | APP | values))


def repeats(*calls: Told) -> dict[str, str]:
    """Trace -> trace."""
    return {repeat[0]: counted[0] for repeat, counted in match(calls).items()}


def test_an_application_and_its_gateway_tell_of_one_call_and_the_outer_counts() -> None:
    app, gateway = told("a"), told("g", **GATEWAY, start_time=2 * S, model="openai/gpt-4o-2024-08-06")
    assert match([gateway, app]) == {gateway.key: app.key}


def test_two_layers_of_one_service_and_one_instrumentation_in_two_services_are_one_call_each() -> None:
    assert repeats(told("a"), told("w", scope_name="wrapper")) == {"w": "a"}
    assert repeats(told("a"), told("w", service_name="gateway")) == {"w": "a"}


@pytest.mark.parametrize(
    "other",
    [
        {},
        {**GATEWAY, "trace_id": "a"},
        {**GATEWAY, "kind": "embedding"},
        {**GATEWAY, "start_time": 10 * S + 1, "end_time": 20 * S},
        {**GATEWAY, "input_tokens": 4},
        {**GATEWAY, "output_tokens": 4},
        {**GATEWAY, "request_model": "gpt-4o-mini", "model": "gpt-4o-mini"},
    ],
    ids=["same scope and service", "same trace", "kind", "later", "input", "output", "model"],
)
def test_what_differs_in_what_both_know_is_another_call(other: dict[str, Any]) -> None:
    assert repeats(told("a"), told("z")._replace(**other)) == {}


def test_what_one_does_not_know_does_not_tell_them_apart() -> None:
    unknown = {"input_tokens": None, "output_tokens": None, "request_model": None, "model": None}
    assert repeats(told("z"), told("a", **GATEWAY, **unknown)) == {"a": "z"}


@pytest.mark.parametrize(
    ("better", "worse"),
    [
        ({"contents": 0, "start_time": S}, {"input_tokens": None, "output_tokens": None}),
        ({"start_time": S}, {"contents": 1}),
        ({"synthetic": True, "start_time": S}, {}),
        ({"start_time": -S}, {}),
    ],
    ids=["usage", "content", "told by log records", "outermost"],
)
def test_the_one_that_counts_is_chosen_by_usage_then_content_then_time(
    better: dict[str, Any], worse: dict[str, Any]
) -> None:
    assert repeats(told("z", **better), told("a", **GATEWAY, **worse)) == {"a": "z"}


def test_three_layers_are_one_call() -> None:
    calls = [told("a"), told("g", **GATEWAY, start_time=S), told("w", scope_name="wrapper", start_time=2 * S)]
    assert repeats(*calls) == {"g": "a", "w": "a"}


def test_an_answer_from_a_cache_is_matched_with_the_gateway_call_next_to_it() -> None:
    """A cache repeats the id: two calls of the application, two of the gateway."""
    calls = [
        told("a1"), told("g1", **GATEWAY, start_time=S),
        told("a2", start_time=60 * S), told("g2", **GATEWAY, start_time=61 * S),
    ]  # fmt: skip
    assert repeats(*calls) == {"g1": "a1", "g2": "a2"}


@given(
    st.lists(
        st.builds(
            told,
            st.sampled_from("abcd"),
            span_id=st.sampled_from("xy"),
            scope_name=st.sampled_from(["sdk", "wrapper"]),
            service_name=st.sampled_from(["app", "gateway"]),
            start_time=st.integers(0, 4).map(lambda n: n * 6 * S),
            input_tokens=st.sampled_from([None, 3]),
            output_tokens=st.sampled_from([None, 5, 6]),
            contents=st.integers(0, 2),
        ),
        max_size=5,
        unique_by=lambda call: call.key,
    )
)
def test_order_does_not_show_and_a_repeat_always_names_one_that_counts(calls: list[Told]) -> None:
    found = match(calls)
    assert set(found.values()).isdisjoint(found)
    assert all(repeat[0] != counted[0] for repeat, counted in found.items())
    assert all(match(order) == found for order in list(permutations(calls))[:24])
