"""Shapes in one line, and what they become."""

import pytest

from api.langfuse.shapes import BODIES, COMPONENTS, SHAPES, answer_schema, body_schema, members, type_schema


def test_a_member_is_a_text_unless_its_type_is_said() -> None:
    assert list(members("id when:time?")) == [("id", "text"), ("when", "time?")]
    assert type_schema("[int]") == {"type": "array", "items": {"type": "integer"}}
    assert type_schema("Score") == {"$ref": "#/components/schemas/LangfuseScore"}
    assert type_schema("[map]?") == {"anyOf": [{"type": "array", "items": {"type": "object"}}, {"type": "null"}]}


def test_an_answer_has_all_its_members_and_a_body_those_that_are_not_optional() -> None:
    assert answer_schema("id n:int")["required"] == ["id", "n"]
    assert answer_schema("id")["additionalProperties"] is False
    assert body_schema("name id?") == {
        "type": "object",
        "properties": {"name": {"type": "string"}, "id": {}},
        "required": ["name"],
    }


@pytest.mark.parametrize("text", [*SHAPES.values(), *BODIES.values()])
def test_every_shape_can_be_made_and_names_no_member_twice(text: str) -> None:
    names = [name for name, _ in members(text)]
    assert len(names) == len(set(names))
    assert answer_schema(text)


def test_every_shape_is_a_component() -> None:
    assert len(COMPONENTS) == len(SHAPES) + len(BODIES) + 2
