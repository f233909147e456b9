"""Which records describe a span, and whose session they name."""

from contract.columns import L, Row
from contract.span import Batch, KeyValues, LogRecord, Resource, Scope
from tests.support.spans import record
from translator.translate import Translator


def row_of(sent: LogRecord) -> Row:
    return Translator().translate(Batch("default", 9, "http", logs=[sent])).logs[0]


def test_the_events_name_may_be_a_field_an_attribute_or_in_the_body() -> None:
    for sent in (
        record("gen_ai.choice"),
        record("", attributes={"event.name": "gen_ai.choice"}),
        record("", body='{"event.name": "gen_ai.choice", "index": 0}'),
        record("", body={"event.name": "gen_ai.choice"}),
    ):
        row = row_of(sent)
        assert (row[L.event_name], row[L.describes_span]) == ("gen_ai.choice", True)


def test_a_body_with_a_key_twice_or_an_odd_one_is_a_body() -> None:
    for pairs in (
        [("x", 1), ("x", 2)],
        [("$x", 1)],
        [("event.name", "gen_ai.choice"), ("event.name", "gen_ai.choice")],
    ):
        row = row_of(record("", body=KeyValues(pairs)))
        assert row[L.event_name] == (pairs[0][1] if pairs[0][0] == "event.name" else None)
        assert row[L.raw_body] is not None


def test_other_records_and_records_without_a_span_describe_none() -> None:
    assert row_of(record("http.request"))[L.describes_span] is False
    lonely = LogRecord("", "", 1, 0, 0, "", None, {}, "gen_ai.choice", Resource(), Scope())
    assert row_of(lonely)[L.describes_span] is False


def test_session_and_user_come_by_a_list_of_keys() -> None:
    row = row_of(record("x", attributes={"session.id": "s", "gen_ai.conversation.id": "c", "user.id": "u"}))
    assert (row[L.session_id], row[L.user_id]) == ("s", "u")
    assert row_of(record("x", attributes={"mcp.session.id": "s"}))[L.session_id] is None
