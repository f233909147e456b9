"""The routes of the query API that change something, with what they change it by."""

from collections.abc import Callable

from aiohttp import web

import api.scores
import api.upkeep
from api.handling import Api
from contract.scoring import ScoreConfigs
from contract.sink import Sink
from contract.upkeep import Upkeep
from receiver.counters import Counters
from receiver.langfuse_http import score_poster
from receiver.limits import Limits


def actions(
    upkeep: Upkeep, sink: Sink, counters: Counters, limits: Limits, score_configs: ScoreConfigs
) -> Callable[[Api], list[web.RouteDef]]:
    """For `api.routes.routes`."""
    post = score_poster(sink, counters, limits, score_configs)
    found = (api.upkeep.actions(upkeep), api.scores.actions(post, upkeep))
    return lambda asked: [route for routes in found for route in routes(asked)]
