"""What an outline says has to be settled is enough: the trace ends as if it had been settled whole."""

import json
import random
from collections.abc import Sequence
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from contract.columns import L, Row, S
from contract.settling import CALL_KINDS, CONTENT_COLUMNS, TraceFacts, facts_of_row
from tests.support.layers import Call, Layout, calls, layered, layouts
from tests.support.rows import generation_row, log_row, span_row
from translator.outline import Outline
from translator.settle import NEIGHBOURS, settle

TAIL = "streaming response from 'm'"


class Store:
    """What storage does with facts and outline, without a file."""

    def __init__(self) -> None:
        self.trace = TraceFacts()
        self.logs: dict[str, list[Row]] = {}
        self.outline = Outline(self.trace)
        self.settled_calls = 0

    def commit(self, rows: Sequence[Row], logs: Sequence[Row] = (), gone: Sequence[str] = ()) -> None:
        touched: dict[str, str | None] = {}
        for span_id in gone:
            touched[span_id] = self.trace.parents.pop(span_id, None)
            self.trace.calls.pop(span_id, None)
        for row in rows:
            span_id = row[S.span_id]
            touched[span_id] = self.trace.parents.get(span_id)
            self.trace.parents[span_id] = row[S.parent_span_id]
            self.trace.calls.pop(span_id, None)
            if row[S.kind] in CALL_KINDS:
                self.trace.calls[span_id] = facts_of_row(row)
        for row in logs:
            self.logs.setdefault(log_span(row), []).append(row)
            touched.setdefault(log_span(row), self.trace.parents.get(log_span(row)))
        self.trace.logs = {i: self.logs[i] for i in touched if i in self.logs}
        reached = self.outline.learn(self.trace, touched)
        self.trace.logs |= {i: self.logs[i] for i in reached if i in self.logs}
        self.settled_calls = len(reached)
        self.apply(TraceFacts(self.trace.parents, {i: self.trace.calls[i] for i in reached}, self.trace.logs))
        self.trace.logs = {}

    def apply(self, part: TraceFacts) -> None:
        for change in settle(part):
            kept = {n: (None if n in CONTENT_COLUMNS else v, s) for n, (v, s) in change.columns.items()}
            self.trace.calls[change.span_id].settled = kept

    def restart(self) -> None:
        self.outline = Outline(self.trace)

    def settled(self) -> dict[str, Any]:
        return {i: call.settled for i, call in self.trace.calls.items() if call.settled}

    def settled_whole(self) -> dict[str, Any]:
        whole = Store()
        whole.trace = TraceFacts(self.trace.parents, {}, self.logs)
        for span_id, facts in self.trace.calls.items():
            whole.trace.calls[span_id] = type(facts)(facts.values, facts.input_length, facts.output_length, {})
        whole.apply(whole.trace)
        return whole.settled()


def log_span(row: Row) -> str:
    return str(row[L.span_id])


def details(input_tokens: int, output_tokens: int) -> dict[str, str]:
    """Columns of a log record that knows the tokens of its call."""
    usage = {"gen_ai.usage.input_tokens": input_tokens, "gen_ai.usage.output_tokens": output_tokens}
    return {"event_name": "gen_ai.client.inference.operation.details", "raw_attributes": json.dumps(usage)}


ids = st.sampled_from([f"s{i}" for i in range(12)])
spans = st.builds(
    lambda span_id, parent, kind, scope, start, length, told: span_row(
        span_id, parent, kind=kind, scope_name=scope, start=start, end=start + length, **told
    ),
    ids,
    st.none() | ids,
    st.sampled_from(["generation", "generation", "generation", "tool", "embedding", "agent"]),
    st.sampled_from(["x", "y", "com.anthropic.sdk"]),
    st.integers(0, 6),
    st.sampled_from([0, 1, 4, -2]),
    st.fixed_dictionaries(
        {},
        optional={
            "response_id": st.sampled_from(["r1", "r2"]),
            "request_model": st.sampled_from(["m", "n"]),
            "input_tokens": st.integers(1, 2),
            "output_tokens": st.integers(1, 2),
            "cache_read_tokens": st.integers(0, 1),
            "status": st.sampled_from(["ok", "error"]),
            "span_name": st.just(TAIL),
            "tool_name": st.sampled_from(["t", "u"]),
            "tool_call_id": st.just("c"),
            "output": st.just("text"),
            "synthetic": st.just(True),
        },
    ),
)
records = st.builds(
    lambda span_id, number, usage: log_row(
        span_id,
        f"d{number}",
        **(details(number, 2) if usage else {}),
    ),
    ids,
    st.integers(1, 3),
    st.booleans(),
)
steps = st.lists(
    st.tuples(st.lists(spans, max_size=4), st.lists(records, max_size=2), st.lists(ids, max_size=1), st.booleans()),
    min_size=1,
    max_size=6,
)


