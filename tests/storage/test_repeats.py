"""What was stored before is told by its digest, at its time."""

import pytest

from contract.columns import L
from storage.columns import insert
from storage.database import Database
from storage.repeats import LATEST, SENT_AGAIN_NS, without_repeats
from tests.support.rows import START_NS, log_row

COME_NS = START_NS + 10**12


@pytest.mark.parametrize(
    ("time_ns", "received_ns", "again_ns", "is_new"),
    [
        (START_NS, COME_NS, START_NS, False),  # its own time, whenever it comes again
        (COME_NS, COME_NS, COME_NS + 60 * 10**9, False),  # no time of its own: stored at the one when it came
        (COME_NS, COME_NS, COME_NS + SENT_AGAIN_NS + 1, True),
        (LATEST + 1, COME_NS, LATEST + 1, False),
    ],
)
def test_one_that_is_sent_again_is_known(
    database: Database, time_ns: int, received_ns: int, again_ns: int, is_new: bool
) -> None:
    connection = database.cursor()
    insert(connection, "log_record", [log_row("a", "d", time=time_ns, received_time=received_ns)])
    received_again_ns = again_ns if time_ns == received_ns else COME_NS + SENT_AGAIN_NS
    again = log_row("a", "d", time=again_ns, received_time=received_again_ns)
    other = log_row("a", "another", time=again_ns, received_time=received_again_ns)
    found = without_repeats(connection, "log_record", [again, other, other], L)
    assert found == ([again, other] if is_new else [other])
