"""Spans that arrive more than once in a group."""

from collections.abc import Sequence

from contract.columns import Row, S
from contract.settling import TraceFacts
from contract.translated import Translated
from storage.commit import Committer
from storage.copies import COPIES_AT_A_TIME, gathered
from tests.support.rows import span_row
from tests.support.stored import opened


def joined(rows: Sequence[Row]) -> Row:
    """All outputs, so that none can be lost unseen."""
    merged = list(rows[0])
    merged[S.output] = ",".join(row[S.output] for row in rows)
    return merged


def nothing_to_settle(trace: TraceFacts) -> list[object]:
    return []


def test_a_span_that_comes_once_has_no_copies() -> None:
    first, second = span_row("a"), span_row("b")
    rows, copies, in_parts = gathered([[first], [second]], joined)
    assert list(rows.values()) == [first, second]
    assert (copies, in_parts) == ({}, False)


def test_repeats_of_the_same_bytes_are_one() -> None:
    rows, copies, _ = gathered([[span_row("a", output="x")], [span_row("a", output="x")]], joined)
    assert [len(some) for some in copies.values()] == [1]
    assert len(rows) == 1


def test_a_span_that_is_told_part_by_part_is_said_to_be() -> None:
    assert gathered([[span_row("a", copies="[]")]], joined)[2]


def test_of_many_different_copies_none_is_lost() -> None:
    """More than are kept at a time, and exactly as many as leave one merged row."""
    for count in (2, COPIES_AT_A_TIME + 1, 3 * COPIES_AT_A_TIME):
        database = opened()
        connection = database.cursor()
        copies = [span_row("a", output=str(number)) for number in range(count)]
        Committer(nothing_to_settle, joined).commit(connection, [Translated([row]) for row in copies], 1)
        [(output,)] = connection.execute("SELECT output FROM span").fetchall()
        database.close()
        assert sorted(output.split(","), key=int) == [str(number) for number in range(count)]
