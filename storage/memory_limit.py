"""How much memory the engine may take: not all it has, but while a transaction ends or a checkpoint is made."""

from collections.abc import Iterator
from contextlib import contextmanager

import duckdb

ROOM_BYTES = 24 << 20
"""A row group has 70 columns, and pieces of 256 KiB were what a COMMIT could not have."""
AMPLE_BYTES = 250 << 20
"""With so much nothing is kept from readers: it was not seen to be missing there, and a load that nobody reads took 70
to 91 µs of CPU a span with it, 68 to 83 without (five rounds in turn)."""
ROOM_PART = 4
"""No more than such a part of a small limit."""


class MemoryLimit:
    """Of one open file; changed by the thread that writes."""

    def __init__(self, size_bytes: int) -> None:
        self.size_bytes = size_bytes
        """At most."""
        room_bytes = 0 if size_bytes >= AMPLE_BYTES else min(ROOM_BYTES, size_bytes // ROOM_PART)
        self.usual_bytes = size_bytes - room_bytes
        self.is_little = room_bytes > 0
        """So that who reads and who stores must take care of each other."""
        self.is_another = False
        """`restore` has something to do."""

    def give_room(self, connection: duckdb.DuckDBPyConnection) -> None:
        """Until `restore` there is more than many readers have left, also where the limit had stayed a low one.

        A COMMIT that has too little leaves a table of which some columns have rows that others have not, a CHECKPOINT
        invalidates the whole (DuckDB 2.0). With 15 readers and 85 MiB that came three times in 30 s; with it, once in
        90 s.
        """
        if self.is_another or self.is_little:
            self.is_another = True
            set_limit(connection, self.size_bytes)

    @contextmanager
    def another(self, connection: duckdb.DuckDBPyConnection, size_bytes: int) -> Iterator[bool]:
        """Within, the limit is another; false where it could not be set, since more is in use."""
        self.is_another = True
        try:
            yield set_limit(connection, size_bytes)
        finally:
            self.restore(connection)

    def restore(self, connection: duckdb.DuckDBPyConnection) -> None:
        """The limit is the usual one, or will be the next time: to set it takes up to 32 KiB, and more may be in use.

        Where readers took what there was more, DuckDB writes that to its folder: up to 0.7 s on a busy machine."""
        if self.is_another:
            self.is_another = not set_limit(connection, self.usual_bytes)


def set_limit(connection: duckdb.DuckDBPyConnection, size_bytes: int) -> bool:
    """False where that is not possible now, or the engine is lost, which the next statement will say."""
    try:
        connection.execute(f"SET memory_limit = '{size_bytes:d}B'").fetchall()
    except duckdb.Error:
        return False
    return True
