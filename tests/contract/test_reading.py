"""The lists that say what can be asked."""

from contract.columns import SPAN_COLUMNS
from contract.reading import FIELDS, OPERATORS, QUERIES, SPAN_FIELDS, TRACE_RECORD_FIELDS


def test_every_field_has_a_type_that_has_operators() -> None:
    types = {kind for fields in FIELDS.values() for kind in fields.values()}
    assert types <= OPERATORS.keys()


def test_lists_in_json_columns_are_asked_as_lists() -> None:
    assert SPAN_FIELDS["tags"] == SPAN_FIELDS["finish_reasons"] == TRACE_RECORD_FIELDS["models"] == "list"


def test_what_is_kept_for_the_store_itself_cannot_be_asked_for() -> None:
    """`project` least of all: it comes from the key of the asker."""
    hidden = {"project", "own", "settled_from", "copies", "commit_seq", "digest", "raw_attributes", "raw_body"}
    for fields in FIELDS.values():
        assert not hidden & fields.keys()


def test_every_other_span_column_can_be_asked_for_and_the_duration_too() -> None:
    columns = {column.name for column in SPAN_COLUMNS if not column.name.startswith("raw_")}
    assert columns - SPAN_FIELDS.keys() == {
        "project", "metadata", "own", "settled_from", "copies", "commit_seq", "apart", "preview",
    }  # fmt: skip
    assert SPAN_FIELDS["duration_ms"] == "float"
    assert SPAN_FIELDS["start_time"] == "time"


def test_a_field_of_spans_means_the_record_where_the_record_has_it() -> None:
    traces = FIELDS["list_traces"]
    assert traces["models"] == "list"
    assert traces["tool_name"] == "text"
    assert traces["total_cost"] == TRACE_RECORD_FIELDS["total_cost"]


def test_queries_are_named_once() -> None:
    assert len(set(QUERIES)) == len(QUERIES)
    assert set(FIELDS) < set(QUERIES)
