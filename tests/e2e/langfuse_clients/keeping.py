"""Everything that an SDK reads and keeps, by its own client, whose models refuse an answer that lacks a field.

Prints a line for each call that failed; what a version has no function for is left out.
"""

import datetime
import json
import os
import sys
import time
from inspect import signature

import httpx
import langfuse

client = langfuse.Langfuse()
api = client.api if hasattr(client, "api") else client.client
TRACE, CALL, SCORE, NAME = "t-1", "o-1", "s-1", "folder/name 1"

LISTS = (
    "trace.list", "legacy.trace_v1.list", "observations.get_many", "observations_v_2.get_many",
    "legacy.observations_v1.get_many", "sessions.list", "scores.get_many", "score_v_2.get", "scores_v3.get_many_v3",
    "score.get", "legacy.score_v1.get_many", "models.list", "metrics.daily",
)  # fmt: skip
ONES = {
    "trace.get": TRACE, "observations.get": CALL, "legacy.observations_v1.get": CALL, "sessions.get": "s",
    "scores.get_by_id": SCORE, "score_v_2.get_by_id": SCORE, "score.get_by_id": SCORE,
}  # fmt: skip
"""Functions of the versions, those that one of them has."""


def now():
    return datetime.datetime.now(datetime.UTC)


def told(what, work):
    try:
        return work()
    except Exception as error:
        print(what, type(error).__name__, str(error)[:300])
        return None


def call(path, *given, **named):
    """A function of the generated client, if this version has it. Bodies: SDK 2 and 3 take one object."""
    found = api
    for part in path.split("."):
        found = getattr(found, part, None)
    if found is None:
        return None
    takes = signature(found).parameters
    arguments = {"request": named} if "request" in takes else {name: named[name] for name in named if name in takes}
    return told(path, lambda: found(*given, **arguments))


def send_events():
    at = now().isoformat()
    generation = {"id": CALL, "traceId": TRACE, "name": "llm", "model": "gpt-4o", "startTime": at, "endTime": at}
    generation |= {"usage": {"input": 10, "output": 5, "total": 15}, "input": "x", "modelParameters": {"top_p": 1}}
    trace = {"id": TRACE, "name": "chat", "userId": "u", "sessionId": "s", "tags": ["a"], "public": True}
    score = {"id": SCORE, "traceId": TRACE, "name": "q", "value": 0.5}
    types = {"trace-create": trace, "generation-create": generation, "score-create": score}
    batch = [{"id": kind, "type": kind, "timestamp": at, "body": body} for kind, body in types.items()]
    keys = (os.environ["LANGFUSE_PUBLIC_KEY"], os.environ["LANGFUSE_SECRET_KEY"])
    url = os.environ["LANGFUSE_HOST"] + "/api/public/ingestion"
    answer = httpx.post(url, json={"batch": batch}, auth=keys).json()
    assert answer["errors"] == [], answer


def read_traces():
    for path in LISTS:
        call(path, limit=5)
    for path, name in ONES.items():
        call(path, name)
    call("models.get", call("models.list", limit=1).data[0].id)
    query = {"view": "observations", "metrics": [{"measure": "count", "aggregation": "count"}]}
    query |= {"fromTimestamp": "2020-01-01T00:00:00Z", "toTimestamp": "2040-01-01T00:00:00Z"}
    for path in ("metrics.metrics", "metrics_v_2.metrics", "legacy.metrics_v1.metrics"):
        call(path, query=json.dumps(query))
    call("projects.get")
    call("health.health")


def keep_configs_and_comments():
    made = call("score_configs.create", name="quality", dataType="NUMERIC", data_type="NUMERIC")
    call("score_configs.get", limit=2)
    call("score_configs.get_by_id", made.id)
    call("score_configs.update", made.id, is_archived=True, isArchived=True)
    said = {"objectType": "TRACE", "objectId": TRACE, "projectId": "default"}
    names = {"object_type": "TRACE", "object_id": TRACE, "project_id": "default", "content": "c"}
    comment = call("comments.create", **said, **names)
    call("comments.get")
    call("comments.get_by_id", comment.id)


def keep_prompts():
    create = client.create_prompt
    told("create_prompt", lambda: create(name=NAME, prompt="hello {{x}}", labels=["production"], type="text"))
    messages = [{"role": "user", "content": "hi"}]
    told("create_prompt", lambda: create(name=NAME + "c", prompt=messages, labels=["production"], type="chat"))
    found = told("get_prompt", lambda: client.get_prompt(NAME, cache_ttl_seconds=0))
    assert (found.version, found.prompt) == (1, "hello {{x}}")
    told("update_prompt", lambda: client.update_prompt(name=NAME, version=1, new_labels=["staging"]))
    call("prompts.list", limit=3)


def keep_datasets():
    told("create_dataset", lambda: client.create_dataset(name=NAME, description="x", metadata={"a": 1}))
    first = told("create_dataset_item", lambda: client.create_dataset_item(dataset_name=NAME, input={"q": 1}))
    time.sleep(0.01)  # a version is a millisecond
    before = now()
    time.sleep(0.01)
    told("create_dataset_item", lambda: client.create_dataset_item(dataset_name=NAME, input={"q": 2}))
    dataset = told("get_dataset", lambda: client.get_dataset(NAME))
    assert len(dataset.items) == 2
    if "version" in signature(client.get_dataset).parameters:
        assert len(told("version", lambda: client.get_dataset(NAME, version=before)).items) == 1
    call("datasets.list", limit=2)
    call("dataset_items.list", dataset_name=NAME, limit=2)
    call("dataset_items.get", first.id)
    if hasattr(client, "run_experiment"):
        done = told("run_experiment", lambda: dataset.run_experiment(name="run", task=lambda **_: "out"))
        assert len(done.item_results) == 2
    if hasattr(api, "dataset_run_items"):
        link = {"runName": "r", "datasetItemId": first.id, "traceId": TRACE}
        call("dataset_run_items.create", **link, run_name="r", dataset_item_id=first.id, trace_id=TRACE)
        call("datasets.get_runs", NAME)
        call("datasets.get_run", NAME, "r")
        call("dataset_run_items.list", dataset_id=dataset.id, run_name="r")
        call("datasets.delete_run", NAME, "r")
    call("dataset_items.delete", first.id)


def delete():
    for path in ("score.delete", "legacy.score_v1.delete"):
        call(path, SCORE)
    call("prompts.delete", NAME)
    call("trace.delete", TRACE)
    call("trace.delete_multiple", trace_ids=[TRACE])


for step in (send_events, read_traces, keep_configs_and_comments, keep_prompts, keep_datasets, delete):
    step()
client.flush()
sys.stdout.flush()
os._exit(0)  # its threads have nothing left to do, and SDK 2 waits for them a second each
