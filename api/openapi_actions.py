"""What `/openapi.json` says of the routes that take or change something; those that answer are in `api/routes.py`."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from api.enumerations import enumeration
from api.schemas import Schema
from contract.reading import FIELDS

TEXT: Schema = {"type": "string"}
COUNT: Schema = {"type": "integer"}
NOTHING: Mapping[str, Schema] = {}
PROTOBUF = "application/x-protobuf"


class Action(NamedTuple):
    """`body` and `gives`: content type -> schema."""

    summary: str
    body: Mapping[str, Schema] = NOTHING
    gives: Mapping[str, Schema] = NOTHING


def members(required: tuple[str, ...] = (), **properties: Schema) -> Schema:
    return {"type": "object", "properties": properties, **({"required": list(required)} if required else {})}


def json(schema: Schema) -> dict[str, Schema]:
    return {"application/json": schema}


def otlp(signal: str) -> Action:
    what = f"Export{signal}ServiceRe{{}} of OTLP 1.10"
    body, gives = ({"type": "object", "description": what.format(each)} for each in ("quest", "sponse"))
    return Action(f"OTLP {signal.lower()}; answered once they are on disk.", both(body), both(gives))


def both(schema: Schema) -> dict[str, Schema]:
    return {PROTOBUF: schema, **json(schema)}


DELETED = json(members(deleted=members(traces=COUNT, spans=COUNT, log_records=COUNT)))
SCORE = members(
    ("name",), id=TEXT, name=TEXT, value={"type": ["number", "string", "boolean"]}, string_value=TEXT,
    data_type={**TEXT, "enum": list(enumeration("list_scores", "data_type"))}, source=TEXT, comment=TEXT, trace_id=TEXT,
    span_id=TEXT, session_id=TEXT, timestamp={**TEXT, "format": "date-time"}, environment=TEXT,
    metadata={"type": "object"},
)  # fmt: skip
FILTERS = {
    "type": "object",
    "description": "the parameters of GET /api/v1/traces; a list of values means any of them",
    "properties": {
        **{name: {} for name in ("from", "to", "q", *FIELDS["list_traces"])},
        "dry_run": {"type": "boolean", "description": "nothing is deleted, the answer says what would be"},
        "all": {"type": "boolean", "description": "needed where there is no filter: every trace of the project"},
    },
}
FILE = {"application/vnd.duckdb": {"type": "string", "format": "binary"}}

ACTIONS = {
    ("post", "/v1/traces"): otlp("Trace"),
    ("post", "/v1/logs"): otlp("Logs"),
    ("post", "/v1/metrics"): otlp("Metrics"),
    ("post", "/api/v1/scores"): Action("One score; answered once it is on disk.", json(SCORE), json(members(id=TEXT))),
    ("delete", "/api/v1/scores/{score_id}"): Action("The score is gone.", gives=json(members(id=TEXT, deleted=COUNT))),
    ("delete", "/api/v1/traces/{trace_id}"): Action("The trace is gone, with its log records.", gives=DELETED),
    ("post", "/api/v1/traces/delete"): Action(
        "The traces that the list shows for these filters are gone.", json(FILTERS), DELETED
    ),
    ("post", "/api/v1/snapshot"): Action(
        "A copy of the whole database file.", json({"type": "object", "maxProperties": 0}), FILE
    ),
}
"""(Method, path) -> what it takes and gives."""


def request_body(action: Action) -> dict[str, Any]:
    """The member of the operation, where there is a body."""
    content = {kind: {"schema": schema} for kind, schema in action.body.items()}
    return {"requestBody": {"required": True, "content": content}} if content else {}
