"""Settled values stand in the row, its own beside them."""

import json

from contract.columns import S
from contract.settling import SettledSpan
from storage.settled import cover, remembered, settled_of
from tests.support.rows import generation_row


def test_what_is_covered_is_kept_and_what_was_open_is_not() -> None:
    row = generation_row("a", input_tokens=3, output_tokens=None, input=None)
    change = SettledSpan(
        "a", {"input_tokens": (5, "span:b"), "output_tokens": (2, "span:b"), "input": ("text", "span:b")}
    )
    cover(row, change)
    assert (row[S.input_tokens], row[S.output_tokens], row[S.input]) == (5, 2, "text")
    assert json.loads(row[S.own] or "") == {"input_tokens": 3}
    assert settled_of(row) == remembered(change)
    assert remembered(change)["input"] == (None, "span:b")
