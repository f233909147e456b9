"""Values of Langfuse's JSON as the plain values of `contract.span`. Pure.

Source: langfuse/langfuse `packages/shared/src/server/ingestion/types.ts`. `BadEvent` carries a text for the client
that names the field and never the value.
"""

import json
import re
from datetime import UTC, datetime
from typing import Any

import orjson

from contract.span import AttributeValue

MAX_ID_CHARACTERS = 800
"""`ingestion/types.ts`, idSchema."""
LATEST_NS = 2**63 - 2

_HEX_ID = re.compile(r"[0-9a-fA-F]{32}|[0-9a-fA-F]{16}")
_FRACTION = re.compile(r"\.(\d+)")


class BadEvent(ValueError):
    """One event cannot be read; the message names the field."""


def identifier(value: Any, field: str) -> str | None:
    """An id: any text. Hex ids are the same in small letters (product.md section 6); null and empty are none."""
    if value is None or value == "":
        return None
    if not isinstance(value, str) or len(value) > MAX_ID_CHARACTERS:
        raise BadEvent(f"{field} must be a text of 1 to {MAX_ID_CHARACTERS} characters")
    return value.lower() if _HEX_ID.fullmatch(value) else value


def time_ns(value: Any, field: str) -> int | None:
    """An ISO 8601 time as nanoseconds since 1970, UTC where it names no zone; null is none."""
    if value is None:
        return None
    found = _moment_ns(value) if isinstance(value, str) else None
    if found is None:
        raise BadEvent(f"{field} must be an ISO 8601 time, such as 2026-11-21T05:00:00.000Z")
    return found


def _moment_ns(text: str) -> int | None:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    seconds = int((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).replace(microsecond=0).timestamp())
    fraction = _FRACTION.search(text)
    nanoseconds = int(fraction[1][:9].ljust(9, "0")) if fraction else 0
    found = seconds * 1_000_000_000 + nanoseconds
    return found if 0 < found <= LATEST_NS else None


def attribute(value: Any) -> AttributeValue:
    """A JSON value as an attribute: lists and maps as their JSON text, as the SDKs write them over OTLP."""
    if isinstance(value, (dict, list)):
        return json_text(value)
    if isinstance(value, int) and not isinstance(value, bool) and not -(2**63) <= value < 2**63:
        return str(value)
    return value


def in_order(value: Any) -> Any:
    """A map with its keys in order, in all its levels, so that what several events say of one joins in any order.

    One of more levels than orjson writes stays as it is: it is joined with no other.
    """
    try:
        return orjson.loads(orjson.dumps(value, option=orjson.OPT_SORT_KEYS)) if isinstance(value, dict) else value
    except TypeError:
        return value


def json_text(value: Any) -> str:
    """Parsed JSON as text again. Raises `BadEvent` for what nests deeper than can be written."""
    try:
        return orjson.dumps(value).decode()
    except TypeError:  # orjson reads 1,024 levels and writes 254
        try:
            return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
        except RecursionError:
            raise BadEvent("a value is nested too deeply") from None


def texts(value: Any) -> list[str] | None:
    """A list of texts, in order and each once; None when there are none."""
    if not isinstance(value, list):
        return None
    return sorted({each for each in value if isinstance(each, str) and each}) or None
