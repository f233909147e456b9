"""What one request may cost (product.md section 6, "limits"); the bound over all requests is `Admission`."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """Per request. OTLP 1.11 recommends 64 MiB before and after unpacking; SDK exporters keep to the same."""

    max_body_bytes: int = 64 * 2**20
    max_unpacked_bytes: int = 64 * 2**20
    read_timeout_s: float = 60.0
    """From headers to the last byte of the body: a sender of one byte a second must not hold memory for ever."""
