"""Defaults of the limits."""

from receiver.admission import DEFAULT_CAPACITY_BYTES
from receiver.limits import Limits


def test_a_body_of_the_size_that_sdks_may_send_fits_every_bound() -> None:
    sdk_limit_bytes = 64 * 2**20  # OTLP exporters split at this size
    assert {Limits().max_body_bytes, Limits().max_unpacked_bytes, DEFAULT_CAPACITY_BYTES} == {sdk_limit_bytes}
