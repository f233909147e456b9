"""The handlers of one trace and one span; over a socket they are asked in tests/api/test_routes.py."""

from api.traces import grouped


def test_rows_are_grouped_in_order_and_those_without_a_value_left_out() -> None:
    rows = [{"k": "a", "n": 1}, {"k": None, "n": 2}, {"k": "b", "n": 3}, {"k": "a", "n": 4}]
    groups = grouped(rows, "k")
    assert {key: [row["n"] for row in members] for key, members in groups.items()} == {"a": [1, 4], "b": [3]}
