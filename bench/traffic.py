"""Made-up GenAI traffic with texts that differ as real ones do, for benchmarks of reading.

Words are drawn by Zipf's law from 30,000, some of them not English; ids, amounts and links stand between them. Traces
are of the shape agent > chain > embedding, retrieval, model calls and tool calls: eight spans, 1.2 kB of text each on
average.
"""

import json
import random
from collections.abc import Iterator
from itertools import accumulate
from typing import Any

from contract.span import Batch, Event, Resource, Scope, Span

MS = 1_000_000
SYLLABLES = (
    "ba", "co", "de", "fi", "gu", "ha", "in", "jo", "ka", "le", "mo", "na", "or", "pe", "qui", "ra", "st", "tu", "ve",
    "wo", "xe", "ya", "zu", "ing", "tion", "er", "al", "ent", "ist", "ous",
)  # fmt: skip
FOREIGN = ("数据", "模型", "検索", "你好", "поиск", "отчёт", "größer", "Zürich", "café", "naïve", "résumé", "البيانات")
WORDS_AT_ALL = 30_000
NEEDLE = "xylophone-kumquat"
"""Stands in the prompt of one model call of 500."""
MODELS = (
    ("openai", "gpt-4.1-mini"), ("openai", "gpt-4o"), ("anthropic", "claude-sonnet-4-5"),
    ("aws.bedrock", "amazon.nova-pro-v1:0"), ("gcp.gemini", "gemini-2.5-flash"), ("mistral_ai", "mistral-large-latest"),
)  # fmt: skip
SERVICES = ("support-bot", "dify-api", "rag-worker", "langchain-app")
SCOPE = Scope("bench", "1")
CALLS_AND_TOOLS = ((2, 1), (2, 1), (2, 2), (3, 1), (1, 1), (3, 3))


def vocabulary(rng: random.Random) -> list[str]:
    """The most frequent first."""
    made = ("".join(rng.choices(SYLLABLES, k=rng.randrange(1, 5))) for _ in range(WORDS_AT_ALL - len(FOREIGN)))
    words = [*FOREIGN, *made]
    rng.shuffle(words)
    return words


