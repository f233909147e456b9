"""Configurations of scores: what values scores of a name may have. They are archived, never deleted.

Sources: langfuse/langfuse `packages/shared/src/domain/score-configs.ts`, and its API definition of the same name.
"""

import math
import uuid
from collections.abc import Collection, Mapping, Sequence
from functools import partial
from typing import Any

import orjson
from aiohttp import web

from api.langfuse.handling import Langfuse, answer, json_object, optional_text, project_of, text_in
from api.langfuse.parameters import parse_page
from api.langfuse.stored import Kept, json_text, kept, read_one, read_page
from contract.documents import Change, Document
from contract.errors import BadQuery, NotFound
from contract.reading import Reader
from contract.scoring import ScoreConfig, ScoreConfigs

COLLECTION = "score_config"
DATA_TYPES = ("NUMERIC", "BOOLEAN", "CATEGORICAL", "TEXT")
MEMBERS = ("name", "dataType", "isArchived", "minValue", "maxValue", "categories", "description")
CHANGEABLE = tuple(name for name in MEMBERS if name != "dataType")

NAME_AT_MOST = 35
IN_NAMES = "_ .()-"
"""Beside letters and digits of any script."""

BOOLEAN_CATEGORIES = [{"label": "True", "value": 1}, {"label": "False", "value": 0}]


async def create_score_config(langfuse: Langfuse, request: web.Request) -> web.Response:
    """The configuration is stored."""
    body = await json_object(langfuse, request)
    if body.get("dataType") == "BOOLEAN" and body.get("categories") is not None:
        raise BadQuery("categories of a BOOLEAN configuration follow from its type", parameter="categories")
    said = checked({"isArchived": False, **given_members(body, MEMBERS)})
    config_id, now_ns, project = str(uuid.uuid4()), langfuse.api.now_ns(), project_of(request)
    document = Document(COLLECTION, config_id, "", json_text(said), now_ns, now_ns)
    made = await langfuse.documents.change(
        project, COLLECTION, lambda _: (Change([document]), kept(document)), id=config_id
    )
    return answer(shown(made, project))


async def update_score_config(langfuse: Langfuse, request: web.Request) -> web.Response:
    """The configuration has what the body names; scores that were taken before stay as they are."""
    said = given_members(await json_object(langfuse, request), CHANGEABLE)
    if not said:
        raise BadQuery(f"the body must have at least one of {', '.join(CHANGEABLE)}")
    project, config_id = project_of(request), request.match_info["config_id"]
    decide = partial(updated, config_id, said, langfuse.api.now_ns())
    return answer(shown(await langfuse.documents.change(project, COLLECTION, decide, id=config_id), project))


def updated(config_id: str, said: Mapping[str, Any], now_ns: int, known: Sequence[Document]) -> tuple[Change, Kept]:
    if not known:
        raise NotFound(f"no score configuration {config_id[:100]!r}")
    body = checked({**kept(known[0]).body, **said})
    document = known[0]._replace(body=json_text(body), updated_ns=now_ns)
    return Change([document]), kept(document)


def given_members(body: Mapping[str, Any], names: Sequence[str]) -> dict[str, Any]:
    """SDKs send null for what their user did not give."""
    return {name: body[name] for name in names if body.get(name) is not None}


def checked(body: Mapping[str, Any]) -> dict[str, Any]:
    """A configuration that makes sense. Raises `BadQuery`."""
    name, data_type = text_in(body, "name"), body.get("dataType")
    if len(name) > NAME_AT_MOST or not all(letter.isalnum() or letter in IN_NAMES for letter in name):
        allowed = "letters, digits, spaces, _ . ( ) -"
        raise BadQuery(f"name takes at most {NAME_AT_MOST} characters of {allowed}", parameter="name")
    if data_type not in DATA_TYPES:
        raise BadQuery(f"dataType must be one of {', '.join(DATA_TYPES)}", parameter="dataType")
    if not isinstance(body.get("isArchived"), bool):
        raise BadQuery("isArchived must be true or false", parameter="isArchived")
    optional_text(body, "description")
    check_range(body)
    if data_type == "BOOLEAN":
        return {**body, "categories": BOOLEAN_CATEGORIES}
    check_categories(body)
    return dict(body)


def check_range(body: Mapping[str, Any]) -> None:
    """Only numbers have one; of a BOOLEAN configuration it says nothing, and Langfuse lets it stand."""
    bounds = [body[name] for name in ("minValue", "maxValue") if body.get(name) is not None]
    if bounds and body["dataType"] in ("CATEGORICAL", "TEXT"):
        raise BadQuery(f"a {body['dataType']} configuration has no minValue and maxValue", parameter="minValue")
    if not all(map(is_number, bounds)):
        raise BadQuery("minValue and maxValue must be numbers", parameter="minValue")
    if len(bounds) == 2 and bounds[0] >= bounds[1]:
        raise BadQuery("maxValue must be greater than minValue", parameter="maxValue")


def check_categories(body: Mapping[str, Any]) -> None:
    categories = body.get("categories")
    if body["dataType"] != "CATEGORICAL":
        if categories is not None:
            raise BadQuery(f"a {body['dataType']} configuration has no categories", parameter="categories")
        return
    if not isinstance(categories, list) or not all(map(is_category, categories)):
        raise BadQuery("categories must be a list of objects with a label and a number `value`", parameter="categories")
    for member in ("label", "value"):
        if len({each[member] for each in categories}) != len(categories):
            raise BadQuery(f"two categories have the same {member}", parameter="categories")


def is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)


def is_category(value: Any) -> bool:
    if not isinstance(value, dict) or not isinstance(value.get("label"), str):
        return False
    return bool(value["label"]) and is_number(value.get("value"))


def shown(found: Kept, project: str) -> dict[str, Any]:
    known = {name: found.body.get(name) for name in MEMBERS}
    return {"id": found.id, "projectId": project, **known, **found.times}


async def list_score_configs(langfuse: Langfuse, request: web.Request) -> web.Response:
    """`{"data": [...], "meta": {...}}`, the newest first, archived ones too."""
    page, project = parse_page(request.query), project_of(request)
    found, total = await read_page(langfuse, project, COLLECTION, page)
    return answer({"data": [shown(each, project) for each in found], "meta": page.meta(total)})


async def get_score_config(langfuse: Langfuse, request: web.Request) -> web.Response:
    """A configuration by its id."""
    project, config_id = project_of(request), request.match_info["config_id"]
    found = await read_one(langfuse, project, COLLECTION, config_id)
    if found is None:
        raise NotFound(f"no score configuration {config_id[:100]!r}")
    return answer(shown(found, project))


def score_configs(reader: Reader) -> ScoreConfigs:
    """For what takes scores."""

    async def find(project: str, ids: Collection[str]) -> dict[str, ScoreConfig]:
        found = {}
        for config_id in ids:
            asked = {"project": project, "collection": COLLECTION, "id": config_id, "limit": 1}
            for row in await reader.read("list_documents", asked):
                found[config_id] = as_contract(config_id, orjson.loads(row["body"]))
        return found

    return find


def as_contract(config_id: str, body: Mapping[str, Any]) -> ScoreConfig:
    return ScoreConfig(
        config_id,
        body["name"],
        body["dataType"],
        body["isArchived"],
        body.get("minValue"),
        body.get("maxValue"),
        {each["label"]: each["value"] for each in body.get("categories") or ()},
    )
