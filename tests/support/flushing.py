"""A flusher over a file of its own."""

from pathlib import Path
from typing import Any

from contract.columns import Row
from contract.settling import Settle
from contract.span import Extent, Sent
from contract.translated import Translated
from storage.commit import Committer
from storage.database import Database
from storage.flusher import Flusher
from storage.pace import GROUP_BYTES
from storage.payload import MakeAgain
from storage.pending import Pending, pending
from storage.renewal import Renewal
from storage.writer import nothing_was_sent
from translator.merge import merge_copies
from translator.settle import settle


class Store:
    """A flusher without its thread over a database file; requests are numbered from 1."""

    def __init__(
        self,
        path: Path,
        rule: Settle = settle,
        make_again: MakeAgain = nothing_was_sent,
        *,
        memory_limit_bytes: int = 256_000_000,
    ) -> None:
        self.database = Database(str(path), memory_limit_bytes=memory_limit_bytes)
        self.database.open()
        committer = Committer(rule, merge_copies)
        self.flusher = Flusher(
            self.database, committer, make_again, GROUP_BYTES, checkpoint_wal_bytes=1 << 30, renewal=Renewal()
        )
        self.flusher.connect()
        self.seq = self.flusher.flushed_seq

    def request(self, *rows: Row, logs: tuple[Row, ...] = ()) -> Pending:
        self.seq += 1
        return Pending(self.seq, Translated(list(rows), list(logs), size_bytes=100))

    def sent(self, body: bytes, items: int = 1) -> Pending:
        """A request that `make_again` makes rows of."""
        self.seq += 1
        return pending(self.seq, Sent("traces", "default", 1, "http", body, Extent(items)))

    def rows(self, sql: str = "SELECT span_id FROM span ORDER BY ALL") -> list[tuple[Any, ...]]:
        cursor = self.database.cursor()
        try:
            return cursor.execute(sql).fetchall()
        finally:
            cursor.close()

    def close(self) -> None:
        self.flusher.stop()
        self.database.close()
