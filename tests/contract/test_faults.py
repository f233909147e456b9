"""Where an error came from, without its message."""

import pytest

from contract import faults
from contract.faults import frames_of, frames_once


def fail(text: str) -> None:
    raise ValueError(text.upper())


def failed(text: str) -> ValueError:
    try:
        fail(text)
    except ValueError as error:
        return error
    raise AssertionError


def test_the_frames_are_told_and_the_message_is_not() -> None:
    told = frames_of(failed("a prompt"))
    assert "in fail" in told
    assert "A PROMPT" not in told


def test_of_a_fault_that_comes_again_the_frames_are_told_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(faults, "_told", set())
    assert "in fail" in frames_once(failed("a prompt"))
    assert frames_once(failed("another prompt")) == "  at the same place as before\n"
    assert "test_faults" in frames_once(LookupError().with_traceback(failed("x").__traceback__))
    monkeypatch.setattr(faults, "REMEMBERED_AT_MOST", 0)
    monkeypatch.setattr(faults, "_told", set())
    assert frames_once(failed("x")) == frames_once(failed("x"))
