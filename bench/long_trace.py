"""What a model call costs the store in a trace that grows: python -m bench.long_trace [--calls 1000 4000 16000]

Commits one trace of N calls, without sockets and decoding: in groups, in one group, and in groups with a restart in
the middle, after which all that is known of the trace is read again. Prints CPU a span, the longest commit, and what
stays in memory for the trace. The shapes: calls apart (each has an id of its own), two layers that report each call,
and calls whose content comes in log records.
"""

import argparse
import gc
import os
import platform
import tempfile
import time
import tracemalloc
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial

import duckdb

from contract.columns import EMPTY_LOG, EMPTY_SPAN, L, Row, S
from contract.translated import Translated
from storage.commit import Committer
from storage.database import Database
from translator.merge import merge_copies
from translator.outline import Outline
from translator.prices.book import PriceBook
from translator.settle import settle
from translator.twins import match

START_NS = 1_790_000_000_000_000_000
CALL_NS = 1_000_000_000
TURN = 10
"""Calls under one agent's span, which ends after them."""
TRACE = "ab" * 16
PRICE = PriceBook().priced


def span(span_id: str, parent: str | None, kind: str, start_ns: int, end_ns: int, **columns: object) -> Row:
    row = list(EMPTY_SPAN)
    values = {
        "project": "default", "trace_id": TRACE, "span_id": span_id, "parent_span_id": parent, "name": kind,
        "span_name": kind, "kind": kind, "otlp_kind": "client", "status": "ok", "level": "DEFAULT",
        "start_time": start_ns, "end_time": end_ns, "received_time": end_ns, "scope_name": "provider",
        "service_name": "bench", "raw_attributes": '{"gen_ai.request.model":"gpt-4o"}', **columns,
    }  # fmt: skip
    for name, value in values.items():
        row[getattr(S, name)] = value
    return row


def call(number: int, span_id: str, parent: str, **columns: object) -> Row:
    start_ns = START_NS + number * CALL_NS
    told = {
        "provider": "openai", "operation": "chat", "request_model": "gpt-4o", "model": "gpt-4o",
        "response_id": f"chatcmpl-{number:029}", "input_tokens": 400 + number % 900, "output_tokens": 80 + number % 70,
        "input": f"question {number} " * 8, "output": f"answer {number} " * 8,
    }  # fmt: skip
    return span(span_id, parent, "generation", start_ns, start_ns + CALL_NS // 2, **(told | columns))


def apart(number: int, parent: str) -> Translated:
    return Translated([call(number, f"{number:016x}", parent)])


def layers(number: int, parent: str) -> Translated:
    outer, inner = f"a{number:015x}", f"b{number:015x}"
    return Translated([call(number, inner, outer), call(number, outer, parent, scope_name="framework", output=None)])


def logs(number: int, parent: str) -> Translated:
    made = Translated([call(number, f"{number:016x}", parent, input=None, output=None)])
    for name, body in (
        ("gen_ai.user.message", '{"content":"question"}'),
        ("gen_ai.choice", '{"message":{"content":"answer"}}'),
    ):
        row = list(EMPTY_LOG)
        values = {
            "project": "default", "trace_id": TRACE, "span_id": f"{number:016x}", "time": START_NS + number * CALL_NS,
            "event_name": name, "raw_body": body, "describes_span": True, "digest": f"{name}{number}",
            "received_time": START_NS,
        }  # fmt: skip
        for column, value in values.items():
            row[getattr(L, column)] = value
        made.logs.append(row)
    return made


SHAPES: dict[str, Callable[[int, str], Translated]] = {"apart": apart, "two layers": layers, "logs": logs}


def requests(shape: str, calls: int) -> list[Translated]:
    """One a call, and one of each agent's span, behind its calls."""
    made = []
    for number in range(calls):
        turn = f"f{number // TURN:015x}"
        made.append(SHAPES[shape](number, turn))
        if number % TURN == TURN - 1:
            start_ns = START_NS + (number - TURN + 1) * CALL_NS
            made.append(Translated([span(turn, "0" * 16, "agent", start_ns, start_ns + TURN * CALL_NS)]))
    return made


class Run:
    """One file, and what committing to it took."""

    def __init__(self, folder: str) -> None:
        self._database = Database(f"{folder}/bench.duckdb")
        self._database.open()
        self._connection = self._database.cursor()
        self._seq = 0
        self.longest_s = 0.0
        self.start()

    def start(self) -> None:
        self._committer = Committer(
            partial(settle, price=PRICE), partial(merge_copies, price=PRICE), match, outline=Outline
        )
        self._committer.recall(self._connection)

    def commit(self, group: list[Translated]) -> None:
        self._seq += 1
        started = time.perf_counter()
        self._committer.commit(self._connection, group, self._seq)
        self.longest_s = max(self.longest_s, time.perf_counter() - started)

    def close(self) -> None:
        self._connection.close()
        self._database.close()


def measure(shape: str, calls: int, group: int, *, restart: bool = False) -> str:
    made = requests(shape, calls)
    groups = [made[i : i + group] for i in range(0, len(made), group)]
    spans = sum(len(request.spans) for request in made)
    with tempfile.TemporaryDirectory() as folder:
        run = Run(folder)
        gc.collect()
        cpu = time.process_time()
        for number, some in enumerate(groups):
            if restart and number == len(groups) // 2:
                run.start()
            run.commit(some)
        cpu = time.process_time() - cpu
        run.close()
    return f"{cpu / spans * 1e6:.0f} µs, {run.longest_s * 1000:.0f} ms"


def remembered_bytes(shape: str, calls: int) -> int:
    made = requests(shape, calls)
    with tempfile.TemporaryDirectory() as folder:
        run = Run(folder)
        for i in range(0, len(made), 512):
            run.commit(made[i : i + 512])
        made.clear()
        tracemalloc.start()
        run.start()
        run.commit(requests(shape, 1))
        used, _ = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        run.close()
    return used // calls


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--calls", type=int, nargs="+", default=[1_000, 4_000, 16_000])
    parser.add_argument("--group", type=int, default=64, help="requests in a group")
    parser.add_argument("--shapes", nargs="+", choices=SHAPES, default=list(SHAPES))
    options = parser.parse_args()
    print(
        f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC, Python {platform.python_version()}, DuckDB {duckdb.__version__}, "
        f"{os.cpu_count()} CPUs; CPU a span, longest commit"
    )
    print(f"| shape | calls | groups of {options.group} | one group | restart in the middle | bytes a call |")
    print("|---|---|---|---|---|---|")
    for shape in options.shapes:
        for calls in options.calls:
            many = measure(shape, calls, options.group)
            one = measure(shape, calls, 10**9)
            again = measure(shape, calls, options.group, restart=True)
            used = remembered_bytes(shape, calls)
            print(f"| {shape} | {calls:,} | {many} | {one} | {again} | {used:,} |", flush=True)


if __name__ == "__main__":
    main()
