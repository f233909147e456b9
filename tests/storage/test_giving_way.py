"""Readers give way to those that store."""

import os
import sys
import threading

import pytest

from storage.giving_way import MOST, NICE, give_way
from storage.reader import DuckReader
from tests.support.stored import opened

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="threads have no priorities of their own")


def priority() -> int:
    return os.getpriority(os.PRIO_PROCESS, threading.get_native_id())


def test_threads_that_answer_questions_give_way_where_they_should_and_no_others() -> None:
    database, own = opened(), priority()
    for gives_way in (True, False):
        reader = DuckReader(database, gives_way=gives_way)
        assert reader._executor.submit(priority).result() == (min(MOST, own + NICE) if gives_way else own)
        reader.close()
    assert priority() == own
    database.close()


def test_a_thread_that_gives_way_already_can_be_asked_again_and_again() -> None:
    def last() -> int:
        for _ in range(MOST):
            give_way()
        return priority()

    found: list[int] = []
    thread = threading.Thread(target=lambda: found.append(last()))
    thread.start()
    thread.join()
    assert found == [MOST]
