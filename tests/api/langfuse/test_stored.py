"""Documents as the routes read them."""

import pytest

from api.langfuse.stored import derived_id, json_text, kept
from contract.documents import Document
from contract.errors import BadQuery


def test_an_id_is_the_same_for_the_same_parts_only() -> None:
    assert derived_id("a", "b") == derived_id("a", "b")
    assert len({derived_id("a", "b"), derived_id("ab"), derived_id("a", "b", ""), derived_id("b", "a")}) == 4


def test_a_document_is_read_with_its_times() -> None:
    found = kept(Document("c", "i", "p", '{"a":1}', 10**9, 2 * 10**9))
    assert (found.body, found.times["updatedAt"]) == ({"a": 1}, "1970-01-01T00:00:02.000Z")


def test_what_json_cannot_hold_is_the_clients_mistake() -> None:
    with pytest.raises(BadQuery):
        json_text({"a": "\ud800"})
