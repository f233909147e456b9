"""What an error of the engine means for the rows that met it: never, not now, or not so many at a time."""

import logging

import duckdb

from contract.errors import Refused, TracepondError, Unavailable
from contract.faults import frames_once
from storage.engine_errors import is_damage
from storage.pending import TRIES, Pending

logger = logging.getLogger(__name__)

MEMORY = "memory"
"""Reason of an error that fewer rows, or the same rows later, may not meet."""

ALLOCATION_FAILED = ("could not allocate", "failed to allocate", "failed to pin block")
"""In the words of a COMMIT that ran out of memory (DuckDB 2.0), whose class is the same as a full disk's."""


INVALIDATED = "has been invalidated"
"""In the words of every error after a checkpoint that failed, and of that one or the next: mostly an IOException, no
FatalException (DuckDB 2.0)."""

COMMIT_FAILED = "Failed to commit"
"""In the words of a COMMIT that failed. For want of memory, some columns of a table may have rows that others have not:
the next checkpoint says "misaligned count", and until then answers may be wrong (DuckDB 2.0)."""

DAMAGED = "a part of the database file is damaged; when the server is stopped, `tracepond recover` saves the rest"


def damaged(error: BaseException) -> Unavailable | None:
    """What an error of the engine says where it met bytes that are not those that it wrote; null for any other."""
    if not isinstance(error, duckdb.Error) or not is_damage(str(error)):
        return None
    logger.error("%s: %s", DAMAGED, first_line(error))
    return Unavailable(DAMAGED, reason="damaged", retry_after_s=60)


def is_lost(error: BaseException) -> bool:
    """Whether the engine takes nothing and answers nothing any more until the file is opened again, or nothing that
    could be trusted."""
    if not isinstance(error, duckdb.Error):
        return False
    half_done = COMMIT_FAILED in str(error) and wants_memory(error)
    return isinstance(error, duckdb.FatalException) or INVALIDATED in str(error) or half_done


def wants_memory(error: BaseException) -> bool:
    return isinstance(error, (MemoryError, duckdb.OutOfMemoryException)) or any(
        words in str(error) for words in ALLOCATION_FAILED
    )


def meaning(error: Exception) -> TracepondError:
    """`Refused` for rows that can never be stored, `Unavailable` for all else."""
    if (told := damaged(error)) is not None:
        return told
    if INVALIDATED not in str(error) and wants_memory(error):
        logger.error("commit failed: %s", first_line(error))
        return Unavailable("the store has too little memory for this now", reason=MEMORY, retry_after_s=5)
    if is_lost(error):
        return Unavailable("the store failed and is opened again", reason="store", retry_after_s=5)
    if isinstance(error, (duckdb.TransactionException, duckdb.IOException)):
        logger.error("commit failed: %s", first_line(error))
        return Unavailable("the store cannot take data now (disk full?)", reason="store", retry_after_s=5)
    logger.error("rows that cannot be stored: %s\n%s", type(error).__name__, frames_once(error))
    return Refused("the store cannot hold this data", reason="internal")


def may_be_too_much(error: TracepondError | None) -> bool:
    """Whether a part of the rows may be stored where all of them were not."""
    return isinstance(error, Refused) or (isinstance(error, Unavailable) and error.reason == MEMORY)


def given_up(request: Pending, error: TracepondError | None) -> TracepondError | None:
    """The error of a request that cannot be made smaller: `Refused` once there was too little memory too often."""
    if isinstance(error, Unavailable) and error.reason == MEMORY:
        request.tries += 1
        if request.tries >= TRIES:
            return Refused("the store has too little memory for this", reason="internal")
    return error


def worth_another_try(request: Pending) -> bool:
    """Whether the last try failed for want of memory, and was not the last one."""
    return 0 < request.tries < TRIES


def first_line(error: BaseException) -> str:
    return str(error).splitlines()[0] if str(error) else type(error).__name__
