"""What an application does with Langfuse's Python SDKs 3 to 5: run with LANGFUSE_HOST and keys set.

Prints, as JSON, what the SDK reads back.
"""

import base64
import json
import warnings
from contextlib import contextmanager
from datetime import UTC, datetime

import langfuse
from langfuse import get_client, observe
from langfuse.media import LangfuseMedia
from reading import plain, read_all, read_observations

PIXEL = "data:image/png;base64," + base64.b64encode(b"\x89PNG\r\n\x1a\nxx").decode()
TYPES = ("agent", "tool", "chain", "evaluator", "guardrail", "embedding")
client = get_client()
assert client.auth_check()
api = client.api
start = client.start_as_current_observation


@contextmanager
def of_trace(**said: object):
    """3 says it of the trace, 4 and 5 of every observation within."""
    if hasattr(client, "update_current_trace"):
        client.update_current_trace(name="chat", **said)
        yield
    else:
        with langfuse.propagate_attributes(trace_name="chat", **said):
            yield


@observe(as_type="retriever", capture_input=False)
def retrieve() -> list[str]:
    client.update_current_span(input="q", metadata={"step": 1})
    with start(
        name="llm", as_type="generation", model="gpt-4o-mini", model_parameters={"temperature": 0.5},
        input=[{"role": "user", "content": "hi"}],
    ) as generation:  # fmt: skip
        generation.update(completion_start_time=datetime.now(UTC))
        generation.update(output="hello", usage_details={"input": 10, "output": 5})
        generation.score(name="kind", value="good", data_type="CATEGORICAL")
    return ["d1"]


def steps() -> None:
    retrieve()
    for name in TYPES:
        with start(name=f"one {name}", as_type=name, input={"of": name}, output="done"):
            pass
    with start(name="broken", input="x", level="ERROR", status_message="boom"):
        pass
    client.create_event(name="seen", level="WARNING", input={"a": 1})
    with start(name="picture", input={"img": LangfuseMedia(base64_data_uri=PIXEL)}):
        pass
    client.score_current_trace(name="quality", value=0.9, comment="fine")
    client.score_current_trace(name="right", value=1, data_type="BOOLEAN")


def say_io(root: object) -> None:
    """5 has input and output of observations only: a trace shows its root's."""
    told = {"input": {"q": "hi"}, "output": "hello"}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        for name in ("update_current_trace", "set_current_trace_io"):
            if hasattr(client, name):
                getattr(client, name)(**told)
                return
    root.update(**told)


said = {"user_id": "u1", "session_id": "s1", "tags": ["b", "a"], "metadata": {"k": "1"}, "version": "v1"}
with start(name="main") as root:
    trace_id = root.trace_id
    with of_trace(**said):
        steps()
    say_io(root)
client.flush()


observations = read_observations(api, trace_id=trace_id)
traces = read_all(api, "trace.list", user_id="u1", tags=["a", "b"])
if hasattr(api.trace, "get"):
    whole = api.trace.get(trace_id)
    traces += plain([whole])
    observations += plain(whole.observations)
[picture] = [one for one in observations if one["name"] == "picture"][:1]
obj = picture["input"] if isinstance(picture["input"], dict) else json.loads(picture["input"])
resolved = client.resolve_media_references(obj=obj, resolve_with="base64_data_uri")
print(
    json.dumps(
        {
            "traces": traces,
            "observations": observations,
            "scores": read_all(api, "score_v_2.get", "scores.get_many", "scores_v3.get_many_v3", trace_id=trace_id),
            "sessions": [each["id"] for each in read_all(api, "sessions.list")] if hasattr(api, "sessions") else None,
            "picture": resolved["img"] == PIXEL,
        }
    )
)
with start(name="at exit"):
    pass
