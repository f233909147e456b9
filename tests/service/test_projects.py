"""Entries of `auth.projects`."""

from typing import Any

import pytest

from service.projects import projects
from storage.retention import Limits

ENTRY: dict[str, Any] = {"name": "shop", "public_key": "pk-1", "secret_key": "sk-1"}


def test_both_scopes_are_given_when_none_is_named() -> None:
    assert projects([ENTRY])[0].scopes == {"ingest", "read"}
    assert projects([ENTRY | {"scopes": ["read"]}])[0].scopes == {"read"}


def test_text_of_a_variable_is_read_as_yaml_or_json() -> None:
    assert projects('[{"name":"shop","public_key":"pk-1","secret_key":"sk-1"}]') == projects([ENTRY])
    assert projects("") == ()


@pytest.mark.parametrize(
    ("entries", "message"),
    [
        ({"name": "x"}, "expected a list, got a mapping"),
        (["x"], "entry 1: expected a mapping"),
        ([ENTRY | {"colour": "red"}], "entry 1: unknown field 'colour'"),
        ([{"name": "shop", "public_key": "pk-1"}], "entry 1: secret_key is missing$"),
        ([ENTRY | {"public_key": ""}], "entry 1: public_key is missing$"),
        ([ENTRY | {"secret_key": 12345}], "entry 1: secret_key must be"),
        ([ENTRY | {"public_key": "a:b"}], "must not contain a colon"),
        ([ENTRY | {"scopes": ["write"]}], "entry 1: scopes must be a list of admin, ingest, operator, read"),
        ([ENTRY | {"scopes": "read"}], "entry 1: scopes must be"),
        ([ENTRY | {"scopes": []}], "entry 1: scopes must be"),
        ([ENTRY, ENTRY | {"public_key": "pk-2"}], "two projects have the same secret_key"),
        ([ENTRY, ENTRY | {"secret_key": "sk-2"}], "two projects have the same public_key"),
        ("[{", "expected a list as YAML or JSON"),
    ],
)
def test_a_wrong_entry_is_named(entries: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        projects(entries)


def test_no_message_and_no_repr_shows_a_secret() -> None:
    assert "sk-1" not in repr(projects([ENTRY]))
    with pytest.raises(ValueError, match="secret_key") as caught:
        projects([ENTRY | {"secret_key": "geheim\n"}])
    assert "geheim" not in str(caught.value)


def test_a_project_may_have_limits_of_its_own() -> None:
    assert projects([ENTRY])[0].retention == Limits()
    said = ENTRY | {"retention": {"max_age": "2h", "max_rows": 1000}}
    assert projects([said])[0].retention == Limits(7200, 1000)
    other = ENTRY | {"public_key": "pk-2", "secret_key": "sk-2"}
    assert len(projects([said, other | {"retention": said["retention"]}])) == 2
    with pytest.raises(ValueError, match="project 'shop' has two retentions"):
        projects([said, other | {"retention": {"max_age": "3h"}}])


def test_the_limits_of_a_project_are_said_in_any_of_its_entries() -> None:
    said = ENTRY | {"retention": {"max_age": "2h"}}
    other = ENTRY | {"public_key": "pk-2", "secret_key": "sk-2", "scopes": ["read"]}
    elsewhere = {"name": "bar", "public_key": "pk-3", "secret_key": "sk-3"}
    for entries in ([said, other, elsewhere], [elsewhere, other, said]):
        limits = {entry.public_key: entry.retention for entry in projects(entries)}
        assert limits == {ENTRY["public_key"]: Limits(7200), "pk-2": Limits(7200), "pk-3": Limits()}


@pytest.mark.parametrize(
    ("retention", "message"),
    [
        ({"max_size": "2GB"}, "entry 1: retention must be a mapping with max_age or max_rows"),
        ("7d", "entry 1: retention must be a mapping"),
        ({"max_age": 7}, "entry 1: retention: max_age: expected none or a number with a unit"),
        ({"max_rows": -1}, "entry 1: retention: max_rows: expected none or a whole number"),
    ],
)
def test_a_wrong_limit_is_named(retention: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        projects([ENTRY | {"retention": retention}])
