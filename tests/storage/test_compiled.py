"""Columns made of rows by the compiled module are those that Python makes; what it does not take, Python decides."""

import gc
import math
import resource
from types import ModuleType
from typing import Any

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st

from contract.columns import Row, S
from contract.compiled import load
from storage import columns
from storage.columns import KINDS, NAMES, TABLES, table_of
from storage.compiled import PYTHON, SOURCES, choose, unescaped

MODULE = load("storage._arrow", SOURCES)
COMPILED = choose(MODULE)
needs_it = pytest.mark.skipif(isinstance(MODULE, str), reason=str(MODULE))

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)
VALUES = {
    "text": TEXTS,
    "json": TEXTS,
    "int": st.integers(-(2**63), 2**63 - 1),
    "time": st.integers(-(2**63) + 1, 2**63 - 1),
    "float": st.floats(),
    "bool": st.booleans(),
}


def rows_of(table: str) -> st.SearchStrategy[list[Row]]:
    """Rows of which many values are null, as in traffic."""
    row = st.tuples(*(st.none() | VALUES[column.type] for column in TABLES[table])).map(list)
    return st.lists(row, min_size=1, max_size=20)


def made_by(columnar: Any, table: str, rows: list[Row], monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setattr(columns, "COLUMNAR", columnar)
    return table_of(table, rows)


def told(found: Any) -> list[tuple[Any, ...]]:
    """What DuckDB reads, NaN equal to itself."""
    read = duckdb.connect().from_arrow(found).fetchall()
    return [tuple("NaN" if isinstance(v, float) and math.isnan(v) else v for v in row) for row in read]


@needs_it
@pytest.mark.parametrize("table", TABLES)
def test_any_rows_become_the_same_columns(table: str) -> None:
    @given(rows=rows_of(table))
    def check(rows: list[Row]) -> None:
        with pytest.MonkeyPatch.context() as patch:
            assert COMPILED.batch(rows, NAMES[table], KINDS[table]) is not None
            compiled, python = (made_by(columnar, table, rows, patch) for columnar in (COMPILED, PYTHON))
        assert compiled.schema == python.schema
        assert told(compiled) == told(python)

    check()


@needs_it
@pytest.mark.parametrize("height", [1, 7, 8, 9, 2047, 2048, 2049, 8192])
def test_any_number_of_rows_comes_whole(height: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Bits of eight rows share a byte, and the interpreter is offered to others after every 2,048."""
    rows: list[Row] = [[None] * len(TABLES["span"]) for _ in range(height)]
    for nth, row in enumerate(rows):
        row[S.span_id], row[S.streaming], row[S.start_time] = f"{nth:x}" * 40, nth % 3 == 0, nth
        row[S.input_tokens] = nth if nth % 2 else None
    found = made_by(COMPILED, "span", rows, monkeypatch)
    read = duckdb.connect().from_arrow(found).fetchall()
    places = (S.span_id, S.streaming, S.input_tokens)
    assert [[row[place] for place in places] for row in read] == [[row[place] for place in places] for row in rows]


@pytest.mark.parametrize("columnar", [pytest.param(COMPILED, marks=needs_it), PYTHON])
@given(st.lists(st.sampled_from([b"\0", b"\0\0\0", b"\1", b"x", bytes(9)])).map(b"".join))
def test_bytes_without_four_zeros_come_back(columnar: Any, body: bytes) -> None:
    made = columnar.escaped(body)
    assert made == PYTHON.escaped(body)
    assert bytes(4) not in made
    assert unescaped(made) == body


@needs_it
def test_many_bytes_are_escaped_like_few() -> None:
    body = b"".join(bytes(nth % 8) + b"text" for nth in range(200_000))
    assert len(body) > 1 << 20
    assert COMPILED.escaped(body) == PYTHON.escaped(body)


class Text(str):
    __slots__ = ()


ODD = [
    ("a text in a column of numbers", S.input_tokens, "many"),
    ("a number in a column of texts", S.name, 1),
    ("a number beyond 64 bits", S.output_tokens, 2**63),
    ("half of a surrogate pair", S.input, "\ud800"),
    ("a number where it is true or false", S.streaming, 1),
    ("true where it is a number", S.input_tokens, True),
    ("a whole number in a column of floats", S.total_cost, 0),
    ("a kind of text", S.output, Text("x")),
    ("a list", S.tags, ["a"]),
]


@needs_it
@pytest.mark.parametrize(("place", "value"), [odd[1:] for odd in ODD], ids=[odd[0] for odd in ODD])
def test_what_is_not_plainly_of_the_columns_type_is_left_to_python(place: int, value: Any) -> None:
    row: Row = [None] * len(TABLES["span"])
    row[place] = value
    assert COMPILED.batch([row], NAMES["span"], KINDS["span"]) is None


@needs_it
def test_rows_that_are_too_short_or_too_long_are_left_to_python() -> None:
    for rows in ([[None]], [[None] * 3], [(None, None)], [[None, None], []]):
        assert COMPILED.batch(rows, (b"a", b"b"), b"ul") is None  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="a kind for each name"):
        COMPILED.batch([], (b"a",), b"ul")


@needs_it
def test_columns_that_nobody_reads_leave_nothing_behind() -> None:
    """Batches taken and dropped, dropped unread, and given up on: 60 MB of text each time."""
    row: Row = ["x" * 60_000, 1]
    bad: Row = ["x" * 60_000, "1"]
    peaks = []
    for number in range(12):
        duckdb.connect().from_arrow(columns.arrow.Table.from_batches([columns.arrow.RecordBatch.from_arrow(
            COMPILED.batch([row] * 1000, (b"a", b"b"), b"ul"))]))  # fmt: skip
        COMPILED.batch([row] * 1000, (b"a", b"b"), b"ul").__arrow_c_array__()
        assert COMPILED.batch([row] * 999 + [bad], (b"a", b"b"), b"ul") is None
        gc.collect()
        if number in (3, 11):
            peaks.append(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
    assert peaks[1] < peaks[0] + 50_000  # KB; what eight more rounds would leave is 1.4 GB


@pytest.mark.parametrize("columnar", [COMPILED, PYTHON], ids=["compiled", "python"])
def test_rows_with_long_texts_are_found(columnar: Any) -> None:
    rows: list[Row] = [["ab", None, "abc"], [None, None, None], ["abc", "x", 5], ["", "äöü", None]]
    assert columnar.with_long_texts(rows[:2] + rows[3:], (0, 1), 2) == [2]
    assert columnar.with_long_texts(rows[:2], (0, 2), 1) == [0]
    assert columnar.with_long_texts(rows[2:3], (0, 1), 2) == [0]
    assert columnar.with_long_texts([], (0,), 2) == []


def test_python_makes_the_columns_where_nothing_was_compiled() -> None:
    module = ModuleType("storage._arrow")
    vars(module).update(batch=len, with_long_texts=max, escaped=sum)
    assert choose(module) == (len, max, sum)
    assert choose("it was not built") == PYTHON
