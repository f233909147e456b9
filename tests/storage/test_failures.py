"""What an error of the engine means for the rows that met it."""

import duckdb
import pytest

from contract.errors import Refused, TracepondError, Unavailable
from contract.translated import Translated
from storage.failures import MEMORY, TRIES, given_up, is_lost, may_be_too_much, meaning, worth_another_try
from storage.pending import Pending

COMMIT_WITHOUT_MEMORY = "TransactionContext Error: Failed to commit: could not allocate block of size 57.2 MiB"
COMMIT_WITHOUT_2_KIB = "TransactionContext Error: Failed to commit: failed to allocate data of size 2.0 KiB"
COMMIT_WITHOUT_DISK = 'TransactionContext Error: Failed to commit: Could not write file "x": No space left on device'

INVALIDATED = 'Database "pond" has been invalidated'
MISALIGNED = "Original error: Corrupted in-memory column - column with index 0 has misaligned count"


@pytest.mark.parametrize(
    ("error", "kind", "reason"),
    [
        (duckdb.OutOfMemoryException("could not allocate"), Unavailable, MEMORY),
        (MemoryError(), Unavailable, MEMORY),
        (duckdb.TransactionException(COMMIT_WITHOUT_MEMORY), Unavailable, MEMORY),
        (duckdb.TransactionException(COMMIT_WITHOUT_2_KIB), Unavailable, MEMORY),
        (duckdb.TransactionException(COMMIT_WITHOUT_DISK), Unavailable, "store"),
        (duckdb.IOException("No space left on device"), Unavailable, "store"),
        (duckdb.FatalException("invalidated"), Unavailable, "store"),
        (duckdb.Error("Corrupt database file: computed checksum 1 does not match"), Unavailable, "damaged"),
        (duckdb.IOException(f"{INVALIDATED} because checkpointing failed"), Unavailable, "store"),
        (duckdb.IOException(f"{INVALIDATED} because checkpointing failed. {MISALIGNED}"), Unavailable, "store"),
        (duckdb.ConversionException("Timestamp out of range"), Refused, "internal"),
        (OverflowError("Python int too large"), Refused, "internal"),
    ],
)
def test_an_error_is_never_or_not_now(error: Exception, kind: type[TracepondError], reason: str) -> None:
    told = meaning(error)
    assert type(told) is kind
    assert isinstance(told, (Refused, Unavailable))
    assert told.reason == reason
    assert may_be_too_much(told) == (reason not in ("store", "damaged"))


def test_a_row_that_the_memory_never_holds_counts_as_unstorable_after_some_tries() -> None:
    request, error = Pending(1, Translated()), Unavailable("too little memory", reason=MEMORY)
    for _ in range(TRIES - 1):
        assert given_up(request, error) is error
        assert worth_another_try(request)
    assert isinstance(given_up(request, error), Refused)
    assert not worth_another_try(request)


def test_a_full_disk_is_waited_for_without_end() -> None:
    request, error = Pending(1, Translated()), Unavailable("disk full", reason="store")
    assert {given_up(request, error) for _ in range(2 * TRIES)} == {error}
    assert not worth_another_try(request)
    assert given_up(request, None) is None


@pytest.mark.parametrize("words", ["could not allocate block of size 60.0 MiB", "failed to pin block of size 5.0 MiB"])
def test_a_commit_without_memory_is_no_full_disk(words: str) -> None:
    told = meaning(duckdb.TransactionException(f"Failed to commit: {words} (126.4 MiB/128.0 MiB used)"))
    assert "too little memory" in str(told)
    assert may_be_too_much(told)


@pytest.mark.parametrize(
    ("error", "lost"),
    [
        (duckdb.TransactionException(COMMIT_WITHOUT_MEMORY), True),
        (duckdb.TransactionException(COMMIT_WITHOUT_DISK), False),
        (duckdb.OutOfMemoryException("could not allocate block of size 57.2 MiB"), False),
        (duckdb.IOException(f"{INVALIDATED} because checkpointing failed. {MISALIGNED}"), True),
        (duckdb.FatalException("invalidated"), True),
        (ValueError(INVALIDATED), False),
    ],
)
def test_the_file_is_opened_again_where_no_answer_could_be_trusted(error: Exception, lost: bool) -> None:
    assert is_lost(error) == lost


def test_rows_that_can_never_be_stored_are_told_without_what_is_in_them(caplog: pytest.LogCaptureFixture) -> None:
    meaning(duckdb.ConversionException("Could not convert string 'a secret' to INT64"))
    assert "rows that cannot be stored: ConversionException" in caplog.text
    assert "a secret" not in caplog.text
