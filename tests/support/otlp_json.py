"""A protobuf request as OTLP/JSON, by the protobuf library's own JSON mapping: the oracle for our JSON decoder."""

import base64
from typing import Any

from google.protobuf.json_format import MessageToDict
from google.protobuf.message import Message

_ID_FIELDS = frozenset({"traceId", "spanId", "parentSpanId"})


def to_json(request: Message) -> dict[str, Any]:
    """OTLP/JSON object of a request; OTLP has ids in hex where protobuf's mapping has base64."""
    result: dict[str, Any] = _with_hex_ids(MessageToDict(request, use_integers_for_enums=True))
    return result


def _with_hex_ids(value: Any, field: str = "") -> Any:
    if isinstance(value, dict):
        return {key: _with_hex_ids(item, key) for key, item in value.items()}
    if isinstance(value, list):
        return [_with_hex_ids(item) for item in value]
    return base64.b64decode(value).hex() if field in _ID_FIELDS else value
