"""Any span becomes a row, odd ones too; what arrived can be got back."""

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from contract.columns import LOG_COLUMNS, METRIC_COLUMNS, SPAN_COLUMNS, L, M, S
from contract.raw import any_value, key_values, restore
from contract.span import Batch, KeyValues, Link, LogRecord, MetricPoint, NonFinite, Resource, Scope
from receiver.otlp_decode import decode_traces
from tests.support.golden import GOLDEN, RECEIVED_NS
from tests.support.spans import SECOND, START_NS, event, record, scoped, seen, span, translated
from translator import translate
from translator.conventions import CONVENTIONS
from translator.engine import MAX_PLANS
from translator.present import present
from translator.translate import Translator

KEYS = sorted(
    {
        rule.key + suffix
        for convention in CONVENTIONS
        for fields in (convention.fields, *convention.events.values())
        for rules in fields.values()
        for rule in rules
        for suffix in {"key": ("",), "indexed": ("0", "1.role", "0.content", "x")}.get(rule.mode, ("session_id", "x"))
    }
)
EVENTS = sorted({name for convention in CONVENTIONS for name in convention.events} | {"gen_ai.choice", "exception"})
SCOPES = ["", "logfire", "logfire.openai_agents", "langfuse-sdk", "openlit.x", "openinference.instrumentation.x"]

scalars = (
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.sampled_from([NonFinite("nan"), NonFinite("inf")])
    | st.binary(max_size=8)
    | st.text(max_size=12)
    | st.sampled_from(
        ["{", '{"a":', "[]", "null", '"x"', '"\\"y\\""', '[{"role":"user"}]', '{"input": -1}', "12", "1e999"]
    )
)
values = st.recursive(
    scalars,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["role", "content", "parts", "type", "id", "usage", "input", "x"]), inner, max_size=4
        )
        | st.lists(st.tuples(st.sampled_from(["a", "$b"]), inner), max_size=3).map(KeyValues)
    ),
    max_leaves=8,
)
as_json = values.map(lambda value: json.dumps(any_value(value)))
attributes = st.dictionaries(st.sampled_from(KEYS), values | as_json, max_size=6)


@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(attributes, st.sampled_from(SCOPES), st.lists(st.tuples(st.sampled_from(EVENTS), attributes), max_size=2))
def test_any_value_in_any_attribute_gives_a_row_that_keeps_it(
    sent: dict[str, Any], scope: str, events: list[tuple[str, dict[str, Any]]]
) -> None:
    arrived = (key_values(sent), [key_values(inner) for _, inner in events])
    given_span = span(sent, scope=scoped(scope), events=[event(name, inner) for name, inner in events])
    row = translated(given_span)
    stored = json.loads(row["raw_attributes"]) if row["raw_attributes"] else {}
    back = json.loads(row["raw_events"]) if row["raw_events"] else []
    restored = (key_values(restore(stored, row)), [key_values(restore(entry[2], row)) for entry in back])
    assert restored == arrived
    shown = present(row, [], [])
    json.dumps(shown)
    for column in SPAN_COLUMNS:
        _check_type(row[column.name], column.type)


def _check_type(value: Any, kind: str) -> None:
    if value is None:
        return
    if kind in ("int", "time"):
        assert type(value) is int
        assert -(2**63) <= value < 2**63
    elif kind in ("json", "variant"):
        json.loads(value)
    else:
        assert type(value) is {"text": str, "float": float, "bool": bool}[kind]


@settings(max_examples=200, deadline=None)
@given(values, attributes)
def test_any_log_body_and_attributes_give_a_row(body: Any, sent: dict[str, Any]) -> None:
    out = Translator().translate(Batch("default", 5, "http", logs=[record("gen_ai.choice", body, sent)]))
    row = dict(zip((column.name for column in LOG_COLUMNS), out.logs[0], strict=True))
    assert any_value(restore(json.loads(row["raw_body"] or "null"), {})) == any_value(body)
    shown = present(translated(span()), [row], [])
    json.dumps(shown)


def test_an_empty_span_is_a_row_of_kind_span() -> None:
    row = translated(span())
    assert (row["kind"], row["status"], row["level"], row["otlp_kind"]) == ("span", "unset", "DEFAULT", "internal")
    assert row["parent_span_id"] is None
    assert row["raw_attributes"] is None
    assert row["conventions"] is None


