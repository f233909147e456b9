"""The shapes of Langfuse's answers and bodies as JSON Schema, from one line a shape.

A member is `name:type`; `?` behind the type: null where nothing is known. Types are those of `OF_TYPE`, names of other
shapes, and lists of either in brackets. A member without `:` is a text.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any

Schema = dict[str, Any]

PREFIX = "Langfuse"
"""Of the names of these shapes among all components of the document: `/api/v1` has a Trace too."""

OF_TYPE: Mapping[str, Schema] = {
    "text": {"type": "string"},
    "time": {"type": "string", "format": "date-time"},
    "int": {"type": "integer"},
    "number": {"type": "number"},
    "bool": {"type": "boolean"},
    "map": {"type": "object"},
    "any": {},
}

_TRACE = """
    id projectId name:text? timestamp:time environment tags:[text] bookmarked:bool release:text? version:text?
    userId:text? sessionId:text? public:bool input:any output:any metadata:map createdAt:time updatedAt:time
    externalId:text? htmlPath
"""
_SCORE = """
    id traceId:text? sessionId:text? observationId:text? datasetRunId:text? name dataType value:number
    source comment:text? metadata:any authorUserId:text? configId:text? queueId:text? environment timestamp:time
    createdAt:time updatedAt:time
"""
_RUN = "id name description:text? metadata:any datasetId datasetName createdAt:time updatedAt:time"
_DATASET = """
    id name projectId description:text? metadata:any inputSchema:any expectedOutputSchema:any createdAt:time
    updatedAt:time
"""
_PROMPT = """
    id projectId name type prompt:any config:any labels:[text] tags:[text] commitMessage:text? version:int createdBy
    resolutionGraph:map? createdAt:time updatedAt:time