class Traffic:
    """Traces one after the other, the same for the same seed, of the same words for each."""

    def __init__(self, seed: int = 1) -> None:
        self._rng = random.Random(seed)
        self._words = vocabulary(random.Random(1))
        self._weights = list(accumulate(1 / (place + 3) for place in range(WORDS_AT_ALL)))
        self._resources = [
            Resource({"service.name": name, "service.version": "1.4.2", "deployment.environment.name": "production",
                      "telemetry.sdk.language": "python", "host.name": f"pod-{number}"})
            for name in SERVICES for number in range(4)
        ]  # fmt: skip

    def text(self, characters: int) -> str:
        """About that many characters; one word of 25 is an id, an amount or a link."""
        rng = self._rng
        words = rng.choices(self._words, cum_weights=self._weights, k=characters // 6)
        for place in range(rng.randrange(25), len(words), 25):
            words[place] = rng.choice(
                (f"A-{rng.randrange(10**6)}", f"{rng.randrange(10**5) / 100}", f"https://kb.example/{rng.getrandbits(40):x}.")
            )  # fmt: skip
        return " ".join(words)

    def trace(self, start_ns: int) -> list[Span]:
        """The spans of one trace that begins then."""
        rng, shared = self._rng, _Shared(self._rng, start_ns, self._rng.choice(self._resources))
        asked, answered = self.text(220), self.text(420)
        root = shared.add(
            "", "invoke_agent support", 4000 + rng.randrange(4000), self._step("invoke_agent", asked, answered)
        )
        chain = shared.add(root, "rag_chain", 3500, self._step("chain", asked, answered))
        embedding = {"gen_ai.request.model": "text-embedding-3-small", "gen_ai.usage.input_tokens": len(asked) // 4}
        shared.add(chain, "embeddings", 40, self._step("embeddings", asked, "[1536 floats]") | embedding)
        shared.add(chain, "vector_search kb-main", 90, self._step("retrieval", asked, self.text(600)))
        calls, tools = rng.choice(CALLS_AND_TOOLS)
        for number in range(calls):
            provider, model = rng.choice(MODELS)
            failed = rng.random() < 0.02
            call = shared.add(
                chain, f"chat {model}", 400 + rng.randrange(2500), self._call(provider, model), failed=failed
            )
            if number < tools:
                tool = self._step("execute_tool", json.dumps({"order_id": f"A-{rng.randrange(99999)}"}), self.text(180))
                shared.add(call if rng.random() < 0.3 else chain, "lookup_order", 200, tool)
        return shared.spans

    def _step(self, operation: str, asked: str, answered: str) -> dict[str, Any]:
        return {
            "gen_ai.operation.name": operation,
            "app.step": self._rng.randrange(12),
            "app.cache_hit": self._rng.random() < 0.3,
            "gen_ai.input.messages": messages("user", asked),
            "gen_ai.output.messages": messages("assistant", answered),
        }

    def _call(self, provider: str, model: str) -> dict[str, Any]:
        rng, prompt, completion = self._rng, self.text(1500), self.text(600)
        if rng.randrange(500) == 0:
            prompt += " " + NEEDLE
        return {
            "gen_ai.operation.name": "chat", "gen_ai.provider.name": provider, "gen_ai.request.model": model,
            "gen_ai.response.model": model + "-2026-08-01",
            "gen_ai.response.id": f"chatcmpl-{rng.getrandbits(64):016x}",
            "gen_ai.request.temperature": round(rng.random(), 2), "gen_ai.request.max_tokens": 1024,
            "gen_ai.response.finish_reasons": ["stop"], "gen_ai.usage.input_tokens": len(prompt) // 4,
            "gen_ai.usage.output_tokens": len(completion) // 4,
            "gen_ai.usage.cache_read.input_tokens": len(prompt) // 12, "server.address": f"api.{provider}.example",
            "gen_ai.input.messages": messages("user", prompt),
            "gen_ai.output.messages": messages("assistant", completion),
        }  # fmt: skip


class _Shared:
    """What the spans of one trace have in common."""

    def __init__(self, rng: random.Random, start_ns: int, resource: Resource) -> None:
        self._rng, self._at, self._resource = rng, start_ns, resource
        self._trace_id = f"{rng.getrandbits(128):032x}"
        self._who = {"session.id": f"sess-{rng.randrange(20_000):05d}", "user.id": f"user-{rng.randrange(3000):04d}"}
        self.spans: list[Span] = []

    def add(self, parent: str, name: str, length_ms: int, attributes: dict[str, Any], *, failed: bool = False) -> str:
        span_id = f"{self._rng.getrandbits(64):016x}"
        first = Event(self._at + 200 * MS, "gen_ai.first_token", {"ttft_ms": 200 + self._rng.randrange(300)})
        events = [first] if name.startswith("chat") and not failed else []
        self.spans.append(
            Span(self._trace_id, span_id, parent, name, 1, self._at, self._at + length_ms * MS, attributes | self._who,
                 events, [], 2 if failed else 1, "429 slow down" if failed else "", self._resource, SCOPE, flags=257)
        )  # fmt: skip
        self._at += self._rng.randrange(1, 9) * MS
        return span_id


def messages(role: str, content: str) -> str:
    return json.dumps([{"role": role, "parts": [{"type": "text", "content": content}]}], ensure_ascii=False)


def batches(traffic: Traffic, spans: int, starts_ns: Iterator[int], of: int = 64) -> Iterator[Batch]:
    """Requests of that many spans. Eight applications export in turn, so that traces arrive entwined."""
    waiting: list[list[Span]] = [[] for _ in range(8)]
    sent = 0
    while sent < spans:
        queue = waiting[(sent // of) % 8]
        while len(queue) < of:
            queue += traffic.trace(next(starts_ns))
        yield Batch("default", queue[of - 1].end_ns, "http", queue[:of])
        del queue[:of]
        sent += of
