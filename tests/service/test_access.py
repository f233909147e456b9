"""Who may come in."""

import base64
from typing import Any

import pytest

from contract.access import SCORE, Identity
from contract.errors import Unauthorized
from service.access import Access
from service.config import Auth
from service.projects import Project

SHOP = Project("shop", "pk-1", "sk-1")
READER = Project("reports", "pk-2", "sk-2", frozenset({"read"}))
KEYS = Access(Auth("keys", (SHOP, READER), mode_is_explicit=True))


def basic(text: str) -> str:
    return "Basic " + base64.b64encode(text.encode()).decode()


def test_without_keys_everyone_is_the_default_project() -> None:
    assert Access(Auth("none", (), mode_is_explicit=False))({}) == Identity()


@pytest.mark.parametrize(
    "headers",
    [
        {"authorization": basic("pk-1:sk-1")},
        {"authorization": basic("pk-1:sk-1").replace("Basic", "bAsIc ")},
        {"authorization": "Bearer sk-1"},
        {"x-api-key": "sk-1"},
    ],
)
def test_every_way_to_send_a_key_opens_its_project(headers: dict[str, str]) -> None:
    assert KEYS(headers) == Identity("shop", frozenset({"ingest", "read"}))


def test_scopes_are_those_of_the_project() -> None:
    assert KEYS({"x-api-key": "sk-2"}) == Identity("reports", frozenset({"read"}))


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"authorization": ""},
        {"authorization": "Bearer"},
        {"authorization": "Bearer "},
        {"authorization": "Bearer sk-"},
        {"authorization": "Bearer sk-1 x"},
        {"authorization": "Digest sk-1"},
        {"authorization": "Basic !!!"},
        {"authorization": "Basic " + base64.b64encode(b"\xff\xfe").decode()},
        {"authorization": basic("pk-1")},
        {"authorization": basic("pk-1:")},
        {"authorization": basic(":sk-1")},
        {"authorization": basic("pk-1:sk-2")},
        {"authorization": basic("pk-2:sk-1")},
        {"authorization": "Bearer wrong", "x-api-key": "sk-1"},
        {"x-api-key": "\uff53k-1"},
        {"x-api-key": "\udcff"},
    ],
)
def test_anything_else_opens_nothing(headers: dict[str, Any]) -> None:
    with pytest.raises(Unauthorized):
        KEYS(headers)


def test_a_public_key_alone_may_post_scores_where_the_key_may_send() -> None:
    assert KEYS({"authorization": "Bearer pk-1"}) == Identity("shop", frozenset({SCORE}))
    with pytest.raises(Unauthorized):
        KEYS({"authorization": "Bearer pk-2"})


def test_no_message_repeats_what_was_sent() -> None:
    with pytest.raises(Unauthorized) as caught:
        KEYS({"authorization": "Bearer very-secret"})
    assert "very-secret" not in str(caught.value)
