"""The routes that list scores: by page (first and second API), by cursor (third API), or one."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

from aiohttp import web

from api.cursor import After, decode_cursor, digest_of, encode_cursor
from api.langfuse.handling import Langfuse, answer, project_of
from api.langfuse.parameters import (
    PAGE_LIMIT,
    PAGE_LIMIT_AT_MOST,
    all_given,
    given,
    parse_groups,
    parse_moment,
    parse_page,
)
from api.langfuse.records import ENVIRONMENT
from api.langfuse.scores import V3_GROUPS, score, score_v3
from api.parameters import parse_limit, stored_id
from contract.errors import BadQuery, NotFound
from contract.reading import Condition, Row

EQUAL = {
    "name": "name", "traceId": "trace_id", "sessionId": "session_id", "observationId": "span_id", "source": "source",
    "dataType": "data_type", "configId": "config_id", "queueId": "queue_id",
}  # fmt: skip
"""Parameter of the first and second API -> field that must be equal."""

ANY_OF = {
    **EQUAL, "id": "id", "environment": "environment", "authorUserId": "author_user_id",
    "experimentId": "dataset_run_id",
}  # fmt: skip
"""Parameter of the third API -> field that must be one of the values between its commas."""

OPERATORS = {"=": "eq", ">": "gt", ">=": "gte", "<": "lt", "<=": "lte"}
BOUNDS = {"valueMin": "gte", "valueMax": "lte"}
IDS = ("trace_id", "span_id")
WORDS = ("source", "data_type")
"""Fields that the third API asks for in any case."""

OLD_TYPES = ("NUMERIC", "CATEGORICAL", "BOOLEAN")

TRACES_AT_MOST = 1000
"""Traces of a user that are looked at, the newest."""

Asked = tuple[dict[str, Any], tuple[Condition, ...]]


async def list_scores(langfuse: Langfuse, request: web.Request) -> web.Response:
    """Scores of traces, as SDK 2 reads them: it refuses those of sessions, which have no trace id, and newer types."""
    more = (Condition("trace_id", "exists", (True,)), Condition("data_type", "any_of", OLD_TYPES))
    return await by_page(langfuse, request, more)


async def list_scores_v2(langfuse: Langfuse, request: web.Request) -> web.Response:
    """`{"data": [...], "meta": {...}}`, the newest first."""
    return await by_page(langfuse, request, ())


async def by_page(langfuse: Langfuse, request: web.Request, more: tuple[Condition, ...]) -> web.Response:
    page = parse_page(request.query)
    bounds, conditions = await asked_scores(langfuse, request)
    conditions += more
    asked = {**bounds, "limit": page.limit, "counted": True}
    rows = await langfuse.api.reader.read("list_scores", {**asked, "skip": page.skip}, conditions)
    first = rows or await langfuse.api.reader.read("list_scores", {**asked, "limit": 1}, conditions)
    total = first[0]["total"] if first else 0
    about = await traces_by_id(langfuse, project_of(request), rows)
    data = [score(row) | {"trace": trace_of(row, about)} for row in rows]
    return answer({"data": data, "meta": page.meta(total)})


async def traces_by_id(langfuse: Langfuse, project: str, rows: Sequence[Row]) -> dict[str, Row]:
    ids = tuple({row["trace_id"] for row in rows if row["trace_id"] is not None})
    if not ids:
        return {}
    asked = {"project": project, "limit": len(ids), "io": "none"}
    found = await langfuse.api.reader.read("list_traces", asked, (Condition("trace_id", "any_of", ids),))
    return {row["trace_id"]: row for row in found}


def trace_of(row: Row, about: Mapping[str, Row]) -> dict[str, Any] | None:
    """What SDK 2 wants to know of the trace of every score; null for a score of a session."""
    if row["trace_id"] is None:
        return None
    trace = about.get(row["trace_id"], {})
    return {
        "userId": trace.get("user_id"),
        "sessionId": trace.get("session_id"),
        "tags": trace.get("tags") or [],
        "environment": trace.get("environment") or ENVIRONMENT,
    }


async def asked_scores(langfuse: Langfuse, request: web.Request) -> Asked:
    """Which scores a query string of the first or second API means. Raises `BadQuery`."""
    found = [
        Condition(field, "eq", (value_of(field, text),))
        for name, field in EQUAL.items()
        if (text := given(request, name))
    ]
    if environments := all_given(request, "environment"):
        found.append(Condition("environment", "any_of", environments))
    if ids := given(request, "scoreIds"):
        found.append(Condition("id", "any_of", tuple(map(stored_id, ids.split(",")))))
    if value := given(request, "value"):
        operator = given(request, "operator") or "="
        if operator not in OPERATORS:
            raise BadQuery(f"operator must be one of {', '.join(OPERATORS)}", parameter="operator")
        found.append(Condition("value", OPERATORS[operator], (number("value", value),)))
    if user_id := given(request, "userId"):
        found.append(await traces_of(langfuse, project_of(request), user_id))
    return bounds_of(langfuse, request), tuple(found)


def bounds_of(langfuse: Langfuse, request: web.Request) -> dict[str, Any]:
    now_ns = langfuse.api.now_ns()
    times = {
        name: parse_moment(request.query, f"{word}Timestamp", now_ns)
        for name, word in (("from_ns", "from"), ("to_ns", "to"))
    }
    return {"project": project_of(request), **times}


async def traces_of(langfuse: Langfuse, project: str, user_id: str) -> Condition:
    """The newest traces of a user; a text that is no id where there are none."""
    asked = {"project": project, "limit": TRACES_AT_MOST, "io": "none"}
    rows = await langfuse.api.reader.read("list_traces", asked, (Condition("user_id", "eq", (user_id,)),))
    return Condition("trace_id", "any_of", tuple(row["trace_id"] for row in rows) or ("",))


async def get_score(langfuse: Langfuse, request: web.Request) -> web.Response:
    """One score."""
    score_id = stored_id(request.match_info["score_id"])
    this = Condition("id", "eq", (score_id,))
    rows = await langfuse.api.reader.read("list_scores", {"project": project_of(request), "limit": 1}, (this,))
    if not rows:
        raise NotFound(f"no score {score_id[:100]!r}")
    return answer(score(rows[0]))


async def list_scores_v3(langfuse: Langfuse, request: web.Request) -> web.Response:
    """`{"data": [...], "meta": {"limit", "cursor"?}}`: the newest first, with values of their own type."""
    groups = parse_groups(given(request, "fields") or "none", ("none", *V3_GROUPS))
    limit = parse_limit(given(request, "limit"), PAGE_LIMIT, PAGE_LIMIT_AT_MOST)
    bounds, conditions = bounds_of(langfuse, request), tuple(conditions_v3(request))
    digest = digest_of("v3/scores", bounds, [[c.field, c.op, *c.values] for c in conditions])
    parameters: dict[str, Any] = {**bounds, "limit": limit + 1}
    if text := given(request, "cursor"):
        after = decode_cursor(text, digest, 1)
        parameters |= {"after_ns": after.time_ns, "after_id": after.ids[0]}
    rows = await langfuse.api.reader.read("list_scores", parameters, conditions)
    meta: dict[str, Any] = {"limit": limit}
    if len(rows) > limit:
        meta["cursor"] = encode_cursor(digest, after_row(rows[limit - 1]))
    return answer({"data": [score_v3(row, groups) for row in rows[:limit]], "meta": meta})


def after_row(row: Row) -> After:
    return After(row["timestamp"], (row["id"],))


def conditions_v3(request: web.Request) -> list[Condition]:
    """Raises `BadQuery`."""
    found = []
    for name, field in ANY_OF.items():
        if text := given(request, name):
            found.append(Condition(field, "any_of", tuple(value_of(field, each) for each in text.split(","))))
    kinds = (given(request, "dataType") or "").upper()
    if values := given(request, "value"):
        found.append(exact(kinds, values.split(",")))
    for name, op in BOUNDS.items():
        if text := given(request, name):
            if kinds != "NUMERIC":
                raise BadQuery(f"{name} needs dataType=NUMERIC", parameter=name)
            found.append(Condition("value", op, (number(name, text),)))
    return found


def exact(kind: str, values: list[str]) -> Condition:
    """Values as the third API writes those of this type. Raises `BadQuery`."""
    if kind == "NUMERIC":
        return Condition("value", "any_of", tuple(number("value", each) for each in values))
    if kind == "BOOLEAN" and set(values) <= {"true", "false"}:
        return Condition("value", "any_of", tuple(float(each == "true") for each in values))
    if kind == "CATEGORICAL":
        return Condition("string_value", "any_of", tuple(values))
    raise BadQuery("value needs one dataType of NUMERIC, BOOLEAN (true, false) and CATEGORICAL", parameter="value")


def value_of(field: str, text: str) -> str:
    """A parameter as it is stored."""
    if field in IDS:
        return stored_id(text)
    return text.upper() if field in WORDS else text


def number(name: str, text: str) -> float:
    try:
        found = float(text)
    except ValueError:
        found = math.nan
    if not math.isfinite(found):
        raise BadQuery(f"{name} must be a number, not {text[:60]!r}", parameter=name)
    return found