"""

SHAPES: Mapping[str, str] = {
    "Trace": _TRACE + "latency:number totalCost:number observations:[text] scores:[text]",
    "TraceWhole": _TRACE + "latency:number totalCost:number observations:[Observation] scores:[Score]",
    "TraceOfSession": _TRACE,
    "Observation": """
        id traceId projectId type name:text? startTime:time endTime:time? completionStartTime:time? environment
        version:text? level statusMessage:text? parentObservationId:text? input:any output:any metadata:map model:text?
        modelParameters:map? usage:map usageDetails:map costDetails:map unit promptTokens:int completionTokens:int
        totalTokens:int calculatedInputCost:number? calculatedOutputCost:number? calculatedTotalCost:number?
        promptId:text? promptName:text? promptVersion:int? modelId:text? inputPrice:number? outputPrice:number?
        totalPrice:number? usagePricingTierId:text? usagePricingTierName:text? latency:number?
        timeToFirstToken:number? createdAt:time updatedAt:time
    """,
    "Session": "id createdAt:time projectId environment",
    "SessionWhole": "id createdAt:time projectId environment traces:[TraceOfSession]",
    "Score": _SCORE,
    "ScoreOfTrace": _SCORE + "trace:map?",
    "ScoreConfig": """
        id projectId name dataType isArchived:bool minValue:number? maxValue:number? categories:[map]?
        description:text? createdAt:time updatedAt:time
    """,
    "Comment": "id projectId objectType objectId content authorUserId:text? createdAt:time updatedAt:time",
    "Model": """
        id modelName matchPattern startDate:time? unit inputPrice:number? outputPrice:number? totalPrice:number?
        tokenizerId:text? tokenizerConfig:any isLangfuseManaged:bool createdAt:time prices:map pricingTiers:[map]
    """,
    "Prompt": _PROMPT,
    "PromptListed": "name type versions:[int] labels:[text] tags:[text] lastUpdatedAt:time lastConfig:any",
    "Dataset": _DATASET,
    "DatasetWhole": _DATASET + "items:[DatasetItem] runs:[text]",
    "DatasetItem": """
        id datasetId datasetName input:any expectedOutput:any metadata:any sourceTraceId:text?
        sourceObservationId:text? status mediaReferences:[map] createdAt:time updatedAt:time
    """,
    "DatasetRun": _RUN,
    "DatasetRunWhole": _RUN + " datasetRunItems:[DatasetRunItem]",
    "DatasetRunItem": """
        id datasetRunId datasetRunName datasetItemId datasetVersion:time? traceId observationId:text? createdAt:time
        updatedAt:time
    """,
    "Daily": "date countTraces:int countObservations:int totalCost:number usage:[map]",
    "Id": "id",
    "Message": "message",
    "Project": "id name organization:map metadata:map",
    "Health": "status version",
    "Ingested": "successes:[map] errors:[map]",
    "MediaAnnounced": "mediaId uploadUrl:text?",
    "Media": "mediaId contentType contentLength:int uploadedAt:time url urlExpiry:time",
    "PageMeta": "page:int limit:int totalItems:int totalPages:int",
    "Error": "message error",
}
"""Name of an answer -> its members. `ObservationV2` and `ScoreV3` have the members that `fields` asks for."""

BODIES: Mapping[str, str] = {
    "TraceIds": "traceIds:[text]",
    "NewComment": "objectType objectId content authorUserId:text?",
    "NewPrompt": "name prompt:any type? config? labels? tags? commitMessage?",
    "NewLabels": "newLabels:[text]",
    "NewDataset": "name description? metadata? inputSchema? expectedOutputSchema?",
    "NewDatasetItem": """
        datasetName id? input? expectedOutput? metadata? sourceTraceId? sourceObservationId? status?
    """,
    "NewDatasetRunItem": """
        runName datasetItemId datasetVersion? traceId? observationId? runDescription? metadata?
    """,
    "NewScoreConfig": "name dataType minValue? maxValue? categories? description?",
    "ChangedScoreConfig": "name? isArchived? minValue? maxValue? categories? description?",
    "NewScore": """
        name value:any id? traceId? sessionId? observationId? datasetRunId? dataType? configId? comment? metadata?
        environment? source? queueId? timestamp?
    """,
    "Events": "batch:[map] metadata?",
    "NewMedia": "contentType contentLength:int sha256Hash field traceId observationId?",
    "MediaReport": "uploadedAt? uploadHttpStatus? uploadHttpError? uploadTimeMs?",
}
"""Name of a body -> its members. `name?`: it may be left out, and what it takes stands in the documentation."""


def members(text: str) -> Iterator[tuple[str, str]]:
    """(name, type) of each member of a shape."""
    for word in text.split():
        name, _, kind = word.partition(":")
        yield name, kind or "text"


def answer_schema(text: str) -> Schema:
    properties = {name: type_schema(kind) for name, kind in members(text)}
    return {"type": "object", "properties": properties, "required": list(properties), "additionalProperties": False}


def body_schema(text: str) -> Schema:
    found = list(members(text))
    properties = {name.rstrip("?"): {} if name.endswith("?") else type_schema(kind) for name, kind in found}
    return {"type": "object", "properties": properties, "required": [name for name, _ in found if name[-1] != "?"]}


def type_schema(kind: str) -> Schema:
    if kind.endswith("?"):
        return {"anyOf": [type_schema(kind[:-1]), {"type": "null"}]}
    if listed := re.fullmatch(r"\[(\w+)\]", kind):
        return {"type": "array", "items": type_schema(listed[1])}
    return dict(OF_TYPE[kind]) if kind in OF_TYPE else reference(kind)


def reference(name: str) -> Schema:
    return {"$ref": f"#/components/schemas/{PREFIX}{name}"}


COMPONENTS: Mapping[str, Schema] = {
    **{PREFIX + name: answer_schema(text) for name, text in SHAPES.items()},
    **{PREFIX + name: body_schema(text) for name, text in BODIES.items()},
    PREFIX + "ObservationV2": {"type": "object", "required": ["id", "projectId", "startTime", "type"]},
    PREFIX + "ScoreV3": {"type": "object", "required": ["id", "projectId", "name", "value", "dataType"]},
}
"""Name -> schema, for the components of the document."""