def test_long_content_is_stored_once_and_comes_back() -> None:
    text = json.dumps([{"role": "user", "content": "x" * 100}])
    row = translated(span({"gen_ai.input.messages": text, "gen_ai.operation.name": "chat"}))
    assert row["input"] == text
    assert json.loads(row["raw_attributes"])["gen_ai.input.messages"] == {"$c": "input"}
    assert restore(json.loads(row["raw_attributes"]), row)["gen_ai.input.messages"] == text


def test_of_duplicate_keys_only_the_chosen_one_is_a_reference() -> None:
    first, last = "a" * 80, "b" * 80
    sent = KeyValues([("input.value", first), ("input.value", last)])
    row = translated(span(sent))
    assert row["input"] == last
    assert restore(json.loads(row["raw_attributes"]), row).pairs == sent.pairs


def test_times_that_were_not_sent_are_said_to_be_so() -> None:
    row = translated(span(start_ns=0, end_ns=0))
    assert row["start_time"] == START_NS + 5 * SECOND
    assert row["end_time"] is None
    assert json.loads(row["raw_rest"]) == {"start_ns": 0}
    assert translated(span(start_ns=0))["start_time"] == START_NS + SECOND


def test_absurd_times_are_clamped_and_kept_exactly() -> None:
    row = translated(span(start_ns=2**64 - 1, end_ns=2**64 - 1))
    assert row["start_time"] == row["end_time"] == 2**63 - 2
    assert json.loads(row["raw_rest"]) == {"start_ns": 2**64 - 1, "end_ns": 2**64 - 1}


def test_what_no_column_says_stands_in_the_rest() -> None:
    row = translated(span(kind=9, status_code=7, flags=257, trace_state="a=1", dropped_links_count=2))
    assert json.loads(row["raw_rest"]) == {
        "kind": 9, "status_code": 7, "flags": 257, "trace_state": "a=1", "dropped_links_count": 2,
    }  # fmt: skip
    assert (row["otlp_kind"], row["status"]) == ("unspecified", "unset")


def test_a_derived_status_leaves_the_sent_one_in_the_rest() -> None:
    row = translated(span({"langfuse.observation.level": "ERROR", "langfuse.observation.status_message": "no"}))
    assert (row["status"], row["status_message"], row["level"]) == ("error", "no", "ERROR")
    assert json.loads(row["raw_rest"]) == {"status_code": 0, "status_message": ""}


def test_lone_surrogates_do_not_lose_the_span() -> None:
    row = translated(span({"a": "x\ud800y", "b": 1}))
    assert json.loads(row["raw_attributes"]) == {"a": "x?y", "b": 1}


def test_links_and_events_are_kept() -> None:
    sent = span(links=[Link("c" * 32, "d" * 16, "s", {"k": 1}, 0, 1)], events=[event("e", {"k": b"x"})])
    row = translated(sent)
    assert json.loads(row["raw_links"]) == [["c" * 32, "d" * 16, "s", {"k": 1}, 0, 1]]
    assert json.loads(row["raw_events"]) == [[START_NS, "e", {"k": {"$b": "eA=="}}, 0]]


def test_resource_and_scope_are_kept_with_the_row() -> None:
    resource = Resource({"service.name": "shop", "deployment.environment.name": "prod", "service.version": "2"})
    row = translated(span(resource=resource, scope=Scope("lib", "1", {"k": 1})))
    assert (row["service_name"], row["environment"], row["version"]) == ("shop", "prod", "2")
    assert json.loads(row["raw_scope"]) == {"name": "lib", "version": "1", "attributes": {"k": 1}}
    assert json.loads(row["raw_resource"])["attributes"]["service.name"] == "shop"


@pytest.mark.parametrize("on_span", [True, False])
def test_environment_is_the_first_key_in_order_wherever_it_stands(on_span: bool) -> None:
    strong, weak = {"langfuse.environment": "a"}, {"deployment.environment.name": "b"}
    sent, resource = (strong, weak) if on_span else (weak, strong)
    assert translated(span(sent, resource=Resource(resource)))["environment"] == "a"


