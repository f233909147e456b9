"""When a compiled module is used, and that it is said why when it is not."""

import ast
import os
import runpy
import subprocess
import sys
from importlib.machinery import EXTENSION_SUFFIXES
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

import contract
import translator
from contract.columns import L, S
from contract.compiled import (
    NOT_BUILT,
    OTHER_PYTHON,
    OTHER_SOURCES,
    PLACES,
    PURE_PYTHON_VARIABLE,
    as_they_are,
    load,
    source_crc,
)
from receiver import compiled as wire
from storage import compiled as arrow
from translator import prices

ROOT = Path(contract.__path__[0]).parent


@pytest.fixture
def sources(tmp_path: Path) -> list[Path]:
    found = [tmp_path / "_a.pyx", tmp_path / "_b.pxd"]
    for number, source in enumerate(found):
        source.write_text(f"source {number}")
    return found


def built_from(crc: int) -> ModuleType:
    module = ModuleType("package._a")
    vars(module).update(source_crc=crc)
    return module


def missing(name: str) -> ModuleType:
    raise ImportError(name)


def test_a_module_is_used_where_it_was_built_from_these_sources(sources: list[Path]) -> None:
    module = built_from(source_crc(sources))
    assert load("package._a", sources, {}, lambda name: module) is module


def test_one_that_was_built_from_other_sources_is_not_used(sources: list[Path]) -> None:
    module = built_from(source_crc(sources))
    sources[1].write_text("changed")
    assert load("package._a", sources, {}, lambda name: module) == (
        "it was built from other sources: install tracepond again"
    )


def test_it_says_why_there_is_none(sources: list[Path]) -> None:
    assert load("package._a", sources, {}, missing) == (
        "it was not built: that needs a C compiler when tracepond is installed"
    )
    assert load("package._a", sources, {PURE_PYTHON_VARIABLE: "1"}) == "TRACEPOND_PURE_PYTHON is set"
    assert str(load("package._a", sources, {PURE_PYTHON_VARIABLE: ""}, missing)).startswith("it was not built")


def test_modules_compiled_as_they_are_are_found_by_the_checksum_of_their_sources(tmp_path: Path) -> None:
    (tmp_path / "engine.py").write_text("source")
    assert as_they_are(tmp_path, ["engine"], {}) == ([], NOT_BUILT)
    built = tmp_path / "_built" / f"{source_crc([PLACES, tmp_path / 'engine.py']):08x}"
    built.mkdir(parents=True)
    (built / f"engine{EXTENSION_SUFFIXES[0]}").touch()
    assert as_they_are(tmp_path, ["engine"], {}) == ([str(built)], "")
    assert as_they_are(tmp_path, ["engine"], {PURE_PYTHON_VARIABLE: "1"}) == ([], "TRACEPOND_PURE_PYTHON is set")
    (tmp_path / "engine.py").write_text("changed")
    assert as_they_are(tmp_path, ["engine"], {}) == ([], OTHER_SOURCES)


def test_modules_compiled_for_another_python_are_said_to_be(tmp_path: Path) -> None:
    (tmp_path / "engine.py").write_text("source")
    built = tmp_path / "_built" / f"{source_crc([PLACES, tmp_path / 'engine.py']):08x}"
    built.mkdir(parents=True)
    (built / "engine.cpython-27m-plan9.so").touch()
    assert as_they_are(tmp_path, ["engine"], {}) == ([], OTHER_PYTHON)


def listed(name: str) -> Any:
    """A list of the build hook, which has its own, since it runs where nothing is installed."""
    statements = ast.parse((ROOT / "hatch_build.py").read_text()).body
    [found] = [each.value for each in statements if isinstance(each, ast.Assign) and each.targets[0].id == name]  # type: ignore[attr-defined]
    return ast.literal_eval(found)


def test_every_module_is_built_from_the_sources_that_it_is_compared_with() -> None:
    built = {name: [ROOT / source for source in sources] for name, sources in listed("MODULES").items()}
    assert built == {
        "receiver._wire": list(wire.SOURCES),
        "receiver._check": list(wire.CHECK_SOURCES),
        "storage._arrow": list(arrow.SOURCES),
    }
    assert listed("AS_THEY_ARE") == {"translator": translator.COMPILED, "translator.prices": prices.COMPILED}
    assert ROOT / listed("PLACES") == PLACES


@pytest.fixture
def build_hook(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """The names of `hatch_build.py`, without the tool that runs it."""
    hooks = ModuleType("hatchling.builders.hooks.plugin.interface")
    vars(hooks)["BuildHookInterface"] = object
    monkeypatch.setitem(sys.modules, hooks.__name__, hooks)
    return runpy.run_path(str(ROOT / "hatch_build.py"))


def test_what_is_compiled_has_numbers_for_places_and_each_line_where_it_was(build_hook: dict[str, Any]) -> None:
    source = """
def fill(row: Row, sent: dict[str,
    Any], é: float = 0.5) -> Row:
    found: float = sent["x"]; row[S.kind] = found if row[S.name] else row[L.time]
    return row

class Kept:
    S: int
"""
    places = {"S": SimpleNamespace(kind=6, name=4), "L": SimpleNamespace(time=11)}
    assert (
        build_hook["as_typed"](source.encode(), places).decode()
        == """
def fill(row: list, sent: object
, é: object = 0.5) -> object:
    found: object = sent["x"]; row[6] = found if row[4] else row[11]
    return row

class Kept:
    S: int
"""
    )


def test_every_module_that_is_compiled_as_it_is_means_the_same_to_the_compiler(build_hook: dict[str, Any]) -> None:
    """Nothing changes but annotations and the places of columns."""
    places = {"S": S, "L": L}
    for package, names in listed("AS_THEY_ARE").items():
        for name in names:
            source = (ROOT / package.replace(".", "/") / f"{name}.py").read_bytes()
            typed = build_hook["as_typed"](source, places)
            assert typed.count(b"\n") == source.count(b"\n")
            assert plain(typed) == plain(source)


def plain(source: bytes) -> str:
    """The syntax tree without annotations of functions, with places as numbers."""
    tree = ast.parse(source)
    for node in ast.walk(tree):
        if isinstance(node, ast.arg):
            node.annotation = None
        elif isinstance(node, ast.FunctionDef):
            node.returns = None
        elif isinstance(node, ast.AnnAssign):
            node.annotation = ast.Constant(None)
    return ast.dump(Numbered().visit(tree))


class Numbered(ast.NodeTransformer):
    def visit_Attribute(self, node: ast.Attribute) -> ast.AST:
        row = {"S": S, "L": L}.get(node.value.id) if isinstance(node.value, ast.Name) else None
        return self.generic_visit(node) if row is None else ast.Constant(getattr(row, node.attr))


def test_compiled_or_not_every_capture_gives_the_same_rows() -> None:
    """Of two processes, since a module is imported once."""
    program = "from support.golden import digest_of_all; print(digest_of_all())"
    environ = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "tests")])}
    environ.pop(PURE_PYTHON_VARIABLE, None)
    digests = {
        subprocess.run([sys.executable, "-c", program], env=one, check=True, capture_output=True, text=True).stdout
        for one in (environ, {**environ, PURE_PYTHON_VARIABLE: "1"})
    }
    assert [len(digest.strip()) for digest in digests] == [64]
