"""Everything that may cross a stage boundary as an exception.

    TracepondError
    ├── Refused        sending it again cannot help: malformed, too large, wrong type, schema newer than the program
    ├── Unauthorized   credentials missing or wrong
    ├── Forbidden      credentials known, but not for this
    ├── Overloaded     a bound is reached; send it again after `retry_after_s`
    ├── Unavailable    the store cannot take or answer now; send it again after `retry_after_s`
    ├── NotFound       the asker named an id that does not exist
    └── BadQuery       the asker's mistake, with the parameter's name and a hint

What each becomes on the wire stands in one table per edge: `receiver/status.py`, `api/errors.py`.
"""


class TracepondError(Exception):
    """Base of all errors that stages raise on purpose; `str()` is fit for the client to read."""


class Refused(TracepondError):
    """Sending the same bytes again cannot help. `reason` is a short label for counting, `kind` picks the status."""

    def __init__(self, message: str, *, reason: str = "malformed", kind: str = "malformed") -> None:
        """`kind` is one of `malformed` (400), `too_large` (413), `unsupported_type` (415)."""
        super().__init__(message)
        self.reason = reason
        self.kind = kind


class Unauthorized(TracepondError):
    """Credentials are missing or wrong."""


class Forbidden(TracepondError):
    """The credentials are known and do not allow this."""


class _Retryable(TracepondError):
    def __init__(self, message: str, *, reason: str, retry_after_s: float = 1.0) -> None:
        super().__init__(message)
        self.reason = reason
        self.retry_after_s = retry_after_s


class Overloaded(_Retryable):
    """A bound (bytes in flight, queue) is reached; nothing was stored."""


class Unavailable(_Retryable):
    """The store cannot commit or answer now (draining, disk full, engine down); nothing was stored."""


class NotFound(TracepondError):
    """No such trace, span, session or user."""


class BadQuery(TracepondError):
    """A parameter, field, operator, value or cursor that cannot be used."""

    def __init__(self, message: str, *, parameter: str | None = None, hint: str | None = None) -> None:
        super().__init__(message)
        self.parameter = parameter
        self.hint = hint
