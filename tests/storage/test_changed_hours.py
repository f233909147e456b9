"""The hours of rows that change are named once, and only where there are sums of them."""

import duckdb

from storage import changed_hours
from storage.changed_hours import HOUR_NS, HOUR_SQL, changed, reset, state
from storage.database import Database


def test_hours_are_named_once_and_only_where_something_is_added_up() -> None:
    database = Database(":memory:")
    database.open()
    cursor = database.cursor()
    changed(cursor, [(7,)])
    assert state(cursor) == (0, [])
    cursor.execute("UPDATE summed SET last_seq = 5").fetchall()
    for hours in ([(7,), (None,), (7,)], [(7,), (3,)], []):
        changed(cursor, hours)
    assert state(cursor) == (5, [7, 3])
    changed(cursor, [(hour,) for hour in range(changed_hours.CHANGED_AT_MOST + 1)])
    assert state(cursor) == (0, [])
    reset(cursor)
    database.close()


def test_a_time_that_is_none_has_no_hour() -> None:
    times = f"(make_timestamp_ns({HOUR_NS * 5 - 1})), ('infinity'::TIMESTAMP_NS), (NULL)"
    rows = duckdb.connect().execute(f"SELECT {HOUR_SQL} FROM (VALUES {times}) AS span(start_time)").fetchall()
    assert rows == [(4,), (None,), (None,)]
