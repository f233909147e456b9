"""The columns and the places of their values in a row are two lists that must agree."""

import pytest

from contract.columns import (
    EMPTY_LOG,
    EMPTY_METRIC,
    EMPTY_SPAN,
    LOG_COLUMNS,
    METRIC_COLUMNS,
    SPAN_COLUMNS,
    Column,
    L,
    M,
    Places,
    Row,
    S,
)

TYPES = {"text", "int", "float", "bool", "time", "json"}
TABLES = [(SPAN_COLUMNS, S, EMPTY_SPAN), (LOG_COLUMNS, L, EMPTY_LOG), (METRIC_COLUMNS, M, EMPTY_METRIC)]


@pytest.mark.parametrize(("columns", "places", "empty"), TABLES, ids=["span", "log", "metric"])
def test_each_column_has_its_place_by_name_and_no_place_is_without_a_column(
    columns: tuple[Column, ...], places: Places, empty: Row
) -> None:
    named = {name: place for name, place in vars(places).items() if isinstance(place, int)}
    assert named == {column.name: place for place, column in enumerate(columns)}
    assert empty == [None] * len(columns)


@pytest.mark.parametrize("columns", [SPAN_COLUMNS, LOG_COLUMNS, METRIC_COLUMNS])
def test_names_are_told_once_and_types_are_known(columns: tuple[Column, ...]) -> None:
    assert len({column.name for column in columns}) == len(columns)
    assert {column.type for column in columns} <= TYPES
    assert all((column.type == "time") == column.name.endswith("time") for column in columns)
