"""The thirty ways in which GenAI telemetry misleads a reader, each with the test that keeps us out of it."""

import itertools
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from contract.raw import key_values, restore
from contract.span import Batch, KeyValues, LogRecord, Resource, Scope, Span
from tests.support.golden import Record, shown_of
from tests.support.spans import SECOND, START_NS, record, scoped, seen, span, translated
from translator.values import parsed

TESTS = Path(__file__).parents[1]
HERE = "translator/test_pitfalls.py"
LOG_CALLS = "translator/test_log_calls.py"

PITFALLS: dict[int, tuple[str, ...]] = {
    1: (f"{HERE}::test_01_layers_of_one_call_total_what_the_call_used",),
    2: (f"{LOG_CALLS}::test_claude_codes_input_tokens_are_made_inclusive_and_its_cost_is_reported",
        f"{HERE}::test_02_a_cache_larger_than_the_input_never_makes_it_negative"),
    3: ("translator/test_engine.py::test_the_same_count_under_several_keys_counts_once",),
    4: (f"{HERE}::test_04_of_an_old_and_a_new_count_the_new_one_is_right",),
    5: ("translator/messages/test_indexed.py::test_prompt_name_is_no_content_and_indexed_wins_over_the_whole_string",),
    6: ("translator/messages/test_indexed.py::test_indices_order_numerically_and_may_have_gaps",),
    7: ("translator/messages/test_build.py::test_cut_json_is_kept_as_text_and_flagged",
        "translator/test_present.py::test_broken_json_stays_text_and_other_fields_are_mapped"),
    8: ("translator/test_present.py::test_structured_messages_and_their_json_text_are_shown_alike",),
    9: (f"{HERE}::test_09_a_record_before_after_or_without_its_span_tells_the_same_generation",
        "storage/test_writer.py::test_log_records_complete_their_span_before_or_after_it_once"),
    10: ("translator/messages/test_records.py::test_choices_come_by_index",
         "translator/test_derive.py::test_span_events_carry_messages_and_choices_in_index_order"),
    11: ("translator/test_derive.py::test_openinference_kind_comes_before_the_operation",),
    12: (f"{HERE}::test_12_a_chain_with_a_models_name_is_no_generation",),
    13: (f"{HERE}::test_13_a_tool_seen_by_sdk_client_and_server_is_one_run",),
    14: (f"{HERE}::test_14_a_span_named_chat_without_genai_keys_is_a_span",),
    15: (f"{HERE}::test_15_a_browsers_session_groups_and_a_transports_does_not",),
    16: ("translator/messages/test_build.py::test_tool_parameters_are_arguments_only_when_no_schema",),
    17: (f"{HERE}::test_17_first_token_in_seconds_milliseconds_and_nanoseconds_is_one_value",),
    18: ("translator/conventions/test_genai.py::test_finish_reasons_as_array_json_or_text",
         "translator/test_values.py::test_comma_joined_words_are_separate"),
    19: ("translator/test_values.py::test_counts_are_integers_from_zero_on_or_null",
         f"{HERE}::test_19_odd_counts_are_coerced_or_null_and_stay_in_the_attributes"),
    20: ("translator/test_derive.py::test_old_langfuse_sdk_wrote_span_for_generations",),
    21: ("translator/test_translate.py::test_environment_is_the_first_key_in_order_wherever_it_stands",),
    22: ("translator/test_precedence.py::test_sessions_of_transports_and_projects_are_none",),
    23: (f"{LOG_CALLS}::test_a_claude_code_request_is_a_generation_that_began_its_duration_earlier",),
    24: (f"{LOG_CALLS}::test_geminis_two_records_of_one_call_are_copies_of_one_span",),
    25: ("translator/messages/test_build.py::test_unknown_parts_are_kept_and_media_is_never_fetched",),
    26: ("translator/test_derive.py::test_an_unknown_kind_falls_through_to_the_next_rule",
         f"{HERE}::test_26_what_nobody_knows_is_kept_as_sent"),
    27: ("storage/test_writer.py::test_a_repeated_span_is_one_row_in_one_request_across_requests_and_after_a_restart",
         "storage/test_writer.py::test_a_more_complete_copy_completes_the_row_in_either_order"),
    28: (f"{HERE}::test_28_spans_keep_their_own_session_whatever_their_trace_says_elsewhere",),
    29: (f"{HERE}::test_29_hostile_keys_are_kept_and_of_equal_keys_the_last_counts",),
    30: ("translator/messages/test_indexed.py::test_vector_length_from_list_json_and_numbered_keys",
         f"{HERE}::test_30_a_vector_of_thousands_in_any_form_has_a_length"),
}  # fmt: skip
"""Number of the pitfall -> the tests that hold it up."""


