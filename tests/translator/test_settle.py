"""One call, one counted generation: rules 8 and 9, on literal facts."""

import random
from collections import Counter
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contract.columns import Row, S
from contract.settling import CALL_KINDS, SettledSpan, TraceFacts, facts_of_row
from tests.support.layers import Call, Layout, calls, layered, layouts
from tests.support.rows import generation_row, span_row
from translator.settle import (
    ANCESTORS_AT_MOST,
    LAYERS_AT_MOST,
    NEIGHBOURS,
    candidates,
    read_call,
    settle,
)

Settled = dict[str, dict[str, Any]]


def settled(*rows: Row) -> Settled:
    """span id -> settled columns, from the rows of one trace."""
    return {change.span_id: {n: v for n, (v, _) in change.columns.items()} for change in settle(facts(*rows))}


def facts(*rows: Row) -> TraceFacts:
    trace = TraceFacts()
    for row in rows:
        trace.parents[row[S.span_id]] = row[S.parent_span_id]
        if row[S.kind] in CALL_KINDS:
            trace.calls[row[S.span_id]] = facts_of_row(row)
    return trace


def duplicates(*rows: Row) -> dict[str, str]:
    return {
        span_id: columns["duplicate_of"] for span_id, columns in settled(*rows).items() if "duplicate_of" in columns
    }


TOKENS = {"input_tokens": 10, "output_tokens": 5}


def test_equal_response_ids_on_an_ancestor_line_are_one_call() -> None:
    assert duplicates(generation_row("a", response_id="r"), generation_row("b", "a", response_id="r")) == {"b": "a"}


def test_equal_response_ids_with_a_span_between_are_one_call() -> None:
    between = span_row("m", "a")
    assert duplicates(generation_row("a", response_id="r"), between, generation_row("b", "m", response_id="r")) == {
        "b": "a"
    }


def test_equal_response_ids_of_siblings_in_one_scope_are_two_calls() -> None:
    """A cached answer has the id of the first one."""
    assert duplicates(generation_row("a", "x", response_id="r"), generation_row("b", "x", response_id="r")) == {}


def test_different_response_ids_are_two_calls_even_on_one_line() -> None:
    assert (
        duplicates(
            generation_row("a", response_id="r1", **TOKENS), generation_row("b", "a", response_id="r2", **TOKENS)
        )
        == {}
    )


def test_without_an_id_an_ancestor_of_equal_model_and_tokens_is_the_same_call() -> None:
    outer = generation_row("a", request_model="openai/gpt-4o", **TOKENS)
    inner = generation_row(
        "b", "a", request_model="gpt-4o", response_model="gpt-4o-2024-08-06", response_id="r", **TOKENS
    )
    assert duplicates(outer, inner) == {"b": "a"}


def test_an_ancestor_of_another_model_is_another_call() -> None:
    outer = generation_row("a", request_model="gpt-4o", **TOKENS)
    assert duplicates(outer, generation_row("b", "a", request_model="gpt-4o-mini", **TOKENS)) == {}


def test_an_ancestor_with_other_tokens_is_another_call() -> None:
    outer = generation_row("a", request_model="m", input_tokens=20, output_tokens=10)
    assert duplicates(outer, generation_row("b", "a", request_model="m", **TOKENS)) == {}


def sibling(span_id: str, scope: str, start: int = 0, **columns: Any) -> Row:
    return generation_row(span_id, "p", scope_name=scope, request_model="m", start=start, end=start + 100, **columns)


def test_overlapping_siblings_of_different_scopes_with_equal_tokens_are_one_call() -> None:
    assert len(duplicates(sibling("a", "x", **TOKENS), sibling("b", "y", 10, **TOKENS))) == 1


def test_overlapping_failed_siblings_of_different_scopes_are_one_call() -> None:
    assert len(duplicates(sibling("a", "x", status="error"), sibling("b", "y", 10, status="error"))) == 1


def test_siblings_that_do_not_overlap_are_two_calls() -> None:
    assert duplicates(sibling("a", "x", **TOKENS), sibling("b", "y", 500, **TOKENS)) == {}


def test_parallel_calls_of_one_model_are_matched_one_to_one() -> None:
    rows = [sibling(f"{scope}{i}", scope, i, **TOKENS) for i in range(3) for scope in ("x", "y")]
    found = duplicates(*rows)
    assert len(found) == 3
    assert all(a[1] == b[1] and a[0] != b[0] for a, b in found.items()), "each with the one that started beside it"


