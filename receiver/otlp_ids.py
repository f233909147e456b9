"""Which ids are valid, and what a client is told about the others. One wording for both encodings.

Source: `trace.proto` (trace_id 16 bytes, span_id 8 bytes, all zeroes invalid), OTLP/JSON (hex, not base64).
"""

from receiver.rejections import Rejections

ZERO_TRACE_ID = "0" * 32
ZERO_SPAN_ID = "0" * 16

INVALID_ID = "invalid_id"
"""Label of spans turned away for their ids."""

_WRONG_SIGNAL = (
    "span without trace id and span id; log records and metrics posted to the traces path decode like this:"
    " post them to /v1/logs or /v1/metrics"
)


def is_trace_id(hex_text: str) -> bool:
    """Whether hex text is a valid trace id."""
    return len(hex_text) == 32 and hex_text != ZERO_TRACE_ID


def is_span_id(hex_text: str) -> bool:
    """Whether hex text is a valid span id."""
    return len(hex_text) == 16 and hex_text != ZERO_SPAN_ID


def reject_span(rejections: Rejections, trace_id: str, span_id: str, parent_span_id: str) -> None:
    """Count a span whose ids (hex) make it impossible to keep, with the first thing that is wrong."""
    rejections.add(INVALID_ID, _fault(trace_id, span_id, parent_span_id))


def _fault(trace_id: str, span_id: str, parent_span_id: str) -> str:
    if not trace_id and not span_id:
        return _WRONG_SIGNAL
    if not is_trace_id(trace_id):
        return _describe("trace id", trace_id, 16)
    if not is_span_id(span_id):
        return _describe("span id", span_id, 8)
    return _describe("parent span id", parent_span_id, 8)


def _describe(what: str, hex_text: str, wanted_bytes: int) -> str:
    if len(hex_text) == 2 * wanted_bytes:
        return f"{what} is all zeroes"
    return f"{what} has {len(hex_text) // 2} bytes instead of {wanted_bytes}"