def test_every_pitfall_has_a_test_that_exists() -> None:
    assert list(PITFALLS) == list(range(1, 31))
    named = [test.split("::") for tests in PITFALLS.values() for test in tests]
    assert [(path, name) for path, name in named if f"def {name}(" not in (TESTS / path).read_text()] == []


def told(*spans: Span, logs: tuple[LogRecord, ...] = ()) -> dict[str, Record]:
    """span id -> what a reader sees."""
    return {
        one["span_id"]: one for one in shown_of([Batch("default", START_NS, "http", list(spans), list(logs))]).spans()
    }


def layer(span_id: str, parent: str, scope: str, attributes: dict[str, Any], name: str = "chat") -> Span:
    return span(attributes, span_id=span_id * 16, parent_span_id=parent * 16, scope=scoped(scope), name=name)


USED = {"gen_ai.usage.input_tokens": 10, "gen_ai.usage.output_tokens": 5}
CHAT = {"gen_ai.operation.name": "chat", "gen_ai.request.model": "m"}
VERCEL = {"ai.model.id": "m", "ai.usage.promptTokens": 10, "ai.usage.completionTokens": 5}
OPENINFERENCE = {"openinference.span.kind": "LLM", "llm.model_name": "m", "llm.token_count.prompt": 10,
                 "llm.token_count.completion": 5}  # fmt: skip
LAYERS = {
    "vercel": [layer("a", "", "ai", VERCEL | {"ai.operationId": "ai.generateText"}),
               layer("b", "a", "ai", VERCEL | {"ai.operationId": "ai.generateText.doGenerate"})],
    "agent": [layer("a", "", "sdk", USED | {"gen_ai.operation.name": "invoke_agent"}),
              layer("b", "a", "sdk", USED | CHAT)],
    "framework and client": [layer("a", "", "openinference.instrumentation.langchain", OPENINFERENCE),
                             layer("b", "a", "opentelemetry.instrumentation.openai", USED | CHAT)],
    "raw request": [layer("a", "", "litellm", USED | CHAT, "litellm_request"),
                    layer("b", "a", "litellm", USED | CHAT, "raw_gen_ai_request")],
}  # fmt: skip


@pytest.mark.parametrize("case", LAYERS)
def test_01_layers_of_one_call_total_what_the_call_used(case: str) -> None:
    for spans in itertools.permutations(LAYERS[case]):
        counted = [s for s in told(*spans).values() if s["kind"] == "generation" and s["duplicate_of"] is None]
        assert [(s["input_tokens"], s["output_tokens"]) for s in counted] == [(10, 5)]


def test_02_a_cache_larger_than_the_input_never_makes_it_negative() -> None:
    row = seen(CHAT | {"gen_ai.usage.input_tokens": 4, "gen_ai.usage.cache_read.input_tokens": 6421})
    assert row["input_tokens"] >= 4


def test_04_of_an_old_and_a_new_count_the_new_one_is_right() -> None:
    row = seen(CHAT | {"gen_ai.usage.prompt_tokens": 9, "gen_ai.usage.input_tokens": 7})
    assert row["input_tokens"] == 7


def test_09_a_record_before_after_or_without_its_span_tells_the_same_generation() -> None:
    said = {"message": {"role": "assistant", "content": "yes"}, "finish_reason": "stop", "index": 0}
    call = span(CHAT | USED)
    shown = []
    for shift in (-5 * SECOND, 5 * SECOND):
        choice = record("gen_ai.choice", said, at=shift)
        for requests in ([Batch("p", 1, "http", [call]), Batch("p", 1, "http", logs=[choice])],):
            for order in (requests, requests[::-1]):
                (one,) = shown_of(order).spans()
                shown.append((one["synthetic"], one["output_messages"], one["finish_reasons"], one["input_tokens"]))
    assert shown == [shown[0]] * 4
    assert shown[0][1] == [
        {"role": "assistant", "parts": [{"type": "text", "content": "yes"}], "finish_reason": "stop"}
    ]
    (alone,) = shown_of([Batch("p", 1, "http", logs=[record("gen_ai.choice", said)])]).spans()
    assert (alone["kind"], alone["synthetic"], alone["output_messages"]) == ("generation", True, shown[0][1])
    (bare,) = shown_of([Batch("p", 1, "http", [call])]).spans()
    assert (bare["kind"], bare["output_messages"]) == ("generation", None)


def test_12_a_chain_with_a_models_name_is_no_generation() -> None:
    row = seen({"openinference.span.kind": "CHAIN", "llm.model_name": "m", "llm.token_count.prompt": 3})
    assert (row["kind"], row["input_tokens"]) == ("workflow", None)


