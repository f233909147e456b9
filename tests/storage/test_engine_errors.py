"""What the engine's errors say."""

import duckdb
import pytest

from storage.engine_errors import explain_open_failure, has_ended, is_damage


def test_a_damaged_log_is_told_from_a_damaged_file() -> None:
    said = explain_open_failure("p", "IO Error: Failure while replaying WAL file: checksum\nmore")
    assert said.startswith(
        "p.wal is damaged and was left as it is: IO Error: Failure while replaying WAL file: checksum."
    )
    assert "`tracepond recover`" in said


def test_what_is_wrong_in_memory_only_is_no_damage() -> None:
    assert is_damage("IO Error: Corrupt database file: computed checksum 1 does not match stored checksum 2")
    assert not is_damage("FATAL Error: Corrupted in-memory column - misaligned count in row group 3")


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (duckdb.InterruptException("INTERRUPT Error: Interrupted!"), True),
        (duckdb.InvalidInputException("Invalid Input Error: No open result set"), True),
        (duckdb.InvalidInputException("Invalid Input Error: no such parameter"), False),
        (duckdb.OutOfMemoryException("Out of Memory Error"), False),
    ],
)
def test_a_connection_that_is_closed_is_told_from_a_question_that_cannot_be(error: Exception, expected: bool) -> None:
    assert has_ended(error) is expected