def test_a_failed_attempt_and_the_one_that_succeeded_stay_two_calls() -> None:
    wrapper = generation_row("w", scope_name="wrap", request_model="m", **TOKENS)
    failed = generation_row("a", "w", request_model="m", status="error", end=10)
    good = generation_row("b", "w", request_model="m", start=20, **TOKENS)
    assert duplicates(wrapper, failed, good) == {"b": "w"}


def test_a_zero_length_streaming_response_is_the_end_of_its_call() -> None:
    call = generation_row("a", "p", request_model="m", start=0, end=10, input="question")
    tail = generation_row("b", "p", request_model="m", start=30, end=30, output="answer", **TOKENS)
    tail[S.span_name] = "streaming response from 'm' took 0.1s"
    found = settled(call, tail)
    (counted,) = {"a", "b"} - found.keys() | {i for i, c in found.items() if "duplicate_of" not in c}
    (other,) = {"a", "b"} - {counted}
    assert found[other]["duplicate_of"] == counted
    assert {"input", "output"} <= found[counted].keys() | {"input" if counted == "a" else "output"}


def test_three_layers_name_one_counted_span_and_never_another_duplicate() -> None:
    rows = [
        generation_row("a", scope_name="x", response_id="r", input="q", output="a"),
        generation_row("b", "a", scope_name="y", response_id="r", input="q", output="a"),
        generation_row("c", "b", scope_name="z", response_id="r", **TOKENS),
    ]
    assert duplicates(*rows) == {"b": "a", "c": "a"}


def test_the_span_with_most_content_counts_and_takes_what_the_others_know() -> None:
    outer = generation_row("a", response_id="r", request_model="m")
    inner = generation_row(
        "b", "a", response_id="r", response_model="m-2024-08-06", model="m-2024-08-06", input="q", output="a", **TOKENS
    )
    found = settled(outer, inner)
    assert found["a"] == {"duplicate_of": "b"}
    assert found["b"] == {"request_model": "m"}


def test_a_wrappers_only_model_is_the_responses_where_its_duplicate_says_so() -> None:
    wrapper = generation_row("a", request_model="m-2024-07-18", model="m-2024-07-18", **TOKENS)
    models = {"request_model": "m", "response_model": "m-2024-07-18", "model": "m-2024-07-18"}
    found = settled(wrapper, generation_row("b", "a", scope_name="sdk", **models, **TOKENS))["a"]
    assert (found["request_model"], found["response_model"]) == ("m", "m-2024-07-18")
    same = {**models, "request_model": "m-2024-07-18"}
    assert "request_model" not in settled(wrapper, generation_row("b", "a", scope_name="sdk", **same, **TOKENS))["a"]


def test_the_sdks_own_count_wins_over_a_wrappers() -> None:
    wrapper = generation_row(
        "a", scope_name="wrap", response_id="r", input="q", output="a", input_tokens=10, output_tokens=14
    )
    sdk = generation_row(
        "b", "a", scope_name="com.anthropic.sdk.python", response_id="r", input_tokens=10, output_tokens=13
    )
    assert settled(wrapper, sdk)["a"]["output_tokens"] == 13


SDK = "com.anthropic.sdk.python"
WHOLE = {
    "input_tokens": 90,
    "output_tokens": 12,
    "total_tokens": 102,
    "cache_read_tokens": 40,
    "cache_write_tokens": 12,
}
WITHOUT = {"input_tokens": 38, "output_tokens": 12, "total_tokens": 50}


def test_a_framework_that_counts_without_the_cache_tells_of_the_same_call_as_the_sdk() -> None:
    """Anthropic's own span says 90, Langtrace's sibling and a wrapper 38; each call counted twice."""
    for outer, inner in (
        (sibling("a", "x", input="q", output="a", **WITHOUT), sibling("b", SDK, 10, **WHOLE)),
        (sibling("a", "x", input="q", output="a", **WITHOUT), generation_row("b", "a", scope_name=SDK, **WHOLE)),
    ):
        found = settled(outer, inner)
        assert found["b"] == {"duplicate_of": "a"}
        assert {name: found["a"][name] for name in WHOLE} == WHOLE


