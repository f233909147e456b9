"""Questions of those who look after the file: a connection of their own for one question, one state of the file."""

import asyncio
from collections.abc import Callable
from typing import TypeVar

import duckdb

from contract.errors import Unavailable
from storage.database import Database, run

Answer = TypeVar("Answer")


async def ask(database: Database, question: Callable[[duckdb.DuckDBPyConnection], Answer]) -> Answer:
    """What `question` returns, asked in a thread within one transaction that cannot write.

    Raises `Unavailable` where the file cannot answer now.
    """
    return await asyncio.to_thread(_answer, database, question)


def _answer(database: Database, question: Callable[[duckdb.DuckDBPyConnection], Answer]) -> Answer:
    cursor = database.cursor()
    try:
        run(cursor, "BEGIN TRANSACTION READ ONLY")
        return question(cursor)
    except (
        duckdb.ConnectionException, duckdb.FatalException, duckdb.IOException, duckdb.OutOfMemoryException
    ) as error:  # fmt: skip
        raise Unavailable("the database cannot answer now", reason="database", retry_after_s=5) from error
    finally:
        cursor.close()
