"""Acknowledged requests that the tables cannot hold: kept whole, as text (never seen but by a fault of ours)."""

import json
import logging
from base64 import b64decode, b64encode
from collections.abc import Iterator

import duckdb

from contract.errors import Unavailable
from contract.faults import frames_of
from contract.translated import Translated
from storage import position
from storage.database import begin, roll_back
from storage.payload import VERSION, MakeAgain, encode, restored, tables_of
from storage.pending import Pending, pending

logger = logging.getLogger(__name__)

PUT_SQL = "INSERT INTO unstorable VALUES (?, now()::TIMESTAMP, ?, ?)"
KEPT_SQL = "SELECT seq, payload FROM unstorable ORDER BY seq"
OUT_SQL = "DELETE FROM unstorable WHERE seq = ? AND payload = ?"
Kept = tuple[int, str]
AS_IT_WAS = "base64:"
"""Begins a record of the journal that could not be made into rows."""


def keep(connection: duckdb.DuckDBPyConnection, request: Pending, reason: str) -> None:
    """The request is kept, and the tables count as holding the journal up to it. Raises duckdb.Error: neither is so."""
    try:
        begin(connection)
        connection.execute(PUT_SQL, (request.seq, reason, text_of(request))).fetchall()
        position.put(connection, request.seq)
        connection.execute("COMMIT").fetchall()
    except duckdb.Error:
        roll_back(connection)
        raise


def text_of(request: Pending) -> str:
    """Also of rows that hold what no table can."""
    if request.unread is not None:
        return AS_IT_WAS + b64encode(request.unread).decode()
    try:
        return encode(request.translated).decode()
    except (TypeError, ValueError):
        return json.dumps([VERSION, *tables_of(request.translated)])


def kept(connection: duckdb.DuckDBPyConnection, make_again: MakeAgain) -> Iterator[tuple[Kept, Translated]]:
    """What this program can make into rows of it, in order; the rest stays."""
    for row in connection.execute(KEPT_SQL).fetchall():
        text = row[1]
        payload = b64decode(text[len(AS_IT_WAS) :]) if text.startswith(AS_IT_WAS) else text.encode()
        try:
            request = pending(row[0], restored(payload))
        except Unavailable:
            continue  # a newer program's
        except Exception as error:
            logger.error("request %d stays in table unstorable: %s\n%s", row[0], type(error).__name__, frames_of(error))
            continue
        request.make(make_again)
        if request.unread is None:
            yield row, request.translated


def take_out(connection: duckdb.DuckDBPyConnection, row: Kept) -> None:
    """The tables have it now."""
    connection.execute(OUT_SQL, row).fetchall()