def test_without_an_sdk_the_count_with_the_cache_is_right() -> None:
    knows = {"cache_read_tokens": 40, "cache_write_tokens": 12}
    less, more = sibling("a", "x", output="a", **WITHOUT), sibling("b", "y", 10, **WHOLE)
    assert settled(less, more)["a"]["input_tokens"] == 90
    unaware = {"input_tokens": 90, "output_tokens": 12, "total_tokens": 102}
    outer = generation_row("b", scope_name="y", request_model="m", output="a", **unaware)
    assert settled(outer, generation_row("a", "b", request_model="m", **WITHOUT, **knows)) == {
        "a": {"duplicate_of": "b"},
        "b": knows,
    }
    third = sibling("c", "z", 20, input="q", output="a", response_id="r")
    for row in (less, more):
        row[S.response_id] = "r"
    assert settled(less, more, third)["c"]["input_tokens"] == 90


def test_a_part_of_the_cache_that_is_left_out_is_found_by_what_is_counted_of_it() -> None:
    some = {"input_tokens": 78, "output_tokens": 12, "total_tokens": 90, "cache_read_tokens": 40}
    assert settled(sibling("a", "x", output="a", **some), sibling("b", SDK, 10, **WHOLE))["a"]["input_tokens"] == 90


def test_counts_of_one_scope_or_with_another_cache_that_differ_are_two_calls() -> None:
    assert duplicates(sibling("a", "x", **WITHOUT), generation_row("b", "a", scope_name="x", **WHOLE)) == {}
    assert duplicates(sibling("a", "x", **WITHOUT, cache_read_tokens=7), sibling("b", SDK, 10, **WHOLE)) == {}
    assert duplicates(sibling("a", "x", **WITHOUT), sibling("b", SDK, 500, **WHOLE)) == {}


def test_parallel_calls_with_one_cache_are_matched_to_those_that_differ_by_it() -> None:
    counts = (152, 101, 110, 117)
    rows = [sibling(f"s{i}", SDK, i, **WHOLE | {"input_tokens": n}) for i, n in enumerate(counts)]
    rows += [
        sibling(f"x{i}", "x", 9 - i, input="q", **WITHOUT | {"input_tokens": n - 52}) for i, n in enumerate(counts)
    ]
    assert duplicates(*rows) == {f"s{i}": f"x{i}" for i in range(4)}


def test_equal_counts_belong_together_before_those_that_are_equal_but_for_the_cache() -> None:
    counts = (152, 100, 48)
    rows = [
        sibling(f"{scope}{i}", scope, start, **WHOLE | {"input_tokens": n})
        for scope, starts in (("x", (0, 1, 2)), ("y", (5, 4, 3)))
        for i, (n, start) in enumerate(zip(counts, starts, strict=True))
    ]
    assert duplicates(*rows) == {f"y{i}": f"x{i}" for i in range(3)}


def test_embeddings_are_matched_along_the_ancestor_line_only() -> None:
    nested = [
        generation_row("a", kind="embedding", input_tokens=7),
        generation_row("b", "a", kind="embedding", input_tokens=7),
    ]
    assert duplicates(*nested) == {"b": "a"}
    beside = [sibling("a", "x", kind="embedding", input_tokens=7), sibling("b", "y", kind="embedding", input_tokens=7)]
    assert duplicates(*beside) == {}


def test_a_cycle_of_parents_ends() -> None:
    rows = [generation_row("a", "b", **TOKENS), generation_row("b", "a", **TOKENS), span_row("c", "c")]
    assert len(duplicates(*rows)) == 1


def test_what_is_settled_already_is_not_named_again() -> None:
    trace = facts(generation_row("a", response_id="r", input="q"), generation_row("b", "a", response_id="r", **TOKENS))
    for change in settle(trace):
        trace.calls[change.span_id].settled = change.columns
    assert settle(trace) == []


def test_a_duplicate_that_loses_its_partner_is_free_again() -> None:
    trace = facts(generation_row("a", response_id="r"))
    trace.calls["a"].settled = {"duplicate_of": ("gone", "rule")}
    assert settle(trace) == [SettledSpan("a", {})]


@pytest.mark.parametrize("seed", range(5))
def test_the_order_of_facts_does_not_show(seed: int) -> None:
    rows = [sibling(f"{scope}{i}", scope, i * 7, **TOKENS) for i in range(6) for scope in ("x", "y", "z")]
    rows += [generation_row(f"n{i}", f"x{i}", scope_name="w", request_model="m", response_id=f"r{i}") for i in range(6)]
    expected = settled(*rows)
    random.Random(seed).shuffle(rows)
    assert settled(*rows) == expected


