"""The table of errors on the wire."""

import grpc
import pytest
from google.rpc.error_details_pb2 import RetryInfo

from contract.errors import Forbidden, NotFound, Overloaded, Refused, Unauthorized, Unavailable
from receiver.status import as_understood, wire_status


@pytest.mark.parametrize(
    ("error", "code", "http_status", "retryable"),
    [
        (Refused("x"), "INVALID_ARGUMENT", 400, False),
        (Refused("x", kind="too_large"), "RESOURCE_EXHAUSTED", 413, False),
        (Refused("x", kind="unsupported_type"), "INVALID_ARGUMENT", 415, False),
        (Unauthorized("x"), "UNAUTHENTICATED", 401, False),
        (Forbidden("x"), "PERMISSION_DENIED", 403, False),
        (NotFound("x"), "NOT_FOUND", 404, False),
        (Overloaded("x", reason="queue"), "RESOURCE_EXHAUSTED", 429, True),
        (Unavailable("x", reason="disk_full"), "UNAVAILABLE", 503, True),
        (RuntimeError("x"), "INTERNAL", 500, False),
    ],
)
def test_each_error_has_its_codes_and_only_retryable_ones_a_hint(
    error: Exception, code: str, http_status: int, retryable: bool
) -> None:
    status = wire_status(error)
    assert status.grpc_code is grpc.StatusCode[code]
    assert status.http_status == http_status
    assert (status.retry_after_header is not None) is retryable
    assert bool(status.rpc_status().details) is retryable


@pytest.mark.parametrize(
    ("user_agent", "error", "http_status"),
    [
        ("OTel-OTLP-Exporter-Python/1.33.0", Overloaded("x", reason="queue"), 503),
        ("OTel-OTLP-Exporter-JavaScript/0.223.0", Overloaded("x", reason="queue"), 429),
        ("", Overloaded("x", reason="queue"), 429),
        ("OTel-OTLP-Exporter-Python/1.33.0", Refused("x"), 400),
        ("OTel-OTLP-Exporter-Python/1.33.0", Unavailable("x", reason="disk_full"), 503),
    ],
)
def test_who_drops_at_429_is_told_503(user_agent: str, error: Exception, http_status: int) -> None:
    status = as_understood(wire_status(error), user_agent)
    assert status.http_status == http_status
    assert (status.grpc_code, status.retry_after_s) == (wire_status(error).grpc_code, wire_status(error).retry_after_s)


def test_a_fault_of_our_own_shows_nothing_of_itself() -> None:
    assert "secret" not in wire_status(RuntimeError("secret")).rpc_status().message


def test_the_retry_delay_is_exact_in_grpc_and_whole_seconds_in_http() -> None:
    status = wire_status(Overloaded("x", reason="queue", retry_after_s=2.25))
    hint = RetryInfo()
    status.rpc_status().details[0].Unpack(hint)
    assert (hint.retry_delay.seconds, hint.retry_delay.nanos) == (2, 250_000_000)
    assert status.retry_after_header == "3"


def test_a_delay_below_a_second_does_not_become_zero() -> None:
    assert wire_status(Overloaded("x", reason="queue", retry_after_s=0.2)).retry_after_header == "1"
