"""The engine has more memory for a COMMIT and a CHECKPOINT, and the limit is what it was afterwards."""

from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from storage.database import Database, begin, run
from storage.memory_limit import ROOM_BYTES, ROOM_PART, MemoryLimit, set_limit

LIMIT_BYTES = 128 << 20
USUAL = f"{LIMIT_BYTES - ROOM_BYTES >> 20}.0 MiB"


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    made = Database(str(tmp_path / "x.duckdb"), memory_limit_bytes=LIMIT_BYTES)
    made.open()
    yield made
    made.close()


class Watched:
    """A connection that tells under which limits a statement ran, and may fail to set one."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, word: str, refused: str = "nothing") -> None:
        self._connection, self._word, self._refused = connection, word, refused
        self.limits: list[object] = []

    def execute(self, sql: str) -> duckdb.DuckDBPyConnection:
        if self._refused in sql:
            raise duckdb.OutOfMemoryException("failed to allocate data of size 2.0 KiB")
        if self._word in sql:
            self.limits.append(limit(self._connection))
        return self._connection.execute(sql)

    def close(self) -> None:
        self._connection.close()


def limit(connection: duckdb.DuckDBPyConnection) -> object:
    return run(connection, "SELECT current_setting('memory_limit')")[0][0]


def test_a_transaction_ends_with_room(database: Database) -> None:
    connection = database.cursor()
    watched = Watched(connection, "COMMIT")
    begin(connection)
    run(connection, "UPDATE store SET flushed_seq = 7")
    database.end(watched)  # type: ignore[arg-type]
    assert watched.limits == ["128.0 MiB"]
    database.limit.restore(connection)
    assert limit(connection) == USUAL
    assert run(database.cursor(), "SELECT flushed_seq FROM store") == [(7,)]


def test_a_checkpoint_has_room(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[Watched] = []

    def watched() -> Watched:
        seen.append(Watched(connection(), "CHECKPOINT"))
        return seen[0]

    connection = database.cursor
    monkeypatch.setattr(database, "cursor", watched)
    database.checkpoint()
    assert seen[0].limits == ["128.0 MiB"]
    assert limit(connection()) == USUAL


def test_a_small_limit_has_less_room() -> None:
    connection = duckdb.connect()
    known = MemoryLimit(64 << 20)
    known.give_room(connection)
    assert limit(connection) == "64.0 MiB"
    known.restore(connection)
    assert limit(connection) == f"{64 - 64 // ROOM_PART}.0 MiB"


def test_an_ample_limit_stays_as_it_is() -> None:
    connection, known = duckdb.connect(), MemoryLimit(256 << 20)
    assert known.usual_bytes == known.size_bytes
    set_limit(connection, 100 << 20)
    known.give_room(connection)
    known.restore(connection)
    assert limit(connection) == "100.0 MiB"


@pytest.mark.parametrize("size_bytes", [64 << 20, 256 << 20], ids=["small", "ample"])
def test_a_limit_that_has_stayed_low_is_raised_for_a_transaction_or_a_checkpoint_to_end(size_bytes: int) -> None:
    """A checkpoint that has too little memory loses the engine."""
    connection, known = duckdb.connect(), MemoryLimit(size_bytes)
    refusing = Watched(connection, "", refused=str(known.usual_bytes))
    with known.another(refusing, 32 << 20):  # type: ignore[arg-type]
        pass
    assert (limit(connection), known.is_another) == ("32.0 MiB", True)
    known.give_room(connection)
    assert limit(connection) == f"{size_bytes >> 20}.0 MiB"
    known.restore(connection)
    assert not known.is_another


def test_a_transaction_ends_without_room_where_the_limit_cannot_be_set(database: Database) -> None:
    connection = database.cursor()
    begin(connection)
    run(connection, "UPDATE store SET flushed_seq = 7")
    database.end(Watched(connection, "COMMIT", refused="memory_limit"))  # type: ignore[arg-type]
    assert run(database.cursor(), "SELECT flushed_seq FROM store") == [(7,)]


def test_a_limit_that_cannot_be_put_back_is_put_back_the_next_time() -> None:
    connection, known = duckdb.connect(), MemoryLimit(64 << 20)
    with known.another(Watched(connection, "", refused=str(48 << 20)), 32 << 20) as done:  # type: ignore[arg-type]
        assert done
    assert limit(connection) == "32.0 MiB"
    known.restore(connection)
    assert limit(connection) == "48.0 MiB"
    set_limit(connection, 16 << 20)
    known.restore(connection)
    assert limit(connection) == "16.0 MiB", "nothing was to be put back"


def test_an_error_within_is_told_and_the_limit_put_back() -> None:
    connection = duckdb.connect()
    with pytest.raises(duckdb.CatalogException), MemoryLimit(64 << 20).another(connection, 32 << 20):
        run(connection, "SELECT * FROM nowhere")
    assert limit(connection) == "48.0 MiB"
