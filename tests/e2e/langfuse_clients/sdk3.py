"""What an application does with Langfuse's Python SDKs 3 to 5: run with LANGFUSE_HOST and keys set."""

import base64

from langfuse import get_client, observe
from langfuse.media import LangfuseMedia

client = get_client()
assert client.auth_check()
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
client.shutdown()
