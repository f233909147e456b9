"""Acknowledged requests that the tables cannot hold: kept whole, as text (never seen but by a fault of ours).

The text lies in pieces: whoever sends what meets such a fault may do so for hours, and neither a checkpoint nor a start
may want memory for all of it.
"""

import json
import logging
import time
from base64 import b64decode, b64encode
from collections.abc import Callable, Iterator
from random import randrange
from uuid import uuid4

import duckdb

from contract.columns import Column
from contract.errors import TracepondError, Unavailable
from contract.faults import frames_once
from contract.translated import Translated
from storage import position
from storage.columns import stage
from storage.database import begin, roll_back
from storage.failures import first_line
from storage.payload import VERSION, MakeAgain, encode, restored, tables_of
from storage.pending import Pending, pending

logger = logging.getLogger(__name__)

PUT_SQL = "INSERT INTO unstorable VALUES (?, now()::TIMESTAMP, ?, ?)"
PUT_PIECES_SQL = "INSERT INTO unstorable_piece SELECT * FROM stage"
KEPT_SQL = "SELECT rowid FROM unstorable ORDER BY seq, rowid"
ONE_SQL = "SELECT seq, payload FROM unstorable WHERE rowid IN (SELECT ?::BIGINT)"
"""By its place: asked for directly, the texts of 2,048 rows are in memory at a time."""
PIECES_SQL = "SELECT text FROM unstorable_piece WHERE payload = ? ORDER BY place"
OUT_SQL = "DELETE FROM unstorable WHERE seq = ? AND payload = ?"
OUT_PIECES_SQL = "DELETE FROM unstorable_piece WHERE payload = ?"
IN_PIECES = "pieces:"
"""Begins the name of a text that lies in pieces; earlier programs put the text itself in its place."""
PIECE_CHARACTERS = 4096
COLUMNS = (Column("payload", "text"), Column("place", "int"), Column("text", "text"))
RETRY_S = 10.0
"""Before a server is ready."""
Kept = tuple[int, str]
"""`seq` and `payload` of a row."""
AS_IT_WAS = "base64:"
"""Begins a record of the journal that could not be made into rows."""


def keep(connection: duckdb.DuckDBPyConnection, request: Pending, reason: str) -> None:
    """The request is kept, and the tables count as holding the journal up to it. Raises duckdb.Error: neither is so."""
    try:
        begin(connection)
        connection.execute(PUT_SQL, (request.seq, reason, put(connection, text_of(request)))).fetchall()
        position.put(connection, request.seq)
        connection.execute("COMMIT").fetchall()
    except BaseException:
        roll_back(connection)
        raise


def set_aside(opened: Callable[[], duckdb.DuckDBPyConnection], request: Pending, reason: str) -> TracepondError | None:
    """An acknowledged request that the tables cannot hold is kept; else why that is not possible now."""
    try:  # the last try may have lost the engine
        keep(opened(), request, reason)
    except Unavailable as error:
        return error
    except duckdb.Error as error:
        return Unavailable(f"the store cannot take data now: {first_line(error)}", reason="store", retry_after_s=5)
    logger.error("request %d is kept in table unstorable and tried again at the next start", request.seq)
    return None


def put(connection: duckdb.DuckDBPyConnection, text: str) -> str:
    """The name of the text, which lies in pieces now; part of the transaction that is open."""
    name = f"{IN_PIECES}{uuid4().hex}"
    pieces = [text[start : start + PIECE_CHARACTERS] for start in range(0, len(text), PIECE_CHARACTERS)]
    values = ([name] * len(pieces), range(len(pieces)), pieces)
    stage(connection, list(zip(COLUMNS, values, strict=True)), PUT_PIECES_SQL)
    return name


def got(connection: duckdb.DuckDBPyConnection, payload: str) -> str:
    """The text that a payload is, or names."""
    if not payload.startswith(IN_PIECES):
        return payload
    return "".join(text for (text,) in connection.execute(PIECES_SQL, [payload]).fetchall())


def text_of(request: Pending) -> str:
    """Also of rows that hold what no table can."""
    if request.unread is not None:
        return AS_IT_WAS + b64encode(request.unread).decode()
    try:
        return encode(request.translated).decode()
    except (TypeError, ValueError):
        return json.dumps([VERSION, *tables_of(request.translated)])


def kept(connection: duckdb.DuckDBPyConnection, make_again: MakeAgain) -> Iterator[tuple[Kept, Translated | None]]:
    """Each request, one at a time, and its rows; null where they cannot be made now. Raises duckdb.Error.

    They begin anywhere: those that no program can make into rows are not all that is ever tried.
    """
    places = [place for (place,) in connection.execute(KEPT_SQL).fetchall()]
    first = randrange(len(places)) if places else 0
    for place in places[first:] + places[:first]:
        for seq, payload in connection.execute(ONE_SQL, [place]).fetchall():
            yield (seq, payload), made(seq, got(connection, payload), make_again)


def retry(
    opened: Callable[[], duckdb.DuckDBPyConnection], make_again: MakeAgain, stores: Callable[[Translated], bool]
) -> None:
    """What an earlier program could not store, this one may: as much of it as is tried in `RETRY_S`.

    Nothing about it keeps a server from starting. Raises what `opened` raises.
    """
    until = time.monotonic() + RETRY_S
    try:
        for row, translated in kept(opened(), make_again):
            if translated is not None and stores(translated):
                take_out(opened(), row)
            if time.monotonic() > until:
                logger.warning("not all of table unstorable was tried: the rest is at a later start")
                return
    except duckdb.Error as error:
        logger.error("table unstorable cannot be read now: %s", str(error).splitlines()[0])


def made(seq: int, text: str, make_again: MakeAgain) -> Translated | None:
    """The rows of what was kept; null where this program, or its memory now, cannot make them."""
    try:
        payload = b64decode(text[len(AS_IT_WAS) :]) if text.startswith(AS_IT_WAS) else text.encode()
        request = pending(seq, restored(payload))
        request.make(make_again)
    except Unavailable:  # a newer program's
        return None
    except Exception as error:
        logger.error("request %d stays in table unstorable: %s\n%s", seq, type(error).__name__, frames_once(error))
        return None
    return None if request.unread is not None else request.translated


def take_out(connection: duckdb.DuckDBPyConnection, row: Kept) -> None:
    """The tables have it now. Raises duckdb.Error: it is kept as it was."""
    seq, payload = row
    try:
        begin(connection)
        connection.execute(OUT_SQL, (seq, payload)).fetchall()
        connection.execute(OUT_PIECES_SQL, [payload]).fetchall()
        connection.execute("COMMIT").fetchall()
    except BaseException:
        roll_back(connection)
        raise
