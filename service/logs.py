"""Log lines on stderr, as text or JSON; one line each, whatever a message contains. Span content is never logged."""

import json
import logging
import sys
import time
import traceback
from collections.abc import Callable
from typing import Any, TextIO

STANDARD_FIELDS = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}
"""What every record has; anything beyond came in by `extra=` and is printed as a field."""


def set_up(level: str, encoding: str, stream: TextIO | None = None) -> None:
    """Send the log of the whole process to `stream` (stderr)."""
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(FORMATTERS[encoding]())
    handler.addFilter(OfLibraries())
    logging.basicConfig(level=level.upper(), handlers=[handler], force=True)
    logging.captureWarnings(True)


class OfLibraries(logging.Filter):
    """What gRPC's library and asyncio say of errors: where, and of which class, at most once a minute each.

    Anybody who can connect can cause such errors, and their texts repeat what was sent ("Invalid encoding on b'...'").
    """

    NAMES = ("grpc", "asyncio")
    EVERY_S = 60.0

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self._clock = clock
        self._silent_until = dict.fromkeys(self.NAMES, float("-inf"))

    def filter(self, record: logging.LogRecord) -> bool:
        library = record.name.partition(".")[0]
        if library not in self._silent_until or record.levelno < logging.WARNING:
            return True
        if self._clock() < self._silent_until[library]:
            return False
        self._silent_until[library] = self._clock() + self.EVERY_S
        kind, _, trace = record.exc_info or (None, None, None)
        frames = "".join(traceback.format_tb(trace))
        record.msg, record.args, record.exc_info = "%s\n%s", (kind.__name__ if kind else "an error", frames), None
        return True


def extra_fields(record: logging.LogRecord) -> dict[str, Any]:
    return {name: value for name, value in vars(record).items() if name not in STANDARD_FIELDS}


def timestamp(record: logging.LogRecord) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(record.created)) + f".{int(record.msecs):03d}Z"


class ConsoleFormatter(logging.Formatter):
    """`time LEVEL logger: message key=value`; control characters are escaped, so that nobody can forge a line."""

    def format(self, record: logging.LogRecord) -> str:
        fields = "".join(f" {name}={value}" for name, value in extra_fields(record).items())
        line = escaped(f"{timestamp(record)} {record.levelname} {record.name}: {record.getMessage()}{fields}")
        return f"{line}\n{self.formatException(record.exc_info)}" if record.exc_info else line


class JsonFormatter(logging.Formatter):
    """One JSON object a line: `ts`, `level`, `logger`, `msg`, the fields, and `exception` where there is one."""

    def format(self, record: logging.LogRecord) -> str:
        line = {
            "ts": timestamp(record),
            "level": record.levelname.lower(),
            "logger": record.name,
            "msg": record.getMessage(),
        } | extra_fields(record)
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return json.dumps(line, default=str)


def escaped(text: str) -> str:
    """The text with control characters (line ends, terminal escapes) in Python's notation."""
    return "".join(char if char.isprintable() else char.encode("unicode_escape").decode() for char in text)


FORMATTERS: dict[str, type[logging.Formatter]] = {"console": ConsoleFormatter, "json": JsonFormatter}
