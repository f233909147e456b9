"""Pieces of long texts that no row refers to any more are deleted (docs/adr/0013).

Not with the row, but some time later: finding what refers to a piece takes 3 s of CPU at a million rows.
It is looked up on a reader's connection; the deletion runs between two groups, in steps, and asks again what has come
since: a piece that somebody sent anew meanwhile stays. Nobody reads what nothing refers to (`queries/get_content.sql`).
"""

import logging
import time
from collections.abc import Callable, Sequence
from functools import partial

import duckdb

from contract.errors import Unavailable
from storage.asking import ask
from storage.columns import stage
from storage.contents import IDS_SQL, KEYS, columns
from storage.database import Database, begin, roll_back, run
from storage.erasure import flushed_seq
from storage.writer import Writer

logger = logging.getLogger(__name__)

ContentKey = tuple[str, str]
"""(project, content id)"""

PIECES_A_STEP = 4096
"""About 16 MB of text: 10 ms of CPU where they lie together. Media is one piece of any size."""
RESTS = 20
"""After a sweep comes none for so many times as long: 5 % of a CPU at most."""
AT_A_TIME = 262_144
"""Pieces found by one look: 40 MB of ids."""

REFERENCES_SQL = """
SELECT DISTINCT project, {ids} AS content_id
FROM {table} WHERE apart IS NOT NULL AND commit_seq >= {seq:d}
"""
TABLES = ("span", "log_record")
DEAD_SQL = """
SELECT project, content_id FROM content WHERE place = 0
EXCEPT ({references})
LIMIT {limit:d}
"""
DELETE_SQL = """
DELETE FROM content AS t USING stage
WHERE t.project = stage.project AND t.content_id = stage.content_id
AND NOT EXISTS (SELECT 1 FROM ({references}) AS r WHERE r.project = t.project AND r.content_id = t.content_id)
"""


def references(from_seq: int) -> str:
    """SQL: what rows refer to that were written from that request on (a large one is stored in several groups)."""
    return " UNION ".join(
        REFERENCES_SQL.format(table=table, seq=from_seq, ids=IDS_SQL.format("apart")) for table in TABLES
    )


def dead(cursor: duckdb.DuckDBPyConnection) -> tuple[list[ContentKey], int]:
    """What nothing refers to in this state of the file, and the newest request it holds."""
    found = cursor.execute(DEAD_SQL.format(references=references(0), limit=AT_A_TIME)).fetchall()
    return found, flushed_seq(cursor)


def delete_step(connection: duckdb.DuckDBPyConnection, keys: Sequence[ContentKey], seen_seq: int) -> None:
    """These pieces are gone, but for those that something refers to since `seen_seq`; one transaction."""
    begin(connection)
    try:
        stage(connection, columns(KEYS, keys), DELETE_SQL.format(references=references(seen_seq)))
        run(connection, "COMMIT")
    except BaseException:
        roll_back(connection)
        raise


class Leftovers:
    """`due` when rows were deleted, and at the start (a row that was written anew leaves some, a crash too)."""

    def __init__(self, database: Database, writer: Writer, clock: Callable[[], float] = time.monotonic) -> None:
        self.due = True
        self._database = database
        self._writer = writer
        self._clock = clock
        self._rests_until = 0.0

    async def sweep_now_and_then(self) -> None:
        """One sweep where it is due and the last one is long enough ago; what went wrong is logged and tried again."""
        if not self.due or self._clock() < self._rests_until:
            return
        started, found = self._clock(), 0
        try:
            found = await self.sweep()
        except Unavailable as error:
            logger.warning("content that nothing refers to was not deleted: %s", error)
        except Exception:  # a fault of ours must not end the timer
            logger.exception("content that nothing refers to was not deleted")
        ended = self._clock()
        self._rests_until = ended + RESTS * (ended - started)
        if found:
            logger.info("%d pieces of content that nothing referred to are deleted", found)

    async def sweep(self) -> int:
        """How many pieces nothing referred to; they are gone. Raises `Unavailable` when the store is down."""
        self.due = False
        try:
            return await self._sweep()
        except BaseException:
            self.due = True
            raise

    async def _sweep(self) -> int:
        total = 0
        while True:
            found, seen = await ask(self._database, dead)
            for start in range(0, len(found), PIECES_A_STEP):
                step = partial(delete_step, keys=found[start : start + PIECES_A_STEP], seen_seq=seen)
                await self._writer.call(step, (), after_all=False)
            total += len(found)
            if len(found) < AT_A_TIME:
                return total
