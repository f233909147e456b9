"""What of a capture's truth its translation does not say: one sentence per fault."""

import json
import re
from typing import Any

from tests.support.golden import Shown

Record = dict[str, Any]

FINISH = {
    "end_turn": "stop", "stop_sequence": "stop", "complete": "stop", "completed": "stop", "tool_use": "tool_calls",
    "tool_call": "tool_calls", "function_call": "tool_calls", "tool-calls": "tool_calls", "max_tokens": "length",
}  # fmt: skip
COUNTS = {"cached_tokens": "cache_read_tokens", "cache_write_tokens": "cache_write_tokens",
          "reasoning_tokens": "reasoning_tokens"}  # fmt: skip


def faults(truth: Record, shown: Shown) -> list[str]:
    """All faults: calls and their facts, totals, manual observations, sessions, retrievals, tools."""
    spans = shown.spans()
    calls = [call for call in truth["llm_calls"] if call["n"] not in truth["calls_without_span"]]
    generations = _counted(spans, "generation")
    return [
        *_once(truth, calls, generations, _counted(spans, "embedding")),
        *_call_faults(calls, generations),
        *_manual(truth, spans),
        *_grouping(truth, shown),
        *_retrievals(truth, spans),
        *_tools(truth, spans),
    ]


def _counted(spans: list[Record], kind: str) -> list[Record]:
    return [span for span in spans if span["kind"] == kind and not span["duplicate_of"]]


def _once(truth: Record, calls: list[Record], generations: list[Record], embeddings: list[Record]) -> list[str]:
    manual = [item for item in truth["manual_observations"] if item["kind"] == "generation"]
    low, found = len(calls) + len(manual), len(generations)
    faults = []
    if not low <= found <= low + truth["spans_called_llm_without_a_call"]:
        faults.append(f"{found} generations, not {low}")
    for field in ("input_tokens", "output_tokens"):
        want = truth["totals_carried"][field] + sum(item.get(field) or 0 for item in manual)
        got = sum(span[field] or 0 for span in generations)
        if got != want:
            faults.append(f"{got} {field} over generations, not {want}")
    by_hand = sum(item["input_tokens"] for item in truth["manual_observations"] if item["kind"] == "embedding")
    got = sum(span["input_tokens"] or 0 for span in embeddings)
    if got != truth["totals_carried"]["embedding_tokens"] + by_hand:
        faults.append(f"{got} input_tokens over embeddings")
    return faults


def _call_faults(calls: list[Record], generations: list[Record]) -> list[str]:
    """Each call against its best generation, each generation given once."""
    pairs = sorted(
        ((len(_faults_of(call, span)), i, j) for i, call in enumerate(calls) for j, span in enumerate(generations)),
    )
    given: dict[int, int] = {}
    for _, i, j in pairs:
        if i not in given and j not in given.values():
            given[i] = j
    return [
        fault
        for i, call in enumerate(calls)
        for fault in (_faults_of(call, generations[given[i]]) if i in given else [f"call {call['n']} is nowhere"])
    ]


def _faults_of(call: Record, span: Record) -> list[str]:
    some = [*_models(call, span), *_tokens(call, span), *_content(call, span), *_tool_calls(call, span)]
    if call["carried"].get("finish") and not call["error"]:
        reasons = [_finish(reason) for reason in span["finish_reasons"] or []]
        some += [] if _finish(call["finish"]) in reasons else [f"finish reasons {reasons}"]
    if call["error"]:
        some += [] if span["status"] == "error" or not call["carried"].get("error_span", True) else ["no error"]
        some += [] if span["output_tokens"] is None else ["tokens of a failed call"]
    if span["streaming"] is not None and "stream" in call:
        some += [] if span["streaming"] == bool(call["stream"]) else [f"streaming {span['streaming']}"]
    return [f"call {call['n']}: {fault}" for fault in some]


def _finish(reason: str) -> str:
    word = str(reason).rsplit(".", maxsplit=1)[-1].lower()
    return FINISH.get(word, word)


def _named(name: Any, model: str) -> bool:
    return isinstance(name, str) and (name == model or name.endswith("/" + model))


