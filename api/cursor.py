"""Opaque cursors: where the last page ended, sealed to the query that gave them.

base64url of JSON `[digest, time_ns, id, ...]`. The digest covers route, project, time range and filters, so that a
cursor used with another query is refused and not misread.
"""

import base64
import binascii
import hashlib
from typing import Any, NamedTuple

import orjson

from api.times import LATEST
from contract.errors import BadQuery


class After(NamedTuple):
    """The sort values of the last row of a page."""

    time_ns: int
    ids: tuple[str, ...]


def digest_of(*parts: Any) -> str:
    return hashlib.blake2b(orjson.dumps(parts), digest_size=9).hexdigest()


def encode_cursor(digest: str, after: After) -> str:
    raw = orjson.dumps([digest, after.time_ns, *after.ids])
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def decode_cursor(text: str, digest: str, id_count: int) -> After:
    """Raises `BadQuery` when it was not given by this very query."""
    try:
        found, time_ns, *ids = orjson.loads(
            base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
        )
    except (binascii.Error, ValueError, TypeError):
        raise refusal("is not one that this server gave") from None
    if found != digest:
        raise refusal("belongs to another query")
    if type(time_ns) is not int or abs(time_ns) > LATEST or len(ids) != id_count or {type(i) for i in ids} != {str}:
        raise refusal("is not one that this server gave")
    return After(time_ns, tuple(ids))


def refusal(what: str) -> BadQuery:
    cure = "repeat the query that gave it, with the same filters, or leave the cursor out"
    return BadQuery(f"cursor {what}: {cure}", parameter="cursor")
