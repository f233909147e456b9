"""What translating costs: microseconds per span on generated GenAI traffic.

    python -m bench.translate [--convention genai|openinference|langfuse|mixed] [--spans N] [--profile]

Traces are of the shape agent > chain > embedding, retrieval, model calls, tool calls, 1.5 kB a span on average. Prints
CPU time of the best of several rounds, the machine's least disturbed one.
"""

import argparse
import cProfile
import json
import platform
import pstats
import random
import time
from collections.abc import Iterator
from typing import Any

from contract.span import Batch, Event, Resource, Scope, Span
from translator.translate import Translator

BATCH = 64
ROUNDS = 7
START_NS = 1_790_000_000_000_000_000
WORDS = "account address answer batch budget cache delivery engine forecast garden invoice order report ticket weather"


def text(rng: random.Random, size: int) -> str:
    words = rng.choices(WORDS.split(), k=size // 7)
    return " ".join(words)


def message(role: str, content: str) -> dict[str, Any]:
    return {"role": role, "parts": [{"type": "text", "content": content}]}


def genai_call(rng: random.Random) -> dict[str, Any]:
    tokens = rng.randrange(50, 900)
    return {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": "openai",
        "gen_ai.request.model": "gpt-4o",
        "gen_ai.response.model": "gpt-4o-2024-08-06",
        "gen_ai.response.id": f"chatcmpl-{rng.getrandbits(64):016x}",
        "gen_ai.request.temperature": rng.random(),
        "gen_ai.request.max_tokens": 1024,
        "gen_ai.request.top_p": 0.95,
        "gen_ai.response.finish_reasons": ["stop"],
        "gen_ai.usage.input_tokens": tokens,
        "gen_ai.usage.output_tokens": tokens // 3,
        "gen_ai.usage.cache_read.input_tokens": tokens // 4,
        "gen_ai.conversation.id": f"session-{rng.randrange(999)}",
        "gen_ai.output.type": "text",
        "gen_ai.agent.name": "support",
        "server.address": "api.example",
        "server.port": 443,
        "user.id": f"user-{rng.randrange(99)}",
        "session.id": f"session-{rng.randrange(999)}",
        "gen_ai.system_instructions": json.dumps([{"type": "text", "content": "Answer from the context only."}]),
        "gen_ai.input.messages": json.dumps([message("user", text(rng, 1500))]),
        "gen_ai.output.messages": json.dumps([message("assistant", text(rng, 600))]),
    }


def openinference_call(rng: random.Random) -> dict[str, Any]:
    tokens, prompt, completion = rng.randrange(50, 900), text(rng, 1500), text(rng, 600)
    return {
        "openinference.span.kind": "LLM",
        "llm.system": "openai",
        "llm.provider": "openai",
        "llm.model_name": "gpt-4o-2024-08-06",
        "llm.invocation_parameters": json.dumps({"temperature": 0.2, "max_tokens": 1024}),
        "llm.token_count.prompt": tokens,
        "llm.token_count.completion": tokens // 3,
        "llm.token_count.total": tokens + tokens // 3,
        "input.value": json.dumps({"messages": [{"role": "user", "content": prompt}]}),
        "input.mime_type": "application/json",
        "output.value": completion,
        "output.mime_type": "text/plain",
        "llm.input_messages.0.message.role": "user",
        "llm.input_messages.0.message.content": prompt,
        "llm.output_messages.0.message.role": "assistant",
        "llm.output_messages.0.message.content": completion,
        "session.id": f"session-{rng.randrange(999)}",
        "user.id": f"user-{rng.randrange(99)}",
        "metadata": json.dumps({"tenant": "a", "env": "prod"}),
        "tag.tags": ["prod", "rag"],
        "llm.finish_reason": "stop",
    }


def langfuse_call(rng: random.Random) -> dict[str, Any]:
    tokens = rng.randrange(50, 900)
    return {
        "langfuse.observation.type": "generation",
        "langfuse.observation.model.name": "gpt-4o",
        "langfuse.observation.model.parameters": json.dumps({"temperature": 0.2}),
        "langfuse.observation.input": json.dumps([{"role": "user", "content": text(rng, 1500)}]),
        "langfuse.observation.output": json.dumps({"role": "assistant", "content": text(rng, 600)}),
        "langfuse.observation.usage_details": json.dumps({"input": tokens, "output": 9, "total": tokens + 9}),
        "langfuse.observation.cost_details": json.dumps({"input": 0.001, "output": 0.002}),
        "langfuse.observation.level": "DEFAULT",
        "langfuse.observation.metadata.step": "answer",
        "langfuse.environment": "production",
        "langfuse.trace.name": "support-chat",
        "langfuse.trace.tags": ["prod", "rag"],
        "user.id": f"user-{rng.randrange(99)}",
        "session.id": f"session-{rng.randrange(999)}",
    }


CALLS = {"genai": genai_call, "openinference": openinference_call, "langfuse": langfuse_call}
KIND_KEYS = {
    "genai": ("gen_ai.operation.name", ("invoke_agent", "chain", "embeddings", "retrieval", "execute_tool")),
    "openinference": ("openinference.span.kind", ("AGENT", "CHAIN", "EMBEDDING", "RETRIEVER", "TOOL")),
    "langfuse": ("langfuse.observation.type", ("agent", "chain", "embedding", "retriever", "tool")),
}
CONTENT_KEYS = {
    "genai": ("gen_ai.input.messages", "gen_ai.output.messages"),
    "openinference": ("input.value", "output.value"),
    "langfuse": ("langfuse.observation.input", "langfuse.observation.output"),
}


def other(convention: str, nth: int, rng: random.Random) -> dict[str, Any]:
    key, kinds = KIND_KEYS[convention]
    sent, answered = CONTENT_KEYS[convention]
    return {
        key: kinds[nth],
        "session.id": f"session-{rng.randrange(999)}",
        "user.id": f"user-{rng.randrange(99)}",
        "app.step": rng.randrange(12),
        "app.cache_hit": rng.random() < 0.3,
        sent: text(rng, 220),
        answered: text(rng, 420),
    }


def spans(convention: str, count: int) -> Iterator[Span]:
    rng = random.Random(7)
    resource = Resource({"service.name": "bench", "service.version": "1", "deployment.environment.name": "prod"})
    scope = Scope("bench", "1")
    for nth in range(count):
        spoken = convention if convention != "mixed" else ("genai", "genai", "openinference", "langfuse")[nth // 8 % 4]
        call = nth % 8 in (4, 5, 7)
        attributes = CALLS[spoken](rng) if call else other(spoken, nth % 5, rng)
        start = START_NS + nth * 1_000_000
        events = [Event(start + 9, "gen_ai.first_token", {"ttft_ms": 200})] if call else []
        ids = f"{nth // 8:032x}", f"{nth + 1:016x}", f"{nth:016x}" if nth % 8 else ""
        yield Span(
            *ids,
            "chat gpt-4o" if call else "step",
            3 if call else 1,
            start,
            start + 10**9,
            attributes,
            events,
            [],
            1,
            "",
            resource,
            scope,
            flags=257,
        )


def fresh(batch: Batch) -> Batch:
    """The batch with keys and texts that have never been hashed, as a decoder makes them."""
    copies = []
    for span in batch.spans:
        sent = {"".join((key[:1], key[1:])): value for key, value in span.attributes.items()}
        copies.append(
            Span(
                span.trace_id,
                span.span_id,
                span.parent_span_id,
                span.name,
                span.kind,
                span.start_ns,
                span.end_ns,
                sent,
                span.events,
                span.links,
                span.status_code,
                span.status_message,
                span.resource,
                span.scope,
                flags=span.flags,
            )
        )
    return Batch(batch.project, batch.received_ns, batch.transport, copies)


def batches(convention: str, count: int) -> list[Batch]:
    made = list(spans(convention, count))
    return [Batch("default", START_NS, "http", made[at : at + BATCH]) for at in range(0, len(made), BATCH)]


def measure(translator: Translator, some: list[Batch]) -> float:
    """CPU seconds for one round: other programs on the machine do not count."""
    unhashed = [fresh(batch) for batch in some]
    start = time.process_time()
    for batch in unhashed:
        translator.translate(batch)
    return time.process_time() - start


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--convention", choices=[*CALLS, "mixed"], default="mixed")
    parser.add_argument("--spans", type=int, default=6400)
    parser.add_argument("--profile", action="store_true")
    chosen = parser.parse_args()
    some, translator = batches(chosen.convention, chosen.spans), Translator()
    measure(translator, some[:4])
    if chosen.profile:
        profile = cProfile.Profile()
        profile.runcall(measure, translator, some)
        pstats.Stats(profile).sort_stats("tottime").print_stats(25)
    best = min(measure(translator, some) for _ in range(ROUNDS))
    each = best / chosen.spans * 1e6
    print(
        f"{chosen.convention}: {each:.2f} µs/span ({chosen.spans} spans, best of {ROUNDS}; "
        f"{time.strftime('%Y-%m-%d')}, Python {platform.python_version()}, {platform.machine()})"
    )


if __name__ == "__main__":
    main()
