"""One table: what each error becomes on both transports.

Source: OTLP specification, "Failures" (which codes a client may retry) and `google/rpc/code.proto` (numbers, which
gRPC shares). A client drops its data on everything but 429, 503, UNAVAILABLE and RESOURCE_EXHAUSTED with RetryInfo.
"""

import math
from dataclasses import dataclass, replace

import grpc
from google.protobuf.duration_pb2 import Duration
from google.rpc.error_details_pb2 import RetryInfo
from google.rpc.status_pb2 import Status

from contract.errors import Forbidden, NotFound, Overloaded, Refused, TracepondError, Unauthorized, Unavailable

INTERNAL_MESSAGE = "internal error; the request was not stored"


@dataclass(frozen=True, slots=True)
class WireStatus:
    """One outcome on the wire: gRPC code (its number is also `google.rpc.Status.code`), HTTP status, label, retry."""

    grpc_code: grpc.StatusCode
    http_status: int
    reason: str
    message: str
    retry_after_s: float | None = None

    @property
    def code(self) -> int:
        """`google.rpc.Code` number."""
        number: int = self.grpc_code.value[0]
        return number

    @property
    def retry_after_header(self) -> str | None:
        """Whole seconds, at least 1: `Retry-After` knows no fractions."""
        return None if self.retry_after_s is None else str(max(1, math.ceil(self.retry_after_s)))

    def rpc_status(self) -> Status:
        """The same as `google.rpc.Status`, with RetryInfo where sending again can help."""
        status = Status(code=self.code, message=self.message)
        if self.retry_after_s is not None:
            delay = Duration(nanos=round(self.retry_after_s * 1e9) % 10**9, seconds=int(self.retry_after_s))
            status.details.add().Pack(RetryInfo(retry_delay=delay))
        return status


_REFUSED = {
    "malformed": (grpc.StatusCode.INVALID_ARGUMENT, 400),
    "too_large": (grpc.StatusCode.RESOURCE_EXHAUSTED, 413),
    "unsupported_type": (grpc.StatusCode.INVALID_ARGUMENT, 415),
}

_BY_CLASS: tuple[tuple[type[TracepondError], grpc.StatusCode, int, str], ...] = (
    (Unauthorized, grpc.StatusCode.UNAUTHENTICATED, 401, "unauthorized"),
    (Forbidden, grpc.StatusCode.PERMISSION_DENIED, 403, "forbidden"),
    (NotFound, grpc.StatusCode.NOT_FOUND, 404, "not_found"),
    (Overloaded, grpc.StatusCode.RESOURCE_EXHAUSTED, 429, "overloaded"),
    (Unavailable, grpc.StatusCode.UNAVAILABLE, 503, "unavailable"),
)


DROP_AT_429 = ("OTel-OTLP-Exporter-Python/",)
"""How the `User-Agent` of exporters begins that drop what was answered with 429 and send again after 503: those of
Python over HTTP up to 1.44 (opentelemetry-python, `_is_retryable`: 408 and 500 to 599). 1.45 knows both."""


def as_understood(status: WireStatus, user_agent: str) -> WireStatus:
    """The same outcome in the HTTP status that this client reads as "send it again"."""
    if status.http_status == 429 and user_agent.startswith(DROP_AT_429):
        return replace(status, http_status=503)
    return status


def wire_status(error: Exception) -> WireStatus:
    """What a client is told of `error`; an error that is not ours shows nothing of itself."""
    if isinstance(error, Refused):
        code, http_status = _REFUSED.get(error.kind, _REFUSED["malformed"])
        return WireStatus(code, http_status, error.reason, str(error))
    for error_class, code, http_status, label in _BY_CLASS:
        if isinstance(error, error_class):
            reason = getattr(error, "reason", label)
            return WireStatus(code, http_status, reason, str(error), getattr(error, "retry_after_s", None))
    return WireStatus(grpc.StatusCode.INTERNAL, 500, "internal", INTERNAL_MESSAGE)
