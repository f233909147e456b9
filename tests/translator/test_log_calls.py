"""Calls that only log records tell of: one span each, the same for a record sent again, gone beside the call's own."""

from typing import Any

import pytest

from contract.columns import SPAN_COLUMNS, S
from contract.span import Batch, LogRecord, Resource, Scope
from contract.stats import Sample
from tests.support.golden import batches, shown
from tests.support.spans import START_NS, record
from translator.log_calls import told_span
from translator.translate import Translator

CLAUDE = Scope("com.anthropic.claude_code.events", "2.1.197")
CODEX = Scope("codex_otel.log_only")
GEMINI = Scope("gemini-cli", "v1")
DETAILS = "gen_ai.client.inference.operation.details"
SECOND = 1_000_000_000

API_REQUEST = {
    "event.name": "api_request", "session.id": "s-1", "prompt.id": "p-1", "request_id": "req-1", "model": "m-20250101",
    "input_tokens": "4", "output_tokens": 7, "cache_read_tokens": 6421, "cache_creation_tokens": 10,
    "cost_usd": 0.25, "duration_ms": "1500", "user.id": "u-1",
}  # fmt: skip


def sent(
    scope: Scope, attributes: dict[str, Any], *, trace_id: str = "", span_id: str = "", body: Any = None
) -> LogRecord:
    return LogRecord(trace_id, span_id, START_NS, START_NS + 5, 0, "", body, attributes, "", Resource(), scope)


def rows(*records: LogRecord) -> list[dict[str, Any]]:
    out = Translator().translate(Batch("default", START_NS + 9, "http", logs=list(records)))
    names = [column.name for column in SPAN_COLUMNS]
    return [dict(zip(names, row, strict=True)) for row in out.spans]


def ids(*records: LogRecord) -> list[tuple[str, str]]:
    return [(row["trace_id"], row["span_id"]) for row in rows(*records)]


def test_a_claude_code_request_is_a_generation_that_began_its_duration_earlier() -> None:
    (row,) = rows(sent(CLAUDE, API_REQUEST, body="claude_code.api_request"))
    assert (row["kind"], row["synthetic"], row["response_model"]) == ("generation", True, "m-20250101")
    assert (row["start_time"], row["end_time"]) == (START_NS - 1_500_000_000, START_NS)
    assert (row["session_id"], row["user_id"], row["response_id"]) == ("s-1", "u-1", "req-1")


def test_claude_codes_input_tokens_are_made_inclusive_and_its_cost_is_reported() -> None:
    (row,) = rows(sent(CLAUDE, API_REQUEST))
    assert (row["input_tokens"], row["output_tokens"], row["total_tokens"]) == (6435, 7, 6442)
    assert (row["cache_read_tokens"], row["cache_write_tokens"]) == (6421, 10)
    assert (row["total_cost"], row["cost_source"]) == (0.25, "reported")


def test_the_same_record_has_the_same_ids_and_another_call_others() -> None:
    other = API_REQUEST | {"request_id": "req-2"}
    first, again, second = (ids(sent(CLAUDE, some))[0] for some in (API_REQUEST, dict(API_REQUEST), other))
    assert first == again
    assert first[0] == second[0]
    assert first[1] != second[1]


def test_a_prompt_is_the_parent_of_its_calls_and_tools() -> None:
    prompt = {"event.name": "user_prompt", "session.id": "s-1", "prompt.id": "p-1", "prompt": "hi"}
    tool = {"event.name": "tool_result", "prompt.id": "p-1", "tool_name": "Read", "tool_use_id": "t1",
            "success": "false", "duration_ms": "11", "error": "no such file", "tool_input": '{"f":"x"}'}  # fmt: skip
    agent, call, run = rows(sent(CLAUDE, prompt), sent(CLAUDE, API_REQUEST), sent(CLAUDE, tool))
    assert (agent["kind"], agent["input"], agent["parent_span_id"], agent["end_time"]) == ("agent", "hi", None, None)
    assert call["parent_span_id"] == run["parent_span_id"] == agent["span_id"]
    assert (run["kind"], run["name"], run["status"], run["status_message"]) == ("tool", "Read", "error", "no such file")
    assert {row["trace_id"] for row in (agent, call, run)} == {agent["trace_id"]}


