"""Faults of disk and clock in a server's process, switched on and off while it runs (faults.c, preloaded)."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

SOURCE = Path(__file__).with_name("faults.c")


class Faults:
    """A library to preload, and the rule that it reads."""

    def __init__(self, folder: Path) -> None:
        self._library, self._rule = folder / "faults.so", folder / "rule"
        compiler = shutil.which("cc")
        if compiler is None or sys.platform != "linux":
            pytest.skip("needs a C compiler, and Linux's way to preload a library")
        subprocess.run([compiler, "-O1", "-shared", "-fPIC", "-o", str(self._library), str(SOURCE), "-ldl"], check=True)

    @property
    def environment(self) -> dict[str, str]:
        """For a process that is to meet the faults."""
        return {"LD_PRELOAD": str(self._library), "FAULTS": str(self._rule)}

    def inject(self, call: str, part: str, action: int | str, skip: int = 0) -> None:
        """From now on, see faults.c."""
        beside = self._rule.with_suffix(".new")
        beside.write_text(f"{call} {part} {action} {skip}\n")
        beside.rename(self._rule)

    def count(self, call: str, part: str) -> None:
        """From now on such calls succeed and are counted."""
        self.inject(call, part, "count")

    def counted(self) -> int:
        """Of a process that has ended."""
        return int(self._rule.with_suffix(".seen").read_text())

    def heal(self) -> None:
        self._rule.unlink(missing_ok=True)
