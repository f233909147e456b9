"""JSON bodies that no client means: values of other kinds in any place, doubled keys, and bytes that are no JSON."""

import random
from collections.abc import Callable
from copy import deepcopy
from typing import Any

import orjson

from tests.support.mutations import DAMAGES

TOKENS = (
    b"NaN", b"Infinity", b"-Infinity", b"1e999", b"-0", b"-0.0", b"1e308", b"1.7e18", b"9" * 19, b"9" * 40, b"-1",
    b"1.5", b"1" * 5000, b"true", b"null", b"tru", b"", b'""', b'"x"', b"[]", b"{}", b"[null]", b"[[]]", b'{"":null}',
    b'"NaN"', b'"1e3"', b'"-"', b'"\\ud800"', b'"\\udc00\\ud800x"', b'"\\u0000"', b'"\\uffff"', b'"\xff"',
    b'"\xed\xa0\x80"', b'"\xf0\x9f\x98\x80"', b'"' + b"a" * 3000 + b'"',
    b'"0001-01-01T00:00:00+23:59"', b'"9999-12-31T23:59:59.999999999Z"', b'"2026-11-21"',
    b'{"values":[]}', b'{"stringValue":1}', b'{"stringValue":"a","intValue":"1"}', b'{"kvlistValue":{"values":[{}]}}',
    b"[" * 60 + b"]" * 60, b"[" * 400 + b"]" * 400, b"[" * 2000 + b"]" * 2000, b'{"a":' * 300 + b"1" + b"}" * 300,
    b'{"arrayValue":{"values":[' * 50 + b"]}}" * 50, b'{"arrayValue":{"values":[' * 400 + b"]}}" * 400,
)  # fmt: skip
"""In the place of a value."""

ENCODINGS = ("utf-8-sig", "utf-16", "utf-16-be", "utf-32", "latin-1")

Place = tuple[Any, Any]
"""A list or object, and an index or key of it."""


def odd_json(body: Any, chooser: random.Random) -> bytes:
    """The value with one to three of its places spoiled; in one of ten cases its bytes are too."""
    body, tokens = deepcopy(body), dict[bytes, bytes]()
    for _ in range(chooser.choice((1, 1, 2, 3))):
        found = places(body)
        if found:
            chooser.choice(SPOILS)(*chooser.choice(found), chooser, tokens)
    text = orjson.dumps(body)
    for mark, token in tokens.items():
        text = text.replace(mark, token)
    return spoiled_bytes(text, chooser) if chooser.randrange(10) == 0 else text


def places(value: Any) -> list[Place]:
    """Every place in a value."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [place for key, item in inner for place in ((value, key), *places(item))]


def spoiled_bytes(text: bytes, chooser: random.Random) -> bytes:
    if chooser.randrange(3) == 0:
        return text.decode(errors="replace").encode(chooser.choice(ENCODINGS), errors="replace")
    damaged = bytearray(text)
    chooser.choice(DAMAGES)(damaged, chooser.randrange(len(damaged) + 1), chooser)
    return bytes(damaged)


Tokens = dict[bytes, bytes]


def mark(token: bytes, tokens: Tokens) -> str:
    """A text that stands for the token until the value is written."""
    name = f"\x01{len(tokens)}\x01"
    tokens[orjson.dumps(name)] = token
    return name


def _replace(within: Any, key: Any, chooser: random.Random, tokens: Tokens) -> None:
    within[key] = mark(chooser.choice(TOKENS), tokens)


def _leave_out(within: Any, key: Any, chooser: random.Random, tokens: Tokens) -> None:
    del within[key]


def _say_twice(within: Any, key: Any, chooser: random.Random, tokens: Tokens) -> None:
    if isinstance(within, list):
        within.append(within[key])
    elif "\x01" not in key:
        again = orjson.dumps(key) + b":" + chooser.choice(TOKENS)
        within[key] = mark(b"0," + again, tokens)


def _rename(within: Any, key: Any, chooser: random.Random, tokens: Tokens) -> None:
    if isinstance(within, dict):
        within[chooser.choice(("", "id", "trace_id", "value", "__proto__", "$x", "a" * 900, "\x00"))] = within.pop(key)


def _wrap(within: Any, key: Any, chooser: random.Random, tokens: Tokens) -> None:
    within[key] = chooser.choice(([within[key]], {"values": within[key]}, {"value": within[key]}, str(within[key])))


def _exchange(within: Any, key: Any, chooser: random.Random, tokens: Tokens) -> None:
    others = places(within)
    other, its_key = chooser.choice(others)
    within[key] = deepcopy(other[its_key])


Spoil = Callable[[Any, Any, random.Random, Tokens], None]
SPOILS: tuple[Spoil, ...] = (_replace, _replace, _replace, _leave_out, _say_twice, _rename, _wrap, _exchange)
