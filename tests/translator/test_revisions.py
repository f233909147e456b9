"""Spans that are told piece by piece."""

import random
from itertools import permutations
from typing import Any

import orjson
import pytest

from contract.columns import TRACE_KIND, Row, S
from contract.span import Batch, Event, Link, Resource, Scope, Span
from tests.support.langfuse import CLIENTS, RECEIVED_NS, event, folded, moment, named, recorded_events, rows_of
from tests.support.langfuse import translator as shared_translator
from tests.support.spans import span
from translator.merge import merge_copies
from translator.revisions import span_of

START_NS = 1_795_237_200_000_000_000
SECOND = 1_000_000_000


def of_generation(kind: str, event_id: str, at_s: float, **body: Any) -> dict[str, Any]:
    return event(f"generation-{kind}", event_id, at_s, id="o", traceId="t", **body)


CREATE = of_generation("create", "e1", 0, startTime=moment(0), name="llm", model="gpt-4o", input="hi")
UPDATE = of_generation("update", "e2", 2, output="hello", endTime=moment(2), usage={"input": 10, "output": 5})
LATER = of_generation("update", "e3", 3, level="ERROR", statusMessage="boom", metadata={"k": 1})


def test_parts_make_the_row_that_one_event_would_have_made() -> None:
    row = folded(CREATE, UPDATE)
    assert (row["kind"], row["name"], row["model"]) == ("generation", "llm", "gpt-4o")
    assert (row["input"], row["output"]) == ("hi", "hello")
    assert (row["input_tokens"], row["output_tokens"], row["total_tokens"]) == (10, 5, 15)
    assert (row["start_time"], row["end_time"]) == (START_NS, START_NS + 2 * SECOND)
    assert row["cost_source"] == "calculated"


def test_no_order_no_grouping_and_no_repetition_shows() -> None:
    rows = rows_of(CREATE, UPDATE, LATER)
    wanted = merge_copies(rows)
    for order in permutations(rows):
        step = order[0]
        for row in (*order[1:], order[0]):
            step = merge_copies([step, row])
        assert step == wanted
    assert wanted[S.status_message] == "boom"


def test_a_part_of_its_own_is_as_it_is_when_folded() -> None:
    for sent in (CREATE, UPDATE, LATER):
        [row] = rows_of(sent)
        assert merge_copies([row, row]) == row


def test_an_explicit_start_beats_the_time_of_an_event_and_the_first_explicit_one_counts() -> None:
    assert folded(UPDATE)["start_time"] == START_NS + 2 * SECOND
    assert folded(UPDATE, LATER)["start_time"] == START_NS + 2 * SECOND
    assert folded(UPDATE, CREATE)["start_time"] == START_NS
    moved = of_generation("update", "e9", 9, startTime=moment(8))
    assert folded(moved, CREATE)["start_time"] == START_NS
    assert folded(moved, UPDATE)["start_time"] == START_NS + 8 * SECOND


def test_a_trace_is_public_until_it_is_said_to_be_none_and_silence_changes_nothing() -> None:
    said, silent = event("trace-create", "a", 0, id="t", public=True), event("trace-create", "b", 5, id="t", name="n")
    private = event("trace-create", "c", 9, id="t", public=False)
    assert folded(said, silent)["raw_rest"] == folded(silent, said)["raw_rest"]
    assert orjson.loads(folded(said, silent)["raw_rest"])["public"] is True
    for events in ((said, silent, private), (private, silent, said)):
        assert "public" not in orjson.loads(folded(*events)["raw_rest"] or "{}")


def test_the_last_type_counts() -> None:
    assert folded(event("span-create", "a", 0, id="o"), event("agent-update", "b", 1, id="o"))["kind"] == "agent"


def test_metadata_is_joined_by_its_keys_and_nothing_is_erased_by_null() -> None:
    row = folded(
        of_generation("create", "a", 0, metadata={"k": 1, "kept": "x"}, output="o", version="v"),
        of_generation("update", "b", 1, metadata={"k": 2}, output=None, version=None),
    )
    assert orjson.loads(row["metadata"]) == {"k": 2, "kept": "x"}
    assert (row["output"], row["version"]) == ("o", "v")


