"""Texts in pieces: joined they are the text, and what two texts share is shared."""

import base64
import json
import random
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storage.pieces import MEDIA_CHARACTERS, PIECE_CHARACTERS, Piece, pieces

WORDS = random.Random(5)
PNG = base64.b64encode(b"\x89PNG\r\n\x1a\n" + WORDS.randbytes(30_000)).decode()


def prose(words: int) -> str:
    return " ".join(f"word{WORDS.randrange(10_000)}" for _ in range(words))


def kept(text: str) -> dict[str, Piece]:
    """By id; whatever the text, it comes back and no piece of text is long."""
    found = list(pieces(text))
    assert "".join(piece.text for piece in found) == text
    assert all(0 < len(piece.text) <= 2 * PIECE_CHARACTERS for piece in found if piece.media_bytes is None)
    return {piece.content_id: piece for piece in found}


def added(first: str, second: str) -> int:
    """Characters of the second text that the first one has no piece of."""
    known = kept(first)
    return sum(len(piece.text) for piece in kept(second).values() if piece.content_id not in known)


parts = st.one_of(
    st.text(),
    st.integers(0, 20_000).map(lambda size: "x" * size),
    st.integers(0, 3000).map(lambda size: '"' + "é \\n" * size + '"'),
    st.just(PNG),
    st.just("data:image/png;base64," + PNG),
)


@given(st.lists(parts, max_size=6).map("".join))
def test_pieces_joined_are_the_text_and_none_is_long(text: str) -> None:
    kept(text)


def conversation(*contents: str) -> str:
    return json.dumps([{"role": "user", "parts": [{"type": "text", "content": each}]} for each in contents])


def test_a_conversation_that_grew_by_a_turn_adds_little_more_than_the_turn() -> None:
    turns = [prose(8000), prose(300), prose(300)]
    assert added(conversation(*turns[:2]), conversation(*turns)) < len(turns[2]) + 2 * PIECE_CHARACTERS


def test_a_long_string_behind_other_keys_than_before_is_the_same_but_for_its_beginning() -> None:
    system = prose(8000)
    first, second = (json.dumps({"model": name, "n": n, "system": system}) for name, n in (("a", 1), ("longer", 12345)))
    assert added(first, second) <= 2 * PIECE_CHARACTERS


def test_an_image_is_one_piece_wherever_it_stands() -> None:
    first = conversation("look", "data:image/png;base64," + PNG)
    second = json.dumps({"type": "base64", "media_type": "image/png", "data": PNG}) + prose(100)
    [image] = [piece for piece in kept(first).values() if piece.media_bytes is not None]
    assert image.text == PNG
    assert image.media_bytes == len(base64.b64decode(PNG))
    assert kept(second)[image.content_id] == image


def media(text: str) -> list[str]:
    return [piece.text for piece in pieces(text) if piece.media_bytes is not None]


def test_base64_of_no_known_format_is_media_where_a_data_url_says_so() -> None:
    unknown = base64.b64encode(bytes(range(256)) * 40).decode()
    assert media(f'"{unknown}"') == []
    assert media(f'"data:application/x;base64,{unknown}"') == [unknown]


@pytest.mark.parametrize(
    "text",
    [
        '{"k":{"$b":"' + PNG + '"}}',
        PNG[: MEDIA_CHARACTERS - 1],
        "iVBORw0KGgo" + "a" * 9998,
        "a" * 50_000,
        "-" * 50_000,
    ],
    ids=["bytes as stored", "short", "no whole base64", "letters", "a line"],
)
def test_what_is_no_media(text: str) -> None:
    assert media(text) == []


def test_two_images_side_by_side_are_two_pieces_and_their_neighbours_stay() -> None:
    assert media(f"{PNG} {PNG}") == [PNG, PNG]
    assert len(kept(f"before {PNG} {PNG} behind")) == 4


def test_words_stay_whole() -> None:
    text = prose(5000)
    words = {word for piece in kept(text).values() for word in piece.text.split()}
    assert words == set(text.split())


@pytest.mark.parametrize(
    "text",
    ["a" * 4_000_000, '"' * 1_000_000, ("a" * 8191 + " ") * 500, '"' + '\\"' * 1_000_000, ('"' + "a" * 511) * 5000],
    ids=["letters", "quotes", "almost media", "escapes", "almost anchors"],
)
def test_hostile_texts_take_no_longer_than_others(text: str) -> None:
    started = time.process_time()
    kept(text)
    assert time.process_time() - started < 5  # 0.1 s; what looks at each place again and again takes minutes
