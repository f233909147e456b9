"""Errors of our own, told without what somebody sent."""

import traceback


def frames_of(error: BaseException) -> str:
    """Its kind is for the caller to name; its message may be span content."""
    return "".join(traceback.format_tb(error.__traceback__))
