"""Attribute values as senders write them: placeholders, numbers in strings, JSON in strings (once or twice encoded).

Every function gives None for a value that says nothing; none raises for a value that OTLP can carry.
"""

import base64
import math
from typing import Any

import orjson

from contract import raw
from contract.span import NonFinite

PLACEHOLDERS = frozenset(
    {"", "{}", "[]", "null", "None", "N/A", "<REDACTED>", "[REDACTED]", "__REDACTED__", '""', "<not specified>"}
)
"""Texts that instrumentations write where they have nothing to say."""
LONGEST_PLACEHOLDER = max(map(len, PLACEHOLDERS))
"""No longer text is one; to look a long one up would be to hash it, 0.3 µs for 1.5 kB."""

MAX_COUNT = 2**63 - 1
MAX_TIME = 2**63 - 2
"""Times are stored as int64 nanoseconds, whose largest value means infinity; OTLP allows uint64."""
MAX_JSON_DEPTH = 60
"""Deeper values are stored as text: twice what protobuf lets through, far below any stack limit."""


def text(value: Any) -> str | None:
    """A name or id: a meaningful string (unwrapped when JSON-quoted), or a number as text."""
    if type(value) is str:
        if value in PLACEHOLDERS:
            return None
        return unquoted(value) if value[0] == '"' else value
    if type(value) is int or (isinstance(value, float) and math.isfinite(value)):
        return str(value)
    return None


def unquoted(value: str) -> str | None:
    """The text within a JSON string literal, which may itself be one (double encoding); else the value itself."""
    for _ in range(2):
        if len(value) < 2 or value[0] != '"' or value[-1] != '"':
            break
        try:
            value = orjson.loads(value)
        except orjson.JSONDecodeError:
            break
    return None if value in PLACEHOLDERS else value


def identifier(value: Any) -> str | None:
    """An id of a session or user: text that no scrubber has replaced (`[Scrubbed due to ...]`)."""
    found = text(value)
    return None if found is None or found.startswith("[Scrubbed") else found


def integer(value: Any) -> int | None:
    """A count: an integer >= 0 from an int, a whole float or a numeric string."""
    if type(value) is int:
        return value if 0 <= value <= MAX_COUNT else None
    if isinstance(value, float):
        return int(value) if math.isfinite(value) and 0 <= value <= 2**53 and value == int(value) else None
    if type(value) is str:
        return _integer_text(value)
    return None


def _integer_text(value: str) -> int | None:
    stripped = value.strip().strip('"')
    if stripped.isascii() and stripped.isdigit() and len(stripped) < 20:
        return integer(int(stripped))
    found = number(stripped)
    return None if found is None else integer(found)


def number(value: Any) -> float | None:
    """A finite number, also from a string; booleans are none."""
    if isinstance(value, bool):
        return None
    if isinstance(value, (int, float)):
        return float(value) if abs(value) < 1e300 else None
    if type(value) is str and 0 < len(value) < 40:
        try:
            found = float(value.strip('"'))
        except ValueError:
            return None
        return found if math.isfinite(found) else None
    return None


def flag(value: Any) -> bool | None:
    """A boolean, also as text."""
    if isinstance(value, bool):
        return value
    if isinstance(value, str):
        return {"true": True, "false": False, "1": True, "0": False}.get(value.lower())
    return None


def parsed(value: Any) -> Any:
    """A structure as it is, or the JSON value within a string (encoded up to three times); None when it is no JSON."""
    sent = value
    for _ in range(3):
        if not isinstance(value, str) or not value or value[0] not in '{["':
            break
        try:
            value = orjson.loads(value)
        except orjson.JSONDecodeError:
            break
    return None if value is sent and isinstance(sent, str) else value


def mapping(value: Any) -> dict[str, Any] | None:
    """A map, also as JSON text; None when it is empty or none."""
    found = parsed(value)
    return found if isinstance(found, dict) and found else None


def listing(value: Any) -> list[Any] | None:
    """A list, also as JSON text; None when it is empty or none."""
    found = parsed(value)
    return found if isinstance(found, list) and found else None


def words(value: Any) -> list[str] | None:
    """Texts from a list, a JSON list, a comma-joined string or a single scalar."""
    found = parsed(value) if isinstance(value, str) and value[:1] in ('["') and value[:1] else value
    if found is None:
        found = value
    if isinstance(found, str):
        found = found.split(",")
    if not isinstance(found, list):
        found = [found]
    some = [item.strip() if isinstance(item, str) else text(item) for item in found]
    return [item for item in some if item and item not in PLACEHOLDERS] or None


def content(value: Any) -> str | None:
    """Content as sent: text as it is, bytes as text when they are, other values as compact JSON."""
    if type(value) is str:
        return None if len(value) <= LONGEST_PLACEHOLDER and value in PLACEHOLDERS else value
    if value is None or value == [] or value == {}:
        return None
    if isinstance(value, bytes):
        return bytes_text(value)
    return plain_json(value)


def bytes_text(value: bytes) -> str | None:
    """UTF-8 text of bytes, else their base64; None when there are none."""
    try:
        return value.decode() or None
    except UnicodeDecodeError:
        return base64.b64encode(value).decode()


def plain_json(value: Any) -> str:
    """Compact JSON text of a value in the forms of the query API."""
    if _is_flat(value):
        return flat_json(value)
    try:
        return orjson.dumps(raw.plain(value)).decode()
    except (TypeError, ValueError, RecursionError):
        return orjson.dumps(cleaned(value)).decode()


def flat_json(value: Any) -> str:
    """The same for a list or map of which it is known that no member needs another form, such as a list of texts."""
    try:
        return orjson.dumps(value).decode()
    except (TypeError, ValueError, RecursionError):
        return orjson.dumps(cleaned(value)).decode()


_SAFE = frozenset({str, bool, float})


def _is_flat(value: Any) -> bool:
    """A plain list or map whose members need no other form: the frequent case, 5 times faster."""
    members = value if type(value) is list else value.values() if type(value) is dict else (None,)
    return all(type(item) in _SAFE or (type(item) is int and -(2**53) <= item <= 2**53) for item in members)


def stored_json(value: Any) -> str:
    """The lossless JSON text of `contract/raw.py`."""
    try:
        return orjson.dumps(value, default=raw.default, option=orjson.OPT_PASSTHROUGH_SUBCLASS).decode()
    except (TypeError, ValueError, RecursionError):
        return orjson.dumps(cleaned(value)).decode()


def cleaned(value: Any, depth: int = 0) -> Any:
    """What JSON can hold of a value that it cannot hold whole: lone surrogates replaced, deep nesting as text."""
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode()
    if value is None or type(value) in (bool, int):
        return value if value is None or abs(value) < 2**63 else str(value)
    if isinstance(value, float) and not isinstance(value, NonFinite):
        return value
    if depth >= MAX_JSON_DEPTH:
        return "..."
    if isinstance(value, list):
        return [cleaned(item, depth + 1) for item in value]
    if type(value) is dict:
        return {cleaned(str(key)): cleaned(item, depth + 1) for key, item in value.items()}
    return cleaned(raw.default(value), depth + 1)
