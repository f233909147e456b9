"""`/api/v1/facets`: which values fields have, and how many spans have each; what a filter can be chosen from."""

from aiohttp import web

from api.handling import Api, identity_of, json_response
from api.parameters import parse_filtered, parse_limit, parse_names, parse_range
from contract.reading import GROUPS, TEXT_SEARCH

CONTROLS = ("fields", "from", "to", "limit", TEXT_SEARCH)
FIELDS_WHERE_NOT_GIVEN = ("kind", "status", "model", "service_name", "environment")
FIELDS_AT_MOST = 20
VALUES_WHERE_NOT_GIVEN = 20


async def get_facets(api: Api, request: web.Request) -> web.Response:
    """`{"data": [{"field": ..., "values": [{"value": ..., "count": ...}], "more": ...}]}`, frequent values first."""
    now_ns, project = api.now_ns(), identity_of(request).project
    given, conditions = parse_filtered(request.query.items(), "facet", CONTROLS, now_ns)
    fields = parse_names(given.get("fields", ""), "fields", GROUPS, FIELDS_AT_MOST) or FIELDS_WHERE_NOT_GIVEN
    limit = parse_limit(given.get("limit"), VALUES_WHERE_NOT_GIVEN)
    bounds = dict(zip(("from_ns", "to_ns"), parse_range(given, now_ns), strict=True))
    data = []
    for field in fields:
        asked = {"project": project, "field": field, "limit": limit + 1, **bounds}
        rows = await api.reader.read("facet", asked, conditions)
        data.append({"field": field, "values": rows[:limit], "more": len(rows) > limit})
    return json_response({"data": data})