def _models(call: Record, span: Record) -> list[str]:
    fields = ("request_model", "response_model")
    want = {field: call[field] for field in fields if call["carried"].get(field)}
    if len(set(want.values())) == 2:
        return [f"{field} {span[field]}" for field, model in want.items() if not _named(span[field], model)]
    if want and not any(_named(span[field], model) for field in (*fields, "model") for model in want.values()):
        return [f"models {[span[field] for field in fields]}"]
    return []


def _tokens(call: Record, span: Record) -> list[str]:
    if call["carried"].get("tokens") is not True or call["error"]:
        return []
    want = {"input_tokens": call.get("input_tokens_with_cache", call["input_tokens"])}
    want["output_tokens"] = call["output_tokens"]
    want |= {field: call[key] for key, field in COUNTS.items() if call.get(key) and call["carried"].get(key)}
    return [f"{field} {span[field]}, not {count}" for field, count in want.items() if span[field] != count]


def _content(call: Record, span: Record) -> list[str]:
    faults = []
    if call["carried"].get("prompt") and not _says(span["input_messages"], ("user", "tool"), call["prompt"]):
        faults.append(f"prompt {call['prompt']!r}")
    if call["carried"].get("completion") and not _says(span["output_messages"], ("assistant",), call["completion"]):
        faults.append(f"completion {call['completion']!r}")
    return faults


def _flat(text: str) -> str:
    return " ".join(text.replace('\\"', '"').replace("\\n", "\n").split())


def _says(messages: list[Record] | None, roles: tuple[str, ...], want: str) -> bool:
    some = [json.dumps(item["parts"], ensure_ascii=False) for item in messages or [] if item["role"] in roles]
    return any(_flat(want) in _flat(text) for text in some)


def _tool_calls(call: Record, span: Record) -> list[str]:
    carried = call["carried"]
    if not (call["tool_calls"] and carried.get("tool_name") and carried.get("tool_call_id", True)):
        return []
    parts = [part for item in span["output_messages"] or [] for part in item["parts"] if part["type"] == "tool_call"]
    faults = []
    for want in call["tool_calls"]:
        hit = next((part for part in parts if part["name"] == want["name"]), None)
        if hit is None or (carried.get("tool_arguments", True) and hit["arguments"] != want["arguments"]):
            faults.append(f"tool call {want['name']}: {hit}")
    return faults


def _manual(truth: Record, spans: list[Record]) -> list[str]:
    faults = []
    for item in truth["manual_observations"]:
        some = [span for span in spans if span["kind"] == item["kind"] and span["model"] == item["model"]]
        want = {"input_tokens": item["input_tokens"], "output_tokens": item.get("output_tokens")}
        want["total_cost"] = item.get("cost")
        known = {field: value for field, value in want.items() if value is not None}
        if not any(all(abs((span[f] or 0) - value) < 1e-9 for f, value in known.items()) for span in some):
            faults.append(f"{item['name']} {known}")
    return faults


def _grouping(truth: Record, shown: Shown) -> list[str]:
    faults = []
    for root in truth["roots"]:
        for field in ("session", "user"):
            if not any(
                _received(spans) == root["spans_in_trace"] and (not root[field] or root[field] in _ids(spans, field))
                for spans in shown.traces.values()
            ):
                faults.append(f"{field} {root[field]!r} of {root['name']!r}")
    return faults


def _received(spans: list[Record]) -> int:
    """How many came as spans; the others were made of log records."""
    return sum(not span["synthetic"] for span in spans)


def _ids(spans: list[Record], field: str) -> set[str]:
    return {span[f"{field}_id"] for span in spans}


def _retrievals(truth: Record, spans: list[Record]) -> list[str]:
    faults = []
    for item in truth["retrievals"]:
        some = [span for span in spans if span["kind"] == "retriever"]
        if item["carried"]["query"]:
            some = [span for span in some if _flat(item["query"]) in _flat(span["query"] or "")]
        if item["carried"]["span"] and item["documents"] not in [len(span["documents"] or []) for span in some]:
            faults.append(f"retrieval {item['query']!r}")
    return faults


def _tools(truth: Record, spans: list[Record]) -> list[str]:
    names = [span["tool_name"] or "" for span in spans if span["kind"] == "tool"]
    return [
        f"tool {item['name']} not in {names}"
        for item in truth["tool_runs"]
        if item["carried"] and not any(re.search(rf"(^|[-./_:]){re.escape(item['name'])}$", name) for name in names)
    ]
