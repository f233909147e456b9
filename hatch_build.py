"""Build hook: compiles the Cython modules. Where that is not possible the program is installed without: it does the
same, and takes a sixth to a third longer for a span. TRACEPOND_PURE_PYTHON=1 makes a wheel for every platform."""

import os
import shutil
import zlib
from contextlib import chdir
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

MODULES = {
    "receiver._wire": ("receiver/_wire.pyx", "receiver/_bytes.pxd"),
    "storage._arrow": ("storage/_arrow.pyx",),
}
"""Module -> its sources. Their checksum goes into it: no module that is older than its sources is used
(`contract/compiled.py`)."""


class CompiledModules(BuildHookInterface):
    """Puts each module beside its source, where an editable installation finds it too."""

    PLUGIN_NAME = "custom"

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Compile, and make the wheel one of this platform; or say in one line why not."""
        if os.environ.get("TRACEPOND_PURE_PYTHON"):
            return
        try:
            built = [compiled(Path(self.root), module) for module in MODULES]
        except Exception as error:  # whatever a foreign compiler does, the program runs without
            self.app.display_warning(f"tracepond: nothing is compiled, it will be slower: {error}")
            return
        build_data["artifacts"] += [f"/{each.parent.name}/{each.name}" for each in built]
        build_data["pure_python"] = False
        build_data["infer_tag"] = True


def compiled(root: Path, module: str) -> Path:
    """The path of the module, new in one step: a server that has loaded the old one goes on with that."""
    from Cython.Build import cythonize
    from setuptools import Distribution, Extension

    source_crc = zlib.crc32(b"".join((root / name).read_bytes() for name in MODULES[module]))
    with TemporaryDirectory(prefix="tracepond-build-") as folder, chdir(root):
        extension = Extension(
            module,
            [MODULES[module][0]],
            define_macros=[("SOURCE_CRC", f"{source_crc}UL")],
            extra_compile_args=["-O2", "-g0"] if os.name == "posix" else [],
        )
        modules = cythonize([extension], build_dir=folder, force=True, quiet=True)
        command = Distribution({"ext_modules": modules}).get_command_obj("build_ext")
        command.build_lib = command.build_temp = folder
        command.ensure_finalized()
        command.run()
        built = Path(command.get_ext_fullpath(module))
        target = root / module.partition(".")[0] / built.name
        shutil.copy(built, target.with_suffix(".new"))
        target.with_suffix(".new").replace(target)
    return target
