"""Several events about one score are one score."""

from itertools import permutations
from typing import Any

import orjson

from contract.columns import C, Row
from contract.span import Batch, Revision
from receiver.langfuse_scores import score_of
from tests.support.langfuse import RECEIVED_NS
from translator.scores import merge_scores, score_row

START_NS = 1_795_237_200_000_000_000


def row(at: int, **body: Any) -> Row:
    sent = score_of(
        {"id": "s", "name": "n", "value": 1, "traceId": "t", **body}, Revision(START_NS + at, False, f"e{at}")
    )
    return score_row(sent, Batch("default", RECEIVED_NS + at, "http"))


def test_a_score_is_a_row() -> None:
    found = row(0, comment="c", metadata={"k": 1})
    assert [found[C.project], found[C.score_id], found[C.name], found[C.value], found[C.data_type]] == [
        "default", "s", "n", 1.0, "NUMERIC",
    ]  # fmt: skip
    assert (found[C.trace_id], found[C.comment], found[C.source]) == ("t", "c", "API")
    assert (found[C.time], found[C.received_time]) == (START_NS, RECEIVED_NS)
    assert orjson.loads(found[C.metadata]) == {"k": 1}


def test_the_last_value_counts_the_first_time_stays_and_order_does_not_show() -> None:
    rows = [row(0, comment="kept"), row(1, value=0.5), row(2, value=2)]
    wanted = merge_scores(rows)
    assert (wanted[C.value], wanted[C.comment], wanted[C.time]) == (2.0, "kept", START_NS)
    for order in permutations(rows):
        step = order[0]
        for other in (*order[1:], order[0]):
            step = merge_scores([step, other])
        assert step == wanted


def test_another_kind_of_value_takes_the_place_of_the_whole_value() -> None:
    changed = merge_scores([row(0, value=1), row(1, value="good")])
    assert (changed[C.value], changed[C.string_value], changed[C.data_type]) == (None, "good", "CATEGORICAL")
