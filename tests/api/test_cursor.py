"""Cursors are sealed to their query."""

import base64

import orjson
import pytest

from api.cursor import After, decode_cursor, digest_of, encode_cursor
from contract.errors import BadQuery


def test_a_cursor_comes_back_as_it_was_given() -> None:
    after = After(2**62, ("a/b ü", "c"))
    assert decode_cursor(encode_cursor("d", after), "d", 2) == after


def test_the_digest_changes_with_every_part() -> None:
    assert len({digest_of("p", "a", ["x"]), digest_of("p", "b", ["x"]), digest_of("p", "a", ["y"])}) == 3


FORGED = [
    [],
    ["d"],
    ["d", "1", "a"],
    ["d", True, "a"],
    ["d", 2**63 - 1, "a"],
    ["d", 1],
    ["d", 1, 2],
    ["d", 1, "a", "b"],
    {},
]


@pytest.mark.parametrize("content", FORGED)
def test_a_forged_cursor_is_refused(content: object) -> None:
    text = base64.urlsafe_b64encode(orjson.dumps(content)).decode()
    with pytest.raises(BadQuery):
        decode_cursor(text, "d", 1)


@pytest.mark.parametrize("text", ["", "!", "YQ", "ü", "bnVsbA"])
def test_what_is_no_cursor_is_refused(text: str) -> None:
    with pytest.raises(BadQuery, match="not one that this server gave"):
        decode_cursor(text, "d", 1)