def test_usage_is_replaced_whole_and_characters_are_no_tokens() -> None:
    first = of_generation("create", "a", 0, usageDetails={"input": 10, "cache_read_input_tokens": 3})
    assert folded(first, of_generation("update", "b", 1, usageDetails={"input": 7}))["cache_read_tokens"] is None
    counted = of_generation("create", "a", 0, usage={"input": 4, "output": 3, "total": 30, "unit": "CHARACTERS"})
    assert folded(counted)["input_tokens"] is folded(counted)["total_tokens"] is None


def test_a_cost_that_the_client_sent_is_reported() -> None:
    row = folded(of_generation("create", "a", 0, model="gpt-4o", usage={"input": 1, "output": 2, "totalCost": 0.5}))
    assert (row["total_cost"], row["cost_source"]) == (0.5, "reported")


def test_a_trace_is_told_by_a_row_that_is_no_span() -> None:
    row = folded(
        event("trace-create", "a", 0, id="t", timestamp=moment(0), name="chat", userId="u", input="q", tags=["x"]),
        event("trace-create", "b", 5, id="t", output="a", sessionId="s", tags=["y"], metadata={"m": 1}),
    )
    assert (row["kind"], row["synthetic"], row["duplicate_of"]) == (TRACE_KIND, True, "(trace)")
    assert (row["trace_name"], row["name"], row["start_time"], row["end_time"]) == ("chat", "chat", START_NS, None)
    assert (row["input"], row["output"], row["user_id"], row["session_id"]) == ("q", "a", "u", "s")
    assert orjson.loads(row["tags"]) == ["x", "y"]
    assert folded(event("trace-create", "a", id="t"))["name"] is None


@pytest.mark.parametrize("client", [name for name in CLIENTS if recorded_events(name)])
def test_recorded_events_in_any_order_make_the_same_rows(client: str) -> None:
    events = [each for each in recorded_events(client) if each["type"] != "score-create"]
    chance = random.Random(client)
    wanted = rows_by_id(events)
    for _ in range(3):
        shuffled = events + chance.sample(events, len(events) // 2)
        chance.shuffle(shuffled)
        assert rows_by_id(shuffled) == wanted


def rows_by_id(events: list[dict[str, Any]]) -> dict[tuple[str, str], Row]:
    rows: dict[tuple[str, str], Row] = {}
    for row in rows_of(*events):
        key = row[S.trace_id], row[S.span_id]
        rows[key] = merge_copies([rows[key], row]) if key in rows else row
    return rows


def of_otlp(**fields: Any) -> Row:
    usage = {"gen_ai.usage.input_tokens": 7, "gen_ai.usage.output_tokens": 1}
    sent = span(
        {"gen_ai.request.model": "gpt-4o", "langfuse.environment": "prod", **usage},
        trace_id="t", span_id="o", name="sent whole", start_ns=START_NS, end_ns=START_NS + SECOND, **fields,
    )  # fmt: skip
    return shared_translator().translate(Batch("default", RECEIVED_NS, "http", [sent])).spans[0]


def test_events_change_a_span_that_arrived_over_otlp_where_they_came_after_its_end() -> None:
    events = [Event(START_NS, "seen", {"a": 1})]
    rows = [of_otlp(events=events), *rows_of(CREATE, LATER)]
    wanted = merge_copies(rows)
    row = named(wanted)
    assert (row["name"], row["input_tokens"], row["input"]) == ("sent whole", 7, "hi")
    assert (row["status_message"], row["environment"]) == ("boom", "prod")
    assert span_of(wanted).events == events
    for order in permutations([*rows, rows[0]]):
        step = order[0]
        for other in order[1:]:
            step = merge_copies([step, other])
        assert step == wanted


def test_a_stored_span_is_the_span_that_arrived() -> None:
    sent = Span(
        trace_id="a" * 32, span_id="b" * 16, parent_span_id="c" * 16, name="n", kind=9, start_ns=0, end_ns=5,
        attributes={"x": b"\x00", "gen_ai.prompt": "long " * 20}, events=[Event(1, "e", {"y": 1.5}, 2)],
        links=[Link("d" * 32, "e" * 16, "s", {"z": [1]}, 3, 1)], status_code=7, status_message="m",
        resource=Resource({"r": 1}, 4, "u", [{"type": "service"}]), scope=Scope("s", "1", {"t": True}, 5, "v"),
        trace_state="w", flags=1, dropped_attributes_count=6, dropped_events_count=7, dropped_links_count=8,
    )  # fmt: skip
    [row] = shared_translator().translate(Batch("default", RECEIVED_NS, "http", [sent])).spans
    assert span_of(row) == sent
