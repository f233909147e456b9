"""Routes that change something."""

from typing import Any

from api.handling import Api
from receiver.counters import Counters
from receiver.limits import Limits
from service.actions import actions
from tests.support.langfuse_server import find_configs
from tests.support.sinks import ListSink


class NoUpkeep:
    """Never asked."""

    def __getattr__(self, name: str) -> Any:
        raise AssertionError(name)


def test_traces_scores_and_copies_have_their_routes() -> None:
    api = Api(NoUpkeep(), lambda *_: {}, dict, list, list)
    routes = actions(NoUpkeep(), ListSink(), Counters(), Limits(), find_configs)(api)
    found = {(route.method, route.path) for route in routes}
    assert {
        ("DELETE", "/api/v1/traces/{trace_id:[^/]+}"),
        ("POST", "/api/v1/scores"),
        ("DELETE", "/api/v1/scores/{score_id:[^/]+}"),
        ("POST", "/api/v1/snapshot"),
    } <= found
