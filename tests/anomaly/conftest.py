"""What costs minutes, root or a C compiler runs with `make anomaly` only."""

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.faults import Faults

EVERYTHING = os.environ.get("ANOMALY") == "all"


@pytest.fixture(scope="session")
def everything() -> None:
    if not EVERYTHING:
        pytest.skip("long: `make anomaly` runs it")


@pytest.fixture(scope="session")
def compiled_faults(everything: None, tmp_path_factory: pytest.TempPathFactory) -> Faults:
    return Faults(tmp_path_factory.mktemp("faults"))


@pytest.fixture
def faults(compiled_faults: Faults) -> Iterator[Faults]:
    """None is switched on at the beginning, nor at the end."""
    compiled_faults.heal()
    yield compiled_faults
    compiled_faults.heal()


@pytest.fixture
def small_disk(everything: None, tmp_path: Path) -> Iterator[Path]:
    """A file system of 64 MB."""
    if os.getuid() != 0:
        pytest.skip("only root may mount a file system of 64 MB")
    place = tmp_path / "disk"
    place.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=64m", "tmpfs", str(place)]
    mounted = subprocess.run(mount, capture_output=True, text=True)
    if mounted.returncode != 0:
        pytest.skip(f"no file system can be mounted here: {mounted.stderr.strip()}")
    yield place
    subprocess.run(["umount", str(place)], check=True)
