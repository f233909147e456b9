"""Errors of our own, told without what somebody sent."""

import traceback

REMEMBERED_AT_MOST = 256
_told: set[str] = set()


def frames_of(error: BaseException) -> str:
    """Its kind is for the caller to name; its message may be span content."""
    return "".join(traceback.format_tb(error.__traceback__))


def frames_once(error: BaseException) -> str:
    """The same; of an error that this process has told before from the same place only that: whoever sends what meets a
    fault may send a thousand a second, and each is named in the log."""
    frames = frames_of(error)
    told = f"{type(error).__name__}\n{frames}"
    if told in _told:
        return "  at the same place as before\n"
    if len(_told) < REMEMBERED_AT_MOST:
        _told.add(told)
    return frames
