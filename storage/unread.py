"""Blocks that were written and that nobody reads: they are given back while a load goes on.

DuckDB keeps what it has written in memory up to its limit. With 160 bytes a span that was 100 MB after 700,000 spans,
of which nothing was ever asked (docs/performance.md). The limit stays what it is: transactions, checkpoints and many
readers need it. It is lowered for a moment between two transactions, and DuckDB drops such blocks first. Nobody else
asks anything just then: to set the limit takes 2 KiB itself, and below a low one others may have all there is.
"""

import logging
import time

import duckdb

from storage.database import Database
from storage.failures import first_line, is_lost

logger = logging.getLogger(__name__)

EVERY_S = 1.0
QUIET_S = 30.0
"""So long after the last question its blocks may be asked again."""
KEPT_BYTES = 16 << 20
"""Blocks that stay: the newest, which the next commits and lists look at."""
USED_SQL = """
SELECT
    coalesce(sum(memory_usage_bytes) FILTER (tag = 'BASE_TABLE'), 0)::BIGINT,
    coalesce(sum(memory_usage_bytes) FILTER (tag <> 'BASE_TABLE'), 0)::BIGINT
FROM duckdb_memory()
"""


class Unread:
    """Used by the thread that writes, between two transactions."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._looked_at = 0.0

    def give_back(self, connection: duckdb.DuckDBPyConnection) -> bool:
        """The limit is the usual one, and most written blocks are out of memory.

        False where it is not time to, somebody reads, they are few, or (which the log tells) the engine cannot do it
        now. Raises duckdb.Error where that is lost.
        """
        try:
            return self._given_back(connection)
        except duckdb.Error as error:
            if is_lost(error):
                raise
            logger.warning("what was written stays in memory: %s", first_line(error))
            return False

    def _given_back(self, connection: duckdb.DuckDBPyConnection) -> bool:
        self._database.limit.restore(connection)
        now = time.monotonic()
        if now - self._looked_at < EVERY_S:
            return False
        self._looked_at = now
        with self._database.gate.unread(QUIET_S) as unread:
            if not unread:
                return False
            [(blocks, others)] = connection.execute(USED_SQL).fetchall()
            if blocks <= KEPT_BYTES:
                return False
            with self._database.limit.another(connection, others + KEPT_BYTES // 2) as done:
                return done  # false: others use more than a moment ago
