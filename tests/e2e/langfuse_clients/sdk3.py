"""What an application does with Langfuse's Python SDKs 3 to 5: run with LANGFUSE_HOST and keys set."""

import base64

from langfuse import get_client, observe
from langfuse.media import LangfuseMedia

client = get_client()
assert client.auth_check()
WITH_NAMES = {"fields": "core,basic"} if not hasattr(client.api, "score_v_2") else {}
"""The second API for observations tells names where they are asked for."""
start = getattr(client, "start_as_current_observation", None)
PIXEL = base64.b64encode(b"\x89PNG\r\n\x1a\nxx").decode()


@observe()
def inner(question: str) -> str:
    return question.upper()


@observe(name="main")
def outer(question: str) -> str:
    client.score_current_trace(name="quality", value=0.9)
    client.score_current_span(name="kind", value="good", data_type="CATEGORICAL")
    return inner(question)


outer("hi")
if start is not None:
    with start(name="llm", as_type="generation", model="gpt-4o-mini", input="hi") as generation:
        generation.update(output="hello", usage_details={"input": 10, "output": 5})
    with start(name="picture", input={"img": LangfuseMedia(base64_data_uri=f"data:image/png;base64,{PIXEL}")}):
        pass
client.create_score(name="later", value=1, data_type="BOOLEAN", trace_id="0" * 31 + "1")
client.flush()


def names(page: object) -> list[str]:
    return sorted(each.name for each in page.data)


ALL = ["kind", "later", "quality"]
api = client.api
if hasattr(api, "score_v_2"):  # 3
    assert names(api.score_v_2.get(limit=10)) == ALL
    assert "main" in names(api.trace.list())
elif hasattr(api, "scores_v3"):  # 4
    assert names(api.scores_v3.get_many_v3(limit=10)) == names(api.scores.get_many(limit=10)) == ALL
else:  # 5
    later = api.scores.get_many(name="later", fields="details,subject,annotation").data
    assert names(api.scores.get_many(limit=10)) == ALL
    assert [(each.value, each.data_type, each.subject.kind) for each in later] == [(True, "BOOLEAN", "trace")]
if hasattr(api, "observations") and hasattr(api.observations, "get_many"):
    assert {"inner", "main"} <= set(names(api.observations.get_many(limit=50, **WITH_NAMES)))
client.shutdown()