def test_a_redacted_prompt_is_no_input() -> None:
    prompt = {"event.name": "user_prompt", "session.id": "s-1", "prompt.id": "p-1", "prompt": "<REDACTED>"}
    assert rows(sent(CLAUDE, prompt))[0]["input"] is None


def test_a_record_in_a_trace_stays_there_and_a_prompt_is_told_by_its_span() -> None:
    at = {"trace_id": "a" * 32, "span_id": "b" * 16}
    prompt = {"event.name": "user_prompt", "session.id": "s-1", "prompt.id": "p-1", "prompt": "hi"}
    (row,) = rows(sent(CLAUDE, API_REQUEST, **at), sent(CLAUDE, prompt, **at))
    assert (row["trace_id"], row["parent_span_id"]) == ("a" * 32, "b" * 16)


def test_a_failed_request_is_a_failed_generation_without_counts() -> None:
    failure = {"event.name": "api_error", "session.id": "s-1", "event.sequence": 3, "event.timestamp": "x",
               "model": "m", "error": "overloaded", "status_code": 529, "duration_ms": 20, "attempt": 1}  # fmt: skip
    (row,) = rows(sent(CLAUDE, failure))
    assert (row["kind"], row["status"], row["error_type"]) == ("generation", "error", "529")
    assert (row["request_model"], row["input_tokens"], row["total_cost"]) == ("m", None, None)


def test_codex_tells_a_call_in_one_of_its_many_events() -> None:
    event = {"event.name": "codex.sse_event", "event.kind": "response.completed", "conversation.id": "c-1",
             "event.timestamp": "2026-11-21T16:19:32.172Z", "model": "m"}  # fmt: skip
    usage = {"input_token_count": "3258", "output_token_count": "13", "cached_token_count": 8,
             "reasoning_token_count": 6, "ttft_ms": 14}  # fmt: skip
    (row,) = rows(
        sent(CODEX, event), sent(CODEX, event | usage), sent(CODEX, event | {"event.kind": "response.created"})
    )
    assert (row["request_model"], row["input_tokens"], row["output_tokens"]) == ("m", 3258, 13)
    assert (row["cache_read_tokens"], row["reasoning_tokens"], row["time_to_first_token_ms"]) == (8, 6, 14)
    assert (row["session_id"], row["end_time"]) == ("c-1", None)


def test_a_refused_codex_request_is_a_failed_call_and_an_accepted_one_is_told_by_its_stream() -> None:
    request = {"event.name": "codex.api_request", "conversation.id": "c-1", "attempt": 0, "model": "m",
               "duration_ms": "20", "event.timestamp": "2026-11-21T16:19:32.172Z"}  # fmt: skip
    (row,) = rows(
        sent(CODEX, request | {"http.response.status_code": 429}),
        sent(CODEX, request | {"http.response.status_code": 200}),
    )
    assert (row["kind"], row["status"], row["error_type"]) == ("generation", "error", "429")


def test_geminis_two_records_of_one_call_are_copies_of_one_span() -> None:
    at = {"session.id": "s", "event.timestamp": "2026-11-21T16:19:42.175Z"}
    response = at | {"event.name": "gemini_cli.api_response", "model": "m", "duration_ms": 250, "prompt_id": "p",
                     "input_token_count": 10, "output_token_count": 7, "thoughts_token_count": 5, "tool_token_count": 3,
                     "total_token_count": 25, "status_code": 200}  # fmt: skip
    details = at | {"event.name": DETAILS, "gen_ai.request.model": "m", "gen_ai.response.id": "r"}
    asked = at | {"event.name": DETAILS, "gen_ai.request.model": "m"}
    made = rows(sent(GEMINI, response), sent(GEMINI, details), sent(GEMINI, asked))
    assert len(made) == 2
    assert made[0]["span_id"] == made[1]["span_id"]
    assert (made[0]["input_tokens"], made[0]["output_tokens"], made[0]["total_tokens"]) == (13, 12, 25)
    assert (made[0]["status"], made[0]["error_type"]) == ("unset", None)


