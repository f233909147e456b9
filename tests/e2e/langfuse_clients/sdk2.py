"""What an application does with Langfuse's Python SDK 2: run with LANGFUSE_HOST and keys set."""

from langfuse import Langfuse
from langfuse.decorators import langfuse_context, observe

client = Langfuse()
assert client.auth_check()

trace = client.trace(
    id="trace of sdk", name="chat", user_id="u1", session_id="s1", input={"q": "hi"}, tags=["a", "b"], metadata={"k": 1}
)
span = trace.span(name="retrieve", input="q")
span.end(output=["d1"])
generation = trace.generation(name="llm", model="gpt-4o-mini", input=[{"role": "user", "content": "hi"}])
generation.end(output="hello", usage={"input": 10, "output": 5})
trace.event(name="seen", level="WARNING")
trace.update(output="hello")
trace.score(name="quality", value=0.9)
generation.score(name="kind", value="good")


@observe()
def inner(question: str) -> str:
    langfuse_context.update_current_observation(metadata={"step": 1})
    return question.upper()


@observe()
def outer(question: str) -> str:
    langfuse_context.update_current_trace(user_id="alice", session_id="s2")
    return inner(question)


outer("hi")
langfuse_context.flush()
client.flush()

found = client.fetch_trace("trace of sdk").data
assert sorted(score.name for score in found.scores) == ["kind", "quality"], found.scores
assert {observation.name for observation in found.observations} == {"retrieve", "llm", "seen"}
assert "trace of sdk" in {each.id for each in client.fetch_traces(limit=10).data}
assert len(client.fetch_observations(name="llm").data) == 1
assert {each.name for each in client.client.score.get().data} == {"kind", "quality"}
client.shutdown()
