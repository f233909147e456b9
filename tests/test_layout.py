"""Where things stand: every module has its test file, and packages of the wheel are the packages of the tools."""

import ast
import re
import sys
import tomllib
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
PACKAGES = PROJECT["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]
MODULES = sorted(
    path.relative_to(ROOT)
    for package in PACKAGES
    for path in (ROOT / package).rglob("*.py")
    if path.name != "__init__.py"
)

TESTED_ELSEWHERE = {
    "contract/access.py": "two dataclass fields and a protocol; used by tests/service/test_access.py",
    "contract/media.py": "two dataclasses and a protocol; tests/storage/test_media.py checks what is kept",
    "contract/documents.py": "tuples and a protocol; tests/storage/test_documents.py checks the promise",
    "contract/prices.py": "a tuple and a protocol; made by translator/prices/listed.py",
    "contract/present.py": "a protocol and a list of names; tests/translator/test_present.py checks what is given",
    "contract/scoring.py": "a tuple and a protocol; tests/receiver/test_langfuse_score_configs.py holds scores to it",
    "contract/sink.py": "a protocol; the receivers' contract suite runs against it",
    "contract/span.py": "dataclasses without behaviour but KeyValues, which tests/contract/test_raw.py sends round",
    "contract/stats.py": "a tuple and a protocol",
    "contract/translated.py": "a dataclass without behaviour",
}
"""Modules that may lack a test file of their own, each with the reason."""

LONGEST_FILE_LINES = 400


def test_file_of(module: Path) -> Path:
    return ROOT / "tests" / module.parent / f"test_{module.name}"


test_file_of.__test__ = False  # type: ignore[attr-defined]


@pytest.mark.parametrize("module", MODULES, ids=str)
def test_every_module_has_its_test_file(module: Path) -> None:
    assert test_file_of(module).exists() or str(module) in TESTED_ELSEWHERE


def test_the_list_of_exceptions_names_only_modules_that_exist() -> None:
    assert set(TESTED_ELSEWHERE) <= set(map(str, MODULES))


@pytest.mark.parametrize("module", MODULES, ids=str)
def test_every_module_says_what_it_is_for_and_is_short_enough_to_read(module: Path) -> None:
    text = (ROOT / module).read_text()
    assert text.startswith('"""')
    assert len(text.splitlines()) <= LONGEST_FILE_LINES


def test_tools_know_the_same_packages_as_the_wheel() -> None:
    assert PROJECT["tool"]["mypy"]["packages"] == PACKAGES
    assert PROJECT["tool"]["importlinter"]["root_packages"] == PACKAGES


def test_tests_are_no_packages() -> None:
    """`tests/receiver/__init__.py` would make pytest find it in the place of `receiver`."""
    assert list((ROOT / "tests").rglob("__init__.py")) == []


def imported_modules() -> Iterator[str]:
    """Every module that the program imports, as written."""
    for module in MODULES:
        for node in ast.walk(ast.parse((ROOT / module).read_text())):
            if isinstance(node, ast.Import):
                yield from (alias.name for alias in node.names)
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                yield node.module


def distributions_of(module: str, owners: dict[str, list[str]]) -> set[str]:
    """The installed distributions that a module may come from; `google` is shared by several."""
    candidates = set(owners.get(module.partition(".")[0], ()))
    path = module.replace(".", "/")
    exact = {
        name
        for name in candidates
        if any(str(file).startswith((f"{path}/", f"{path}.py")) for file in metadata.files(name) or ())
    }
    return {normal(name) for name in exact or candidates}


def normal(distribution: str) -> str:
    return re.sub(r"[-_.]+", "-", distribution).lower()


OTHER = "backports" if sys.version_info >= (3, 14) else "compression"
"""Where another version of Python has zstd."""


def test_everything_that_is_imported_is_a_declared_dependency() -> None:
    """The test tools bring packages of their own, so that a missing dependency fails at the user's place only."""
    declared = {normal(re.split(r"[<>=!~; ]", line)[0]) for line in PROJECT["project"]["dependencies"]}
    owners = {name: list(found) for name, found in metadata.packages_distributions().items()}
    foreign = {
        name
        for name in imported_modules()
        if name.partition(".")[0] not in {*sys.stdlib_module_names, *PACKAGES, OTHER}
    }
    assert len(foreign) >= len(declared)
    assert sorted(name for name in foreign if not distributions_of(name, owners) & declared) == []
