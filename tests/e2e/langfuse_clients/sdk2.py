"""What an application does with Langfuse's Python SDK 2: run with LANGFUSE_HOST and keys set.

Prints, as JSON, what the SDK reads back.
"""

import base64
import json
from datetime import UTC, datetime

from langfuse import Langfuse
from langfuse.decorators import langfuse_context, observe
from langfuse.media import LangfuseMedia
from reading import plain

PIXEL = "data:image/png;base64," + base64.b64encode(b"\x89PNG\r\n\x1a\nxx").decode()
client = Langfuse()
assert client.auth_check()

trace = client.trace(
    id="trace of sdk", name="chat", user_id="u1", session_id="s1", input={"q": "hi"}, tags=["b", "a"],
    metadata={"k": 1}, release="r1", version="v1",
)  # fmt: skip
retrieve = trace.span(name="retrieve", input="q", metadata={"step": 1})
generation = retrieve.generation(
    name="llm", model="gpt-4o-mini", model_parameters={"temperature": 0.5}, input=[{"role": "user", "content": "hi"}]
)
generation.end(output="hello", usage_details={"input": 10, "output": 5}, completion_start_time=datetime.now(UTC))
retrieve.end(output=["d1"])
trace.span(name="broken", input="x").end(level="ERROR", status_message="boom")
trace.event(name="seen", level="WARNING", input={"a": 1})
trace.span(name="picture", input={"img": LangfuseMedia(base64_data_uri=PIXEL)}).end()
trace.update(output="hello")
trace.score(name="quality", value=0.9, comment="fine")
generation.score(name="kind", value="good")
trace.score(name="right", value=1, data_type="BOOLEAN")


@observe()
def inner(question: str) -> str:
    langfuse_context.update_current_observation(metadata={"step": 1})
    return question.upper()


@observe(name="decorated")
def outer(question: str) -> str:
    langfuse_context.update_current_trace(user_id="alice", session_id="s1")
    return inner(question)


outer("hi")
langfuse_context.flush()
client.flush()

read = client.fetch_trace("trace of sdk").data
listed = client.fetch_traces(user_id="u1", tags=["a", "b"]).data
calls = client.fetch_observations(name="llm").data
broken = client.fetch_observation(next(one.id for one in read.observations if one.name == "broken")).data
picture = next(one for one in read.observations if one.name == "picture")
resolved = client.resolve_media_references(obj=picture.input, resolve_with="base64_data_uri")
[decorated] = client.fetch_traces(name="decorated").data
assert (decorated.user_id, decorated.output, len(decorated.observations)) == ("alice", "HI", 1)
print(
    json.dumps(
        {
            "traces": plain([read, *listed]),
            "observations": plain([*read.observations, *calls, broken]),
            "scores": plain([*read.scores, *client.client.score.get().data]),
            "sessions": [session.id for session in client.fetch_sessions().data],
            "picture": resolved["img"] == PIXEL,
        }
    )
)
client.trace(name="at exit")