def test_ten_thousand_calls_in_one_trace_are_settled_in_bounded_work() -> None:
    rows = [sibling(f"s{i}", f"scope{i % 2}", 0, **TOKENS) for i in range(10_000)]
    assert len(duplicates(*rows)) == 5_000


def tool_row(span_id: str, parent: str | None = None, **columns: Any) -> Row:
    return span_row(span_id, parent, **({"kind": "tool", "tool_name": "weather"} | columns))


def test_the_same_call_id_of_a_tool_in_two_scopes_is_one_run() -> None:
    record = tool_row("l", "a", tool_call_id="c", scope_name="logs", synthetic=True, input="{}", output="x")
    assert duplicates(tool_row("s", "a", tool_call_id="c", scope_name="spans"), record) == {"l": "s"}


def test_a_tool_and_the_client_and_server_that_run_it_are_one_run() -> None:
    outer, client, server = tool_row("t"), tool_row("c", "t", scope_name="mcp"), tool_row("s", "c", scope_name="server")
    assert duplicates(outer, client, server) == {"c": "t", "s": "t"}


def test_another_tool_within_a_tool_and_a_second_run_are_runs_of_their_own() -> None:
    assert duplicates(tool_row("t"), tool_row("u", "t", tool_name="search")) == {}
    assert duplicates(tool_row("t", tool_call_id="1"), tool_row("u", "t", tool_call_id="2")) == {}
    assert duplicates(tool_row("t", "a"), tool_row("u", "a", scope_name="mcp")) == {}


def test_what_a_log_record_made_never_counts_beside_the_span_even_with_more_content() -> None:
    made = generation_row("l", "a", response_id="r", scope_name="logs", synthetic=True, input="q", output="a",
                          total_cost=0.5, cost_source="reported")  # fmt: skip
    real = generation_row("s", "a", response_id="r", **TOKENS)
    found = settled(real, made)
    assert found["l"]["duplicate_of"] == "s"
    assert (found["s"]["total_cost"], found["s"]["cost_source"]) == (0.5, "reported")
    assert {"input", "output"} <= found["s"].keys()


def test_a_retry_of_a_failed_call_is_a_call_of_its_own() -> None:
    failure = generation_row("a", "x", status="error", end=10, request_model="m")
    assert duplicates(failure, generation_row("b", "x", start=20, end=40, request_model="m", **TOKENS)) == {}


@given(layouts, st.lists(calls, min_size=1, max_size=6), st.randoms(use_true_random=False))
def test_random_trees_of_layered_calls_count_each_call_and_token_once(
    layout: Layout, made: list[Call], chooser: random.Random
) -> None:
    trace = layered(layout, made)
    chooser.shuffle(trace.rows)
    found = settled(*trace.rows)
    counted = [
        {name: row[getattr(S, name)] for name in TOKENS} | found.get(row[S.span_id], {})
        for row in trace.rows
        if row[S.kind] == "generation" and "duplicate_of" not in found.get(row[S.span_id], {})
    ]
    assert len(counted) == trace.calls
    assert sum(call["input_tokens"] or 0 for call in counted) == trace.input_tokens
    assert sum(call["output_tokens"] or 0 for call in counted) == trace.output_tokens


def test_a_very_deep_line_of_calls_is_looked_at_in_bounded_pieces() -> None:
    rows = [generation_row(f"{i:04}", f"{i - 1:04}" if i else None, **TOKENS) for i in range(3000)]
    trace = facts(*rows)
    read = [read_call(trace, span_id, each) for span_id, each in trace.calls.items()]
    assert max(len(call.ancestors) for call in read) == ANCESTORS_AT_MOST
    assert len(candidates(read)) <= NEIGHBOURS * len(read)
    assert duplicates(*rows)["0001"] == "0000"


def test_no_call_is_told_by_more_spans_than_anybody_sends() -> None:
    rows = [generation_row(f"{i:04}", scope_name=f"scope {i}", response_id="r", **TOKENS) for i in range(500)]
    told = duplicates(*rows)
    assert max(Counter(told.values()).values()) < LAYERS_AT_MOST
    shuffled = random.Random(1).sample(rows, len(rows))
    assert duplicates(*shuffled) == told
