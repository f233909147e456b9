"""docs/conventions.md says what the tables say; every convention has its own module and place."""

import re
from pathlib import Path

import pytest

from translator import conventions
from translator.conventions import CONVENTIONS
from translator.rules import Convention

ROOT = Path(__file__).parents[2]
ROWS = {
    match[1]: set(re.findall(r"`(\w+)`", match[2]))
    for match in re.finditer(
        r"^\| `(\w+)` \|[^|]*\|([^|]*)\|$", (ROOT / "docs/conventions.md").read_text(), re.MULTILINE
    )
}


def test_the_table_lists_every_convention_in_order() -> None:
    assert list(ROWS) == [convention.name for convention in CONVENTIONS]


@pytest.mark.parametrize("convention", CONVENTIONS, ids=lambda convention: convention.name)
def test_a_row_names_the_fields_that_the_convention_gives(convention: Convention) -> None:
    events = {field for fields in convention.events.values() for field in fields}
    assert ROWS[convention.name] == {*convention.fields, *events}


def test_every_module_is_registered_under_its_name() -> None:
    modules = {path.stem for path in Path(conventions.__path__[0]).glob("*.py")} - {"__init__"}
    assert modules == {convention.name for convention in CONVENTIONS}


@pytest.mark.parametrize("convention", CONVENTIONS, ids=lambda convention: convention.name)
def test_a_table_has_no_empty_fields(convention: Convention) -> None:
    assert [field for field, rules in convention.fields.items() if not rules] == []
