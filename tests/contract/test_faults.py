"""Where an error came from, without its message."""

from contract.faults import frames_of


def fail(text: str) -> None:
    raise ValueError(text.upper())


def test_the_frames_are_told_and_the_message_is_not() -> None:
    try:
        fail("a prompt")
    except ValueError as error:
        told = frames_of(error)
    assert "in fail" in told
    assert "A PROMPT" not in told