def test_a_genai_record_of_an_unknown_span_is_a_generation_with_that_spans_id() -> None:
    (row,) = rows(record("gen_ai.choice", {"message": {"content": "a"}}, at=9), record("gen_ai.choice", {}, at=3))
    assert (row["span_id"], row["kind"], row["synthetic"]) == ("b" * 16, "generation", True)
    assert row["start_time"] == START_NS + 3


def test_messages_sent_and_other_events_tell_of_no_call() -> None:
    assert rows(record("gen_ai.user.message", {"content": "hi"}), record("http.request"), record("api_request")) == []


def test_a_details_record_without_a_trace_tells_its_call_by_itself() -> None:
    sent_details = LogRecord(
        "", "", START_NS, 0, 9, "", None,
        {"gen_ai.response.id": "r", "gen_ai.request.model": "m", "gen_ai.usage.input_tokens": 3,
         "gen_ai.usage.output_tokens": 4, "gen_ai.operation.name": "chat", "gen_ai.conversation.id": "c"},
        DETAILS, Resource(), Scope("app"),
    )  # fmt: skip
    (row,) = rows(sent_details)
    assert (row["kind"], row["total_tokens"], row["response_id"], row["session_id"]) == ("generation", 7, "r", "c")
    assert ids(sent_details) == ids(sent_details)


def test_records_that_lose_their_span_are_told_by_the_span() -> None:
    """OpenLIT sends the record of a streamed call outside its span's context."""
    lost = LogRecord("", "", 1, 1, 0, "", None, {"gen_ai.response.id": "r"}, DETAILS, Resource(), Scope("openlit.x"))
    assert told_span(lost, DETAILS, "d") is None


@pytest.mark.parametrize("odd", [None, True, -1, "x", [], {}, float("nan"), 2**70, b"\xff", "9" * 400])
@pytest.mark.parametrize("scope", [CLAUDE, CODEX, GEMINI])
def test_odd_values_anywhere_never_raise(scope: Scope, odd: Any) -> None:
    names = ("api_request", "codex.sse_event", "codex.tool_result", "gemini_cli.api_response", "gemini_cli.tool_call")
    for name in names:
        some = dict.fromkeys((*API_REQUEST, "conversation.id", "call_id", "input_token_count", "response_text"), odd)
        translator = Translator()
        translator.translate(Batch("default", 9, "http", logs=[sent(scope, some | {"event.name": name})]))
        assert [sample for sample in translator.stats() if is_failure(sample)] == []


def is_failure(sample: Sample) -> bool:
    return sample.name == "translator_rule_failures_total"


def test_a_call_of_the_logs_and_of_the_spans_is_counted_once_and_has_the_cost_of_the_logs() -> None:
    spans = shown("claude-code-spans").spans()
    counted = [span for span in spans if span["kind"] == "generation" and span["duplicate_of"] is None]
    made = [span for span in spans if span["synthetic"]]
    assert len(counted) == 4
    assert not any(span["synthetic"] for span in counted)
    assert {span["duplicate_of"] for span in made} <= {span["span_id"] for span in spans if not span["synthetic"]}
    assert [span["cost_source"] for span in counted].count("reported") == 3
    assert any(span["output"] for span in counted)


def test_a_retry_of_every_request_changes_no_id() -> None:
    for capture in ("claude-code-logs", "codex-logs", "gemini-cli"):
        once = [Translator().translate(batch).spans for batch in batches(capture)]
        again = [Translator().translate(batch).spans for batch in batches(capture)]
        places = [[(row[S.trace_id], row[S.span_id]) for row in rows] for rows in once]
        assert places == [[(row[S.trace_id], row[S.span_id]) for row in rows] for rows in again]
