"""Memory that was freed goes back to the system. In processes of their own: the settings are for a whole process."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

GROW_AND_SHRINK = """
import threading
from service.allocator import Trimmer, resident_bytes, set_up
assert set_up(32 << 20)
trimmer = Trimmer()
trimmer.trim()
assert not trimmer.trim()
pieces, kept = [], []
def fill():
    for _ in range(400_000):
        pieces.append(bytes(600))
    kept.append(bytes(600))
thread = threading.Thread(target=fill)
thread.start()
thread.join()
large = resident_bytes()
pieces.clear()
print(trimmer.trim(), (large - resident_bytes()) >> 20, trimmer.trim(), trimmer.trim(always=True))
"""


def run(program: str) -> str:
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_what_a_thread_freed_below_something_it_kept_is_given_back_once() -> None:
    trimmed, given_back_mib, again, always = run(GROW_AND_SHRINK).split()
    assert (trimmed, again, always) == ("True", "False", "True")
    assert int(given_back_mib) > 150


def test_where_the_c_library_has_no_such_thing_nothing_is_done() -> None:
    without = "from service import allocator; allocator._libc = lambda: None\n"
    assert run(without + "print(allocator.set_up(32 << 20), allocator.Trimmer().trim())").split() == ["False", "False"]


def test_where_the_system_does_not_say_the_size_it_counts_as_none() -> None:
    program = "from pathlib import Path; from service import allocator; allocator.STATM = Path('/nowhere')\n"
    assert run(program + "print(allocator.resident_bytes(), allocator.Trimmer().trim())").split() == ["0", "False"]


def test_it_looks_every_second_and_trims_every_tenth_time_anyway() -> None:
    program = """
import asyncio
from service import allocator
allocator.EVERY_S, calls, trimmer = 0, [], allocator.Trimmer()
async def life():
    task = asyncio.get_running_loop().create_task(trimmer.run())
    while len(calls) < 20:
        await asyncio.sleep(0)
    task.cancel()
trimmer.trim = lambda always: calls.append(always)
asyncio.run(life())
print([number for number, always in enumerate(calls[:20], 1) if always])
"""
    assert run(program).strip() == "[10, 20]"


def test_a_process_with_nearly_all_that_it_may_have_is_tight() -> None:
    program = "from service.allocator import is_tight, resident_bytes; size = resident_bytes()\n"
    assert run(program + "print(is_tight(size), is_tight(2 * size))").split() == ["True", "False"]
