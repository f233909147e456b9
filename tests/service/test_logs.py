"""Lines of the log."""

import io
import json
import logging
from collections.abc import Iterator

import pytest

from service import logs


@pytest.fixture(autouse=True)
def _root_logger_as_before() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    logging.captureWarnings(False)


def lines(encoding: str, level: str = "info") -> tuple[io.StringIO, logging.Logger]:
    stream = io.StringIO()
    logs.set_up(level, encoding, stream)
    return stream, logging.getLogger("stage")


def test_console_shows_time_level_logger_message_and_fields() -> None:
    stream, logger = lines("console")
    logger.warning("queue at %d %%", 80, extra={"bytes": 5})
    time, rest = stream.getvalue().split(" ", 1)
    assert rest == "WARNING stage: queue at 80 % bytes=5\n"
    assert time.endswith("Z")


def test_json_is_one_object_a_line() -> None:
    stream, logger = lines("json")
    logger.info("two\nlines", extra={"path": "/x"})
    (line,) = stream.getvalue().splitlines()
    entry = json.loads(line)
    assert (entry["level"], entry["logger"], entry["msg"], entry["path"]) == ("info", "stage", "two\nlines", "/x")


def test_nobody_can_forge_a_line_or_colour_the_terminal() -> None:
    stream, logger = lines("console")
    logger.info("name %s", "x\n2026 ERROR forged \x1b[31m")
    assert stream.getvalue().count("\n") == 1
    assert "\x1b" not in stream.getvalue()


@pytest.mark.parametrize("encoding", ["console", "json"])
def test_exceptions_carry_their_traceback(encoding: str) -> None:
    stream, logger = lines(encoding)
    try:
        raise KeyError("k")
    except KeyError:
        logger.exception("failed")
    assert "test_logs.py" in stream.getvalue()
    assert "KeyError" in stream.getvalue()


def test_less_important_messages_are_left_out() -> None:
    stream, logger = lines("console", "warning")
    logger.info("x")
    assert stream.getvalue() == ""


def test_errors_of_libraries_are_told_once_a_minute_without_what_was_sent() -> None:
    stream, _ = lines("console")
    for library in ("grpc._cython.cygrpc", "asyncio", "grpc._cython.cygrpc"):
        try:
            b"secret\xff".decode()
        except UnicodeDecodeError:
            logging.getLogger(library).exception("Invalid encoding on %s", b"secret\xff")
    assert stream.getvalue().count("UnicodeDecodeError") == 2
    assert "test_errors_of_libraries" in stream.getvalue()
    assert "secret" not in stream.getvalue().replace('b"secret', "")  # the line of this test is code, not content


def test_libraries_are_heard_again_after_a_minute() -> None:
    now = [0.0]
    rare = logs.OfLibraries(lambda: now[0])
    heard = []
    for moment in (0.0, 59.0, 61.0):
        now[0] = moment
        heard.append(rare.filter(logging.makeLogRecord({"name": "asyncio", "levelno": logging.ERROR, "msg": "x"})))
    assert heard == [True, False, True]
    assert rare.filter(logging.makeLogRecord({"name": "storage", "levelno": logging.ERROR, "msg": "x"}))
