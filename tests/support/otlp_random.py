"""Any request at all, and the form in which decoded values are compared."""

from typing import Any

import orjson
from google.protobuf.message import Message
from hypothesis import strategies as st

from contract.raw import default

_ID_BYTES = {"trace_id": 16, "span_id": 8, "parent_span_id": 8}
_NOT_IN_JSON = frozenset({"string_value_strindex", "key_strindex"})


def _scalar(field: Any) -> st.SearchStrategy[Any]:
    if field.name in _ID_BYTES:
        return st.binary(min_size=_ID_BYTES[field.name], max_size=_ID_BYTES[field.name])
    unsigned = st.integers(0, 2**32 - 1)
    by_type = {
        field.TYPE_STRING: st.text(max_size=6),
        field.TYPE_BYTES: st.binary(max_size=6),
        field.TYPE_BOOL: st.booleans(),
        field.TYPE_DOUBLE: st.floats(),
        field.TYPE_ENUM: st.integers(0, 30),
        field.TYPE_UINT32: unsigned,
        field.TYPE_FIXED32: unsigned,
        field.TYPE_UINT64: st.integers(0, 2**64 - 1),
        field.TYPE_FIXED64: st.integers(0, 2**64 - 1),
    }
    return by_type.get(field.type, st.integers(-(2**31), 2**31 - 1))


@st.composite
def messages(draw: st.DrawFn, message_class: Any, depth: int = 0) -> Message:
    """Any message of a class, with one member of each oneof."""
    message: Message = message_class()
    chosen = {
        oneof.name: draw(st.sampled_from([field.name for field in oneof.fields]))
        for oneof in message_class.DESCRIPTOR.oneofs
    }
    for field in message_class.DESCRIPTOR.fields:
        if field.name in _NOT_IN_JSON or (depth > 3 and draw(st.booleans())):
            continue
        if field.containing_oneof is not None and chosen[field.containing_oneof.name] != field.name:
            continue
        if field.message_type is None:
            value = draw(st.lists(_scalar(field), max_size=2) if field.is_repeated else _scalar(field))
            getattr(message, field.name).extend(value) if field.is_repeated else setattr(message, field.name, value)
        elif depth < 9:
            inner = messages(field.message_type._concrete_class, depth + 1)
            if field.is_repeated:
                getattr(message, field.name).extend(
                    draw(st.lists(inner, min_size=int(depth < 6), max_size=1 + (depth < 5)))
                )
            else:
                getattr(message, field.name).CopyFrom(draw(inner))
    return message


def comparable(value: Any) -> bytes:
    """The stored form, which tells types, duplicates and order apart, and in which NaN equals itself."""
    return orjson.dumps(value, default=default, option=orjson.OPT_PASSTHROUGH_SUBCLASS)
