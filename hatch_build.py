"""Build hook: compiles the Cython modules, and some Python modules as they are. Where that is not possible the program
is installed without: it does the same, and takes a fifth to a third longer for a span. TRACEPOND_PURE_PYTHON=1 makes a
wheel for every platform."""

import ast
import os
import runpy
import shutil
import zlib
from collections.abc import Iterator, Mapping
from contextlib import chdir
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

MODULES = {
    "receiver._wire": ("receiver/_wire.pyx", "receiver/_bytes.pxd"),
    "receiver._check": ("receiver/_check.pyx", "receiver/_bytes.pxd"),
    "storage._arrow": ("storage/_arrow.pyx",),
}
"""Module -> its sources. Their checksum goes into it: no module that is older than its sources is used
(`contract/compiled.py`)."""
AS_THEY_ARE = {
    "translator": ("answers", "derive", "encode", "engine", "tally", "translate", "values"),
    "translator.prices": ("book", "rates"),
}
"""Package -> its Python modules that are compiled too, into a folder whose name is the checksum of all of them and of
`PLACES` (docs/adr/0017)."""
PLACES = "contract/columns.py"
"""`row[S.kind]` becomes `row[6]`: the numbers are taken from here."""
ROWS = {"S", "L"}
OPTIONS = ["-O2", "-g0"] if os.name == "posix" else []


class CompiledModules(BuildHookInterface):
    """Puts each module beside its source, where an editable installation finds it too."""

    PLUGIN_NAME = "custom"

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Compile, and make the wheel one of this platform; or say in one line why not."""
        if os.environ.get("TRACEPOND_PURE_PYTHON"):
            return
        try:
            built = all_built(Path(self.root))
        except Exception as error:  # whatever a foreign compiler does, the program runs without
            self.app.display_warning(f"tracepond: nothing is compiled, it will be slower: {error}")
            return
        build_data["artifacts"] += [f"/{path}" for path in built]
        build_data["pure_python"] = False
        build_data["infer_tag"] = True


def all_built(root: Path) -> list[str]:
    """The paths of the modules, each new in one step: a server that has loaded the old one goes on with that."""
    with TemporaryDirectory(prefix="tracepond-build-") as folder, chdir(root):
        wanted = [*extensions(), *extensions_as_they_are(Path(folder, "sources"))]
        made = compiled([extension for _, extension in wanted], folder)
        for package in AS_THEY_ARE:
            shutil.rmtree(folder_of(package) / "_built", ignore_errors=True)
        targets = [home / built.name for (home, _), built in zip(wanted, made, strict=True)]
        for target, built in zip(targets, made, strict=True):
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(built, target.with_suffix(".new"))
            target.with_suffix(".new").replace(target)
    return [target.as_posix() for target in targets]


def extensions() -> Iterator[tuple[Path, Any]]:
    """Where each Cython module goes, and what it is made of."""
    from setuptools import Extension

    for module, sources in MODULES.items():
        crc = ("SOURCE_CRC", f"{source_crc(*sources)}UL")
        yield Path(sources[0]).parent, Extension(module, [sources[0]], define_macros=[crc], extra_compile_args=OPTIONS)


def extensions_as_they_are(folder: Path) -> Iterator[tuple[Path, Any]]:
    """The same of the Python modules; what is compiled of them is written below `folder`."""
    from setuptools import Extension

    places = runpy.run_path(PLACES)
    for package, names in AS_THEY_ARE.items():
        home = folder_of(package)
        crc = source_crc(PLACES, *(f"{home}/{name}.py" for name in names))
        for name in names:
            source = folder / home / f"{name}.py"
            source.parent.mkdir(parents=True, exist_ok=True)
            source.write_bytes(as_typed((home / f"{name}.py").read_bytes(), places))
            extension = Extension(f"{package}.{name}", [str(source)], extra_compile_args=OPTIONS)
            yield home / "_built" / f"{crc:08x}", extension


def folder_of(package: str) -> Path:
    return Path(package.replace(".", "/"))


def source_crc(*sources: str) -> int:
    return zlib.crc32(b"".join(Path(source).read_bytes() for source in sources))


def as_typed(source: bytes, places: Mapping[str, Any]) -> bytes:
    """The same code, line by line, with what the compiler can use: numbers for the places in a row, and rows as lists.

    All other annotations of functions and in them go. Cython would hold calls and answers to them (a map that is a
    subclass of `dict` is none there) or take numbers for those of C.
    """
    lines = source.splitlines(keepends=True)
    for node, text in sorted(
        edits(source, places), key=lambda edit: (edit[0].lineno, edit[0].col_offset), reverse=True
    ):
        first, last = node.lineno - 1, node.end_lineno - 1
        behind = lines[last][node.end_col_offset :]
        lines[first : last + 1] = [
            lines[first][: node.col_offset] + text.encode() + b"\n" * (last - first) + behind,
            *[b""] * (last - first),
        ]
    return b"".join(lines)


def edits(source: bytes, places: Mapping[str, Any]) -> Iterator[tuple[Any, str]]:
    """Parts of the syntax tree, and what is to stand in their place."""
    tree = ast.parse(source)
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id in ROWS:
            yield node, str(getattr(places[node.value.id], node.attr))
        elif isinstance(node, ast.arg) and node.annotation is not None:
            is_row = isinstance(node.annotation, ast.Name) and node.annotation.id == "Row"
            yield node.annotation, "list" if is_row else "object"
        elif isinstance(node, ast.FunctionDef):
            if node.returns is not None:
                yield node.returns, "object"
            for inner in ast.walk(node):
                if isinstance(inner, ast.AnnAssign):
                    yield inner.annotation, "object"


def compiled(wanted: list[Any], folder: str) -> list[Path]:
    """The files of the extensions, in their order."""
    from Cython.Build import cythonize
    from setuptools import Distribution

    modules = cythonize(wanted, build_dir=folder, force=True, quiet=True, language_level=3)
    command = Distribution({"ext_modules": modules}).get_command_obj("build_ext")
    command.build_lib = command.build_temp = folder
    command.parallel = os.cpu_count()
    command.ensure_finalized()
    command.run()
    return [Path(command.get_ext_fullpath(module.name)) for module in modules]
