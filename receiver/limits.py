"""What one request may cost (product.md section 6, "limits"); the bound over all requests is `Admission`."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """Per request. OTLP 1.11 recommends 64 MiB before and after unpacking; SDK exporters keep to the same."""

    max_body_bytes: int = 64 * 2**20
    max_unpacked_bytes: int = 64 * 2**20
    read_timeout_s: float = 60.0
    """From headers to the last byte of the body: a sender of one byte a second must not hold memory for ever."""
    max_items: int = 100_000
    """Spans, log records or data points. A span takes some kilobytes while it is on its way, also one that came as two
    bytes; collectors send 8,192 at most (batch processor, `send_batch_size`)."""
    max_objects: int = 1_000_000
    """Objects and lists of a JSON body: each takes 64 bytes and more, also one that came as two characters. A span has
    two an attribute; 64 MiB of real traffic have 0.5 million."""
    max_messages: int = 2_500_000
    """Messages in a protobuf body: each takes up to 190 bytes, also one that came as two. A span has two an attribute;
    64 MiB of real traffic have 1.1 million."""


DEFAULT_LIMITS = Limits()