def test_a_rule_that_raises_is_no_answer_and_is_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    translator = Translator()

    def broken(_: Any) -> Any:
        raise ValueError("odd")

    plan = translator._engine.plan("", {"gen_ai.request.model": "m"})
    fields = tuple((place, tuple((key, broken, bit) for key, _, bit in some)) for place, some in plan.fields)
    monkeypatch.setattr(translator._engine, "plan", lambda *_: replace(plan, fields=fields))
    row = translated(span({"gen_ai.request.model": "m"}), translator)
    assert row["request_model"] is None
    labels = {"convention": "genai", "field": "request_model"}
    assert any(s.name == "translator_rule_failures_total" and s.labels == labels for s in translator.stats())


def test_conventions_and_unmapped_keys_are_counted() -> None:
    translator = Translator()
    translated(span({"gen_ai.operation.name": "chat", "gen_ai.nobody.knows": 1, "app.x": 1}), translator)
    figures = {(s.name, *s.labels.values()): s.value for s in translator.stats()}
    assert figures["spans_by_convention_total", "genai"] == 1
    assert figures["spans_by_convention_total", "langfuse"] == figures["spans_by_convention_total", "none"] == 0
    assert figures[("unmapped_attributes_total",)] == 1


def test_many_shapes_do_not_grow_the_plan_cache() -> None:
    translator = Translator()
    for nth in range(MAX_PLANS + 10):
        translated(span({f"k{nth}": 1}), translator)
    assert len(translator._engine._plans) <= MAX_PLANS


def test_log_record_falls_back_to_the_times_it_has() -> None:
    sent = [LogRecord("", "", 0, observed, 0, "", "hi", {}, "", Resource(), Scope()) for observed in (7, 0)]
    rows = Translator().translate(Batch("default", 9, "http", logs=sent)).logs
    assert [row[L.time] for row in rows] == [7, 9]
    assert [row[L.describes_span] for row in rows] == [False, False]
    assert rows[0][L.raw_body] == '"hi"'


def test_record_sent_again_has_the_same_digest_and_another_has_not() -> None:
    some = [
        record("gen_ai.choice", {"index": 0}),
        record("gen_ai.choice", {"index": 0}),
        record("gen_ai.choice", {"index": 1}),
    ]
    first, again, other = (
        Translator().translate(Batch("default", nth, "http", logs=[one])).logs[0] for nth, one in enumerate(some)
    )
    assert first[L.digest] == again[L.digest] != other[L.digest]
    assert len(first[L.digest]) == 32
    assert first[L.describes_span] is True


def test_metric_points_keep_integers_exactly() -> None:
    point = MetricPoint(
        "m",
        "",
        "s",
        "sum",
        2,
        True,
        0,
        5,
        2**60 + 1,
        None,
        None,
        None,
        None,
        {"k": 1},
        {"flags": 1},
        Resource(),
        Scope(),
    )
    row = Translator().translate(Batch("default", 9, "http", metric_points=[point])).metric_points[0]
    assert len(row) == len(METRIC_COLUMNS)
    assert (row[M.value_int], row[M.temporality], row[M.type]) == (2**60 + 1, "cumulative", "sum")
    assert json.loads(row[M.raw_data]) == {"flags": 1}


def test_no_row_shares_its_list_with_another() -> None:
    out = Translator().translate(Batch("default", 1, "http", [span(), span()]))
    assert out.spans[0] is not out.spans[1]
    assert out.spans[0][S.trace_id] == "a" * 32
    assert seen()["mapping"] == {}


def test_a_row_is_the_same_whatever_is_translated_beside_it(monkeypatch: pytest.MonkeyPatch) -> None:
    spans = []
    for path in sorted(GOLDEN.glob("*/[0-9]*-traces.pb")):
        spans += decode_traces(path.read_bytes(), "protobuf")[0]
    assert len(spans) > 200
    alone = Translator()
    rows = [alone.row(each, "default", RECEIVED_NS) for each in spans]
    for together in (3, len(spans)):
        monkeypatch.setattr(translate, "TOGETHER", together)
        found = Translator().translate(Batch("default", RECEIVED_NS, "http", spans)).spans
        assert found[: len(spans)] == rows, "behind them stands what they say of their traces"