def test_13_a_tool_seen_by_sdk_client_and_server_is_one_run() -> None:
    called = {"mcp.method.name": "tools/call", "gen_ai.tool.name": "weather"}
    spans = [
        layer("a", "", "sdk", {"gen_ai.operation.name": "execute_tool", "gen_ai.tool.name": "weather"}),
        layer("b", "a", "ai", {"ai.operationId": "ai.toolCall", "ai.toolCall.name": "weather"}),
        layer("c", "b", "mcp.client", called),
        layer("d", "c", "mcp.server", called),
    ]
    for order in itertools.permutations(spans):
        runs = [s for s in told(*order).values() if s["kind"] == "tool" and s["duplicate_of"] is None]
        assert len(runs) == 1


def test_14_a_span_named_chat_without_genai_keys_is_a_span() -> None:
    assert seen({"http.request.method": "POST"}, name="chat", kind=3)["kind"] == "span"


def test_15_a_browsers_session_groups_and_a_transports_does_not() -> None:
    assert seen({"session.id": "s", "http.request.method": "GET"})["session_id"] == "s"
    assert seen({"mcp.session.id": "s"})["session_id"] is None


@pytest.mark.parametrize(
    "sent",
    [
        CHAT | {"gen_ai.response.time_to_first_chunk": 0.5},
        CHAT | {"gen_ai.response.time_to_first_token": 500_000_000},
        {"ai.operationId": "ai.streamText.doStream", "ai.response.msToFirstChunk": 500},
    ],
)
def test_17_first_token_in_seconds_milliseconds_and_nanoseconds_is_one_value(sent: dict[str, Any]) -> None:
    assert seen(sent)["time_to_first_token_ms"] == pytest.approx(500)


@pytest.mark.parametrize(
    ("odd", "count"), [("12", 12), (12.0, 12), (-1, None), (float("nan"), None), (True, None), (2**53 + 1, 2**53 + 1)]
)
def test_19_odd_counts_are_coerced_or_null_and_stay_in_the_attributes(odd: Any, count: int | None) -> None:
    row = translated(span(CHAT | {"gen_ai.usage.input_tokens": odd}))
    assert row["input_tokens"] == count
    assert '"gen_ai.usage.input_tokens":' in row["raw_attributes"]


def test_26_what_nobody_knows_is_kept_as_sent() -> None:
    row = seen({"gen_ai.operation.name": "dream", "langfuse.observation.type": "novel", "gen_ai.request.model": "m"})
    assert row["operation"] == "dream"
    assert row["kind"] == "span"
    parts = seen(CHAT | {"gen_ai.output.messages": '[{"role":"assistant","parts":[{"type":"hologram","x":1}]}]'})
    assert parts["output_messages"][0]["parts"] == [{"type": "hologram", "x": 1}]


def test_28_spans_keep_their_own_session_whatever_their_trace_says_elsewhere() -> None:
    first = span(CHAT | {"gen_ai.conversation.id": "c1"})
    other_trace = replace(first, trace_id="c" * 32)
    second = span(CHAT | {"gen_ai.conversation.id": "c2"}, span_id="c" * 16)
    found = shown_of([Batch("p", 1, "http", [first, other_trace, second])]).traces
    assert [sorted(one["session_id"] for one in spans) for spans in found.values()] == [["c1", "c2"], ["c1"]]


def test_29_hostile_keys_are_kept_and_of_equal_keys_the_last_counts() -> None:
    pairs = [("__proto__", "x"), ("", 1), ("k" * 10_000, 2), ("gen_ai.request.model", "old"),
             ("gen_ai.request.model", "new"), *CHAT.items()]  # fmt: skip
    sent = KeyValues(pairs[:5])
    row = translated(span(sent))
    assert row["request_model"] == "new"
    back = restore(parsed(row["raw_attributes"]), {"input": row["input"], "output": row["output"]})
    assert key_values(back) == key_values(sent)


@pytest.mark.parametrize("form", ["list", "json", "indexed"])
def test_30_a_vector_of_thousands_in_any_form_has_a_length(form: str) -> None:
    vector = [0.25] * 3072
    key = "embedding.embeddings.0.embedding.vector"
    sent: dict[str, Any] = {
        "list": {key: vector},
        "json": {key: str(vector)},
        "indexed": {f"{key}.{place}": number for place, number in enumerate(vector)},
    }[form]
    row = seen({"openinference.span.kind": "EMBEDDING", **sent})
    assert (row["kind"], row["embedding_dimensions"]) == ("embedding", 3072)


def test_a_record_that_names_no_span_says_nothing_of_others() -> None:
    lonely = LogRecord("", "", START_NS, 0, 9, "", {"index": 0}, {}, "gen_ai.choice", Resource(), Scope())
    assert list(told(span(CHAT), logs=(lonely,))) == ["b" * 16]
