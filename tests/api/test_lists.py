"""Pages and their cursors; the routes themselves are asked in tests/api/test_routes.py."""

from api.cursor import After, decode_cursor
from api.lists import METRIC_POINTS, SPANS, next_cursor, page_parameters
from api.parameters import ListQuestion

QUESTION = ListQuestion(2, "none", 5, None, None, (), "digest")


def test_one_row_more_than_the_page_is_asked_for_and_io_where_it_is_taken() -> None:
    asked = page_parameters("p", SPANS, QUESTION, generations=True)
    assert asked == {"project": "p", "limit": 3, "generations": True, "io": "none", "from_ns": 5, "to_ns": None}
    assert "io" not in page_parameters("p", METRIC_POINTS, QUESTION)


def test_a_page_begins_behind_the_last_row_of_the_one_before() -> None:
    question = ListQuestion(2, "none", None, None, After(7, ("t", "s")), (), "digest")
    asked = page_parameters("p", SPANS, question)
    assert (asked["after_ns"], asked["after_trace_id"], asked["after_span_id"]) == (7, "t", "s")


def test_the_cursor_names_the_last_row_of_the_page_and_the_last_page_has_none() -> None:
    rows = [{"start_time": 9 - n, "trace_id": "t", "span_id": f"s{n}"} for n in range(3)]
    cursor = next_cursor(rows, QUESTION, SPANS, "start_time")
    assert cursor is not None
    assert decode_cursor(cursor, "digest", 2) == After(8, ("t", "s1"))
    assert next_cursor(rows[:2], QUESTION, SPANS, "start_time") is None
