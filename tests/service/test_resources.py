"""What `auto` means inside and outside a container."""

import os
from pathlib import Path

import pytest

from service import resources
from service.resources import cpus, memory_limit

GIB = 1 << 30


def limit(folder: Path, *, membership: str = "", machine_bytes: int = 16 * GIB) -> tuple[int, str]:
    (folder / "membership").write_text(membership)
    found = memory_limit(folder, folder / "membership", machine_bytes)
    return found.limit_bytes, found.origin


def write(folder: Path, name: str, text: str) -> None:
    file = folder / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text + "\n")


@pytest.mark.parametrize("name", ["memory.max", "memory/memory.limit_in_bytes"])
def test_a_container_has_its_limit_less_a_sixteenth(tmp_path: Path, name: str) -> None:
    write(tmp_path, name, str(256 << 20))
    assert limit(tmp_path) == (240 << 20, "the container's limit of 256 MiB less a margin")


@pytest.mark.parametrize(
    ("membership", "name"),
    [
        ("0::/system.slice/tracepond.service", "system.slice/tracepond.service/memory.max"),
        ("0::/system.slice/tracepond.service", "system.slice/memory.max"),
        ("9:name=systemd:/x\n4:memory:/a/b\n0::/", "memory/a/b/memory.limit_in_bytes"),
    ],
)
def test_a_limit_of_the_group_or_of_one_around_it_counts(tmp_path: Path, membership: str, name: str) -> None:
    write(tmp_path, name, str(512 << 20))
    assert limit(tmp_path, membership=membership)[0] == 480 << 20


def test_the_least_of_several_limits_counts(tmp_path: Path) -> None:
    write(tmp_path, "a/memory.max", str(512 << 20))
    write(tmp_path, "a/b/memory.max", str(2 * GIB))
    write(tmp_path, "memory.max", "max")
    assert limit(tmp_path, membership="0::/a/b")[0] == 480 << 20


@pytest.mark.parametrize("text", ["max", "9223372036854771712", "nonsense"])
def test_without_a_limit_it_is_half_of_the_machine_and_at_most_a_gib(tmp_path: Path, text: str) -> None:
    write(tmp_path, "memory.max", text)
    assert limit(tmp_path) == (GIB, "the machine has 16384 MiB and sets no limit")
    assert limit(tmp_path, machine_bytes=GIB)[0] == GIB // 2


def test_where_there_are_no_groups_the_machine_is_asked(tmp_path: Path) -> None:
    assert memory_limit(tmp_path, tmp_path / "nothing").limit_bytes <= resources.MACHINE_MOST_BYTES


@pytest.mark.parametrize(
    ("written", "found"),
    [({}, 8), ({"cpu.max": "max 100000"}, 8), ({"cpu.max": "250000 100000"}, 2), ({"a/cpu.max": "50000 100000"}, 1),
     ({"cpu.max": "400000 100000", "a/b/cpu.max": "300000 100000"}, 3), ({"cpu.max": "6400000 100000"}, 8),
     ({"cpu/cpu.cfs_quota_us": "-1", "cpu/cpu.cfs_period_us": "100000"}, 8),
     ({"cpu/cpu.cfs_quota_us": "400000", "cpu/cpu.cfs_period_us": "100000"}, 4),
     ({"cpu/c/cpu.cfs_quota_us": "50000", "cpu/c/cpu.cfs_period_us": "100000"}, 1)],
)  # fmt: skip
def test_there_are_as_many_cpus_as_a_container_may_use_at_a_time(
    tmp_path: Path, written: dict[str, str], found: int
) -> None:
    (tmp_path / "membership").write_text("4:cpu,cpuacct:/c\n0::/a/b")
    for name, text in written.items():
        write(tmp_path, name, text)
    assert cpus(tmp_path, tmp_path / "membership", 8) == found


def test_there_is_a_cpu_on_this_machine() -> None:
    assert 1 <= cpus() <= (os.cpu_count() or 1)
