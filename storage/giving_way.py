"""Threads that answer questions give way to those that receive and store, where threads have priorities."""

import os
import sys
import threading
from contextlib import suppress

NICE = 5
"""A third of the weight. Nine readers without pause at full load and 384 MB: docs/adr/0022."""
MOST = 19


def give_way() -> None:
    """This thread gets less of the processors than the process's others, while those need them; for good."""
    if sys.platform == "linux":  # elsewhere a priority is the whole process's
        thread = threading.get_native_id()
        with suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, thread, min(MOST, os.getpriority(os.PRIO_PROCESS, thread) + NICE))
