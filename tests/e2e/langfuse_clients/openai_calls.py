"""Calls of a model through `langfuse.openai` (Python SDKs 2 to 5): run with LANGFUSE_HOST, OPENAI_BASE_URL and keys.

Prints, as JSON, the calls as the SDK reads them back.
"""

import json
from contextlib import suppress
from importlib.metadata import version

import langfuse
from langfuse.openai import openai
from reading import read_observations

client = openai.OpenAI(max_retries=0)
WEATHER = {"type": "object", "properties": {"city": {"type": "string"}}}
TOOLS = [{"type": "function", "function": {"name": "get_weather", "parameters": WEATHER}}]


def messages(text: str) -> list[dict[str, str]]:
    return [{"role": "system", "content": "Be brief."}, {"role": "user", "content": text}]


create = client.chat.completions.create
create(name="plain", model="gpt-4o-mini", temperature=0.5, messages=messages("plain"))
for _ in create(
    name="stream", model="gpt-4o-mini", messages=messages("stream"), stream=True, stream_options={"include_usage": True}
):
    pass
create(name="think", model="gpt-5-mini", messages=messages("think"))
create(name="tool", model="gpt-4o-mini", messages=messages("tool"), tools=TOOLS)
client.responses.create(name="respond", model="gpt-4o-mini", input="respond")
for _ in client.responses.create(name="respond stream", model="gpt-4o-mini", input="respond stream", stream=True):
    pass
if not version("langfuse").startswith("2."):  # 2 leaves embeddings alone
    client.embeddings.create(name="embed", model="text-embedding-3-small", input="embed")
with suppress(openai.RateLimitError):
    create(name="fail", model="gpt-4o-mini", messages=messages("fail"))
if hasattr(langfuse, "get_client"):
    langfuse.get_client().flush()
else:
    openai.flush_langfuse()
print(json.dumps(read_observations(langfuse.Langfuse().api)))
