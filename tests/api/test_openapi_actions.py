"""What takes or changes something is described as it is."""

import re
from unittest.mock import Mock

from api import scores, upkeep
from api.openapi import openapi
from api.openapi_actions import ACTIONS
from api.routes import TABLE

PATHS = openapi(TABLE)["paths"]


def test_whatever_takes_or_changes_something_is_described_with_its_body() -> None:
    routes = [*upkeep.actions(Mock())(Mock()), *scores.actions(Mock(), Mock())(Mock())]
    there = {(route.method.lower(), re.sub(r":\[\^/\]\+", "", route.path)) for route in routes if route.method != "*"}
    assert {each for each in ACTIONS if each[1].startswith("/api/")} == there
    for (method, path), action in ACTIONS.items():
        assert ("requestBody" in PATHS[path][method]) == (method == "post") == bool(action.body)
    body = PATHS["/api/v1/scores"]["post"]["requestBody"]["content"]["application/json"]["schema"]
    assert body["properties"].keys() == scores.NAMES.keys()
