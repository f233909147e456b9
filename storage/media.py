"""Files that clients send beside their spans, in the same database: copied and deleted with it.

Written on the writing connection between two groups, each in a transaction of its own: COMMIT has synced the log when
it returns. A file is there once a project; with the last trace that uses it it goes.
"""

import time
from collections.abc import Callable, Collection
from functools import partial
from typing import Any

import duckdb

from contract.media import Media, MediaUse
from contract.settling import TraceKey
from storage.asking import ask
from storage.database import Database, begin, roll_back, run
from storage.lookback import keys_stage
from storage.writer import Writer

ANNOUNCE_SQL = """
INSERT INTO media (project, media_id, content_type, size_bytes, sha256, received_time)
SELECT $project, $media_id, $content_type, $size_bytes, $sha256, make_timestamp_ns($now_ns)
WHERE NOT EXISTS (FROM media WHERE project = $project AND media_id = $media_id)
"""
AGAIN_SQL = """
UPDATE media SET received_time = make_timestamp_ns($now_ns) WHERE project = $project AND media_id = $media_id
"""
"""Its age is that of the last announcement: the trace may come long after."""
USE_SQL = """
INSERT INTO media_use (project, media_id, trace_id, span_id, field)
SELECT $project, $media_id, $trace_id, $span_id, $field
WHERE NOT EXISTS (
    FROM media_use WHERE project = $project AND media_id = $media_id AND trace_id = $trace_id
        AND span_id IS NOT DISTINCT FROM $span_id AND field = $field
)
"""
PUT_SQL = """
UPDATE media SET data = $data, uploaded_time = make_timestamp_ns($now_ns)
WHERE project = $project AND media_id = $media_id AND data IS NULL
"""
FIND_SQL = """
SELECT media_id, content_type, size_bytes, sha256, epoch_ns(uploaded_time) FROM media
WHERE project = $project AND media_id = $media_id
"""
READ_SQL = "SELECT data FROM media WHERE project = $project AND media_id = $media_id"
ERASE_USES_SQL = (
    "DELETE FROM media_use AS t USING stage WHERE t.project = stage.project AND t.trace_id = stage.trace_id"
)
ERASE_UNUSED_SQL = """
DELETE FROM media WHERE NOT EXISTS (
    FROM media_use WHERE media_use.project = media.project AND media_use.media_id = media.media_id
)
"""


class MediaTable:
    """`contract.media.MediaStore` on an open database."""

    def __init__(self, database: Database, writer: Writer, now_ns: Callable[[], int] = time.time_ns) -> None:
        self._database = database
        self._writer = writer
        self._now_ns = now_ns

    async def announce(self, project: str, media: Media, use: MediaUse) -> Media:
        """See `contract.media.MediaStore`."""
        identity = {"project": project, "media_id": media.media_id}
        described = {"content_type": media.content_type, "size_bytes": media.size_bytes, "sha256": media.sha256}
        used = {"trace_id": use.trace_id, "span_id": use.span_id, "field": use.field}
        now = {"now_ns": self._now_ns()}
        await self._write(
            (ANNOUNCE_SQL, identity | described | now), (AGAIN_SQL, identity | now), (USE_SQL, identity | used)
        )
        return await self.find(project, media.media_id) or media

    async def find(self, project: str, media_id: str) -> Media | None:
        """See `contract.media.MediaStore`."""
        found = await self._ask(FIND_SQL, project, media_id)
        return Media(*found[0]) if found else None

    async def put(self, project: str, media_id: str, data: bytes) -> None:
        """See `contract.media.MediaStore`."""
        bound = {"project": project, "media_id": media_id, "data": data, "now_ns": self._now_ns()}
        await self._write((PUT_SQL, bound))

    async def read(self, project: str, media_id: str) -> bytes | None:
        """See `contract.media.MediaStore`."""
        found = await self._ask(READ_SQL, project, media_id)
        return found[0][0] if found else None

    async def _ask(self, sql: str, project: str, media_id: str) -> list[tuple[Any, ...]]:
        bound = {"project": project, "media_id": media_id}
        return await ask(self._database, lambda cursor: cursor.execute(sql, bound).fetchall())

    async def _write(self, *statements: tuple[str, dict[str, Any]]) -> None:
        await self._writer.call(partial(in_one_transaction, statements=statements), (), after_all=False)


def in_one_transaction(
    connection: duckdb.DuckDBPyConnection, statements: Collection[tuple[str, dict[str, Any]]]
) -> None:
    begin(connection)
    try:
        for sql, bound in statements:
            connection.execute(sql, bound).fetchall()
        run(connection, "COMMIT")
    except BaseException:
        roll_back(connection)
        raise


def erase_of(connection: duckdb.DuckDBPyConnection, keys: Collection[TraceKey]) -> None:
    """The files that only these traces use are gone; part of the transaction that is open."""
    [(uses,)] = keys_stage(connection, keys, ERASE_USES_SQL)
    if uses:
        run(connection, ERASE_UNUSED_SQL)
