"""Acknowledged requests that the tables cannot hold: kept whole, as text (never seen but by a fault of ours)."""

from collections.abc import Iterator
from contextlib import suppress

import duckdb

from contract.errors import Unavailable
from contract.translated import Translated
from storage import position
from storage.database import begin, roll_back
from storage.payload import decode, encode

PUT_SQL = "INSERT INTO unstorable VALUES (?, now()::TIMESTAMP, ?, ?)"
KEPT_SQL = "SELECT seq, payload FROM unstorable ORDER BY seq"
OUT_SQL = "DELETE FROM unstorable WHERE seq = ? AND payload = ?"
Kept = tuple[int, str]


def keep(connection: duckdb.DuckDBPyConnection, seq: int, translated: Translated, reason: str) -> None:
    """The request is kept, and the tables count as holding the journal up to it. Raises duckdb.Error: neither is so."""
    try:
        begin(connection)
        connection.execute(PUT_SQL, (seq, reason, encode(translated).decode())).fetchall()
        position.put(connection, seq)
        connection.execute("COMMIT").fetchall()
    except duckdb.Error:
        roll_back(connection)
        raise


def kept(connection: duckdb.DuckDBPyConnection) -> Iterator[tuple[Kept, Translated]]:
    """What this program can read of it, in order; what a newer one kept stays."""
    for row in connection.execute(KEPT_SQL).fetchall():
        with suppress(Unavailable):
            yield row, decode(row[1].encode())


def take_out(connection: duckdb.DuckDBPyConnection, row: Kept) -> None:
    """The tables have it now."""
    connection.execute(OUT_SQL, row).fetchall()
