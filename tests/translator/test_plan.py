"""Plans hold the rules whose keys are there, in order of precedence."""

import pytest

from translator.conventions import CONVENTIONS
from translator.plan import ATTRIBUTES, NAMES, PLACES, READ_FIELDS, USAGE_FIELDS, names_of


def keys_of(field: str, *keys: str, scope: str = "") -> list[str | None]:
    return [candidate.key for candidate in ATTRIBUTES.candidates(scope, keys).get(field, [])]


def test_only_rules_with_a_present_key_are_planned() -> None:
    plan = ATTRIBUTES.plan("", ("gen_ai.request.model", "app.x"))
    assert [place for place, _ in plan.fields] == [PLACES["request_model"]]
    assert plan.usage == ()


def test_scoped_rules_hold_in_their_scope_only() -> None:
    assert keys_of("input", "prompt") == []
    assert keys_of("input", "prompt", scope="pydantic-ai") == ["prompt"]


def test_endings_match_within_their_map_only() -> None:
    key = "traceloop.association.properties.my_session_id"
    assert keys_of("session_id", key) == [key]
    assert keys_of("session_id", "traceloop.entity.session_id") == []


def test_indexed_families_need_a_number() -> None:
    assert keys_of("input", "gen_ai.prompt.0.content") == [None]
    assert keys_of("input", "gen_ai.prompt.name") == []


def test_a_family_is_one_candidate_however_many_keys_it_has() -> None:
    assert keys_of("input", *(f"gen_ai.prompt.{n}.content" for n in range(9))) == [None]


def test_every_field_of_the_tables_is_known() -> None:
    known = set(PLACES) | READ_FIELDS | USAGE_FIELDS
    for convention in CONVENTIONS:
        for fields in (convention.fields, *convention.events.values()):
            assert set(fields) <= known, convention.name


def test_names_of_bits() -> None:
    assert names_of(0) == ""
    assert names_of(1 << NAMES.index("genai") | 1 << NAMES.index("langfuse")) == "langfuse,genai"


@pytest.mark.parametrize("key", ["gen_ai.nobody.knows", "llm.nothing"])
def test_own_keys_without_a_rule_are_unmapped(key: str) -> None:
    assert ATTRIBUTES.plan("", (key, "app.x", "gen_ai.request.model")).unmapped == (key,)