@settings(max_examples=300)
@given(steps)
def test_in_any_steps_with_changes_removals_logs_and_restarts_the_trace_ends_as_settled_whole(steps: Any) -> None:
    store = Store()
    for rows, logs, gone, restart in steps:
        latest = {row[S.span_id]: row for row in rows}
        store.commit(list(latest.values()), logs, [i for i in gone if i not in latest])
        if restart:
            store.restart()
        assert store.settled() == store.settled_whole()


@given(layouts, st.lists(calls, min_size=1, max_size=8), st.randoms(use_true_random=False))
def test_layered_calls_that_come_one_by_one_end_as_settled_whole(
    layout: Layout, made: list[Call], chooser: random.Random
) -> None:
    trace, store = layered(layout, made), Store()
    chooser.shuffle(trace.rows)
    for row in trace.rows:
        store.commit([row])
    assert store.settled() == store.settled_whole()


def duplicates(store: Store) -> dict[str, str]:
    return {i: columns["duplicate_of"][0] for i, columns in store.settled().items() if "duplicate_of" in columns}


def test_a_span_that_comes_between_two_others_brings_them_together() -> None:
    store = Store()
    store.commit([generation_row("a"), generation_row("b", "n", input_tokens=1, output_tokens=1)])
    assert duplicates(store) == {}
    store.commit([span_row("n", "a", kind="agent")])
    assert len(duplicates(store)) == 1
    assert store.settled() == store.settled_whole()


def test_a_span_within_another_that_counts_without_the_cache_reaches_it() -> None:
    whole = generation_row("whole", scope_name="x", input_tokens=90, output_tokens=12, output="text")
    without = {"input_tokens": 50, "output_tokens": 12, "cache_read_tokens": 40}
    store = Store()
    store.commit([whole])
    store.commit([generation_row("without", "whole", scope_name="y", **without)])
    assert store.settled()["without"] == {"duplicate_of": ("whole", "rule")}
    assert store.settled() == store.settled_whole()


def test_a_tail_that_comes_late_takes_the_call_from_another() -> None:
    store = Store()
    call, early, late = (
        generation_row(i, "p", start=start, end=start, span_name=name, output="x" * size)
        for i, start, name, size in (("c", 0, "chat", 2), ("t1", 5, TAIL, 1), ("t2", 9, TAIL, 1))
    )
    store.commit([call, late])
    assert duplicates(store) in ({"t2": "c"}, {"c": "t2"})
    store.commit([early])
    assert set(duplicates(store)) | set(duplicates(store).values()) == {"c", "t1"}
    assert store.settled() == store.settled_whole()


def test_what_log_records_said_counts_after_a_restart_though_a_duplicate_covers_it() -> None:
    store = Store()
    wrapper = generation_row("a", response_id="r", scope_name="x", start=0, end=9, request_model="m", output="text")
    inner = generation_row("b", "a", response_id="r", scope_name="com.anthropic.sdk", start=1, end=2, request_model="m",
                           input_tokens=7, output_tokens=5)  # fmt: skip
    store.commit([wrapper, inner], [log_row("a", "d", **details(10, 5))])
    assert store.trace.calls["a"].settled["input_tokens"] == (7, "span:b")
    store.restart()
    beside = generation_row("c", scope_name="z", start=3, end=4, request_model="m", input_tokens=10, output_tokens=5)
    store.commit([beside])
    assert duplicates(store) == {"b": "a", "c": "a"}
    assert store.settled() == store.settled_whole()


def test_a_change_reaches_what_it_may_concern_and_not_the_trace() -> None:
    store = Store()
    store.commit([
        generation_row(f"{layer}{i}", f"x{i}" if layer == "y" else f"turn{i // 10}", scope_name=layer, start=i * 10,
                       end=i * 10 + 5, request_model="m", response_id=f"r{i}", input_tokens=9, output_tokens=9)
        for i in range(1000) for layer in ("x", "y")
    ])  # fmt: skip
    store.commit([generation_row("new", "turn1", request_model="m", start=99_999, end=99_999)])
    assert store.settled_calls == 1
    store.commit([span_row("turn1", "root", kind="agent")])
    store.commit([span_row("root", kind="agent")])
    assert store.settled_calls == 0
    store.commit([generation_row("z7", "y7", scope_name="z", start=70, end=75, response_id="r7")])
    assert store.settled_calls == 3
    assert len(duplicates(store)) == 1001


def test_calls_and_tails_far_apart_in_a_line_of_streams_are_no_pair() -> None:
    store = Store()
    rows = [generation_row(f"c{i:02}", "p", start=i, end=i) for i in range(NEIGHBOURS + 1)]
    rows += [generation_row(f"t{i:02}", "p", start=100 + i, end=100 + i, span_name=TAIL) for i in range(NEIGHBOURS + 1)]
    for row in random.Random(1).sample(rows, len(rows)):
        store.commit([row])
    assert store.settled() == store.settled_whole()
    assert len(duplicates(store)) == NEIGHBOURS // 2
