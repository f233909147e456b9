"""When a compiled module is used, and that it is said why when it is not."""

import ast
from pathlib import Path
from types import ModuleType

import pytest

import contract
from contract.compiled import PURE_PYTHON_VARIABLE, load, source_crc
from receiver import compiled as wire
from storage import compiled as arrow


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


def test_every_module_is_built_from_the_sources_that_it_is_compared_with() -> None:
    """The build hook has a list of its own, since it runs where nothing is installed."""
    root = Path(contract.__path__[0]).parent
    statements = ast.parse((root / "hatch_build.py").read_text()).body
    [listed] = [each.value for each in statements if isinstance(each, ast.Assign) and each.targets[0].id == "MODULES"]  # type: ignore[attr-defined]
    built = {name: [root / source for source in sources] for name, sources in ast.literal_eval(listed).items()}
    assert built == {"receiver._wire": list(wire.SOURCES), "storage._arrow": list(arrow.SOURCES)}
