"""Questions to the file: one state of it for as long as they last, no way to write, each statement parsed once.

`ask` is for those who look after the file: a connection of their own for one question.
"""

import re
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from functools import partial
from typing import TypeVar

import duckdb

from contract.errors import Unavailable
from contract.reading import Row
from contract.threads import to_its_end
from storage.database import Database, begin, roll_back
from storage.engine_errors import has_ended

Answer = TypeVar("Answer")

PARSED_AT_MOST = 64
LONGEST_PARSED = 32_768
"""Characters; 15,000 take 134 kB."""

_COMMENT = re.compile(r"^\s*--.*$", re.MULTILINE)
_PARAMETER = re.compile(r"(?<![\w'])\$([a-z]\w*)")


def parameters_of(sql: str) -> frozenset[str]:
    """The names that a statement binds values to."""
    return frozenset(_PARAMETER.findall(_COMMENT.sub("", sql)))


class Parsed:
    """Statements that are asked again and again, parsed once: 0.4 ms for 1,000 characters, 3 ms for a page of traces.

    Shared by threads and connections: a statement is copied by each question.
    """

    def __init__(self) -> None:
        self._statements: dict[str, duckdb.Statement] = {}

    def __call__(self, cursor: duckdb.DuckDBPyConnection, sql: str) -> duckdb.Statement:
        known = self._statements.get(sql)
        if known is None:
            [known] = cursor.extract_statements(sql)
            if len(sql) > LONGEST_PARSED:
                return known
            if len(self._statements) >= PARSED_AT_MOST:
                self._statements.clear()
            self._statements[sql] = known
        return known


@contextmanager
def one_state(cursor: duckdb.DuckDBPyConnection) -> Iterator[None]:
    """Every statement within sees the same committed state, and none can write."""
    begin(cursor, "BEGIN TRANSACTION READ ONLY")
    try:
        yield
    finally:
        roll_back(cursor)


def rows_of(result: duckdb.DuckDBPyConnection, at_most: int | None = None) -> list[Row]:
    """What a statement gives, by the names of its columns; or the next rows of it."""
    names = [column[0] for column in result.description or ()]  # none: it is closed by now, which the next line tells
    found = result.fetchall() if at_most is None else result.fetchmany(at_most)
    return [dict(zip(names, row, strict=True)) for row in found]


async def ask(database: Database, question: Callable[[duckdb.DuckDBPyConnection], Answer]) -> Answer:
    """What `question` returns, asked in a thread within one transaction that cannot write.

    Raises `Unavailable` where the file cannot answer now. Who cancels this waits until the question has ended, since it
    has the file open.
    """
    return await to_its_end(partial(_answer, database, question))


def _answer(database: Database, question: Callable[[duckdb.DuckDBPyConnection], Answer]) -> Answer:
    try:
        with database.gate.read(again=False), closing(database.cursor()) as cursor, one_state(cursor):
            return question(cursor)
    except duckdb.Error as error:
        if has_ended(error) or isinstance(error, (duckdb.IOException, duckdb.OutOfMemoryException)):
            raise Unavailable("the database cannot answer now", reason="database", retry_after_s=5) from error
        raise
