"""What `auto` means inside and outside a container."""

from pathlib import Path

import pytest

from service import resources


@pytest.mark.parametrize(
    ("limit", "expected_mib"), [("max", 256), (str(4 << 30), 256), (str(256 << 20), 128), ("1", 64)]
)
def test_memory_is_256_mib_and_at_most_half_of_the_limit(tmp_path: Path, limit: str, expected_mib: int) -> None:
    (tmp_path / "memory.max").write_text(limit + "\n")
    assert resources.memory_limit_bytes(tmp_path) == expected_mib << 20


def test_memory_limit_of_cgroup_v1_is_read(tmp_path: Path) -> None:
    (tmp_path / "memory").mkdir()
    (tmp_path / "memory/memory.limit_in_bytes").write_text(str(256 << 20))
    assert resources.memory_limit_bytes(tmp_path) == 128 << 20


def test_without_a_container_the_preferred_memory_is_used(tmp_path: Path) -> None:
    assert resources.memory_limit_bytes(tmp_path) == resources.PREFERRED_MEMORY_BYTES
