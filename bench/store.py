"""What storing costs a row: look back, settle, insert and commit, without sockets and decoding.

    python bench/store.py [--rows 20000] [--group 256]

Prints CPU and wall microseconds a row. Rows are a mixed GenAI load: traces of 8 spans, 3 of them generations of 3 kB.
"""

import argparse
import json
import random
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

from contract.columns import EMPTY_SPAN, Row, S
from contract.translated import Translated
from storage.commit import Committer
from storage.database import Database
from translator.merge import merge_copies
from translator.settle import settle
from translator.twins import match

RESOURCE = json.dumps(
    {"attributes": {"service.name": "bench", "host.name": "pod-1", "process.pid": 7, "service.version": "1.4.2"}}
)


def make_rows(count: int, seed: int = 1) -> list[Row]:
    """Rows as the translator makes them, in traces of 8."""
    rng = random.Random(seed)
    words = [f"word{i}" for i in range(4000)]
    rows = []
    for i in range(count):
        row = list(EMPTY_SPAN)
        trace, place = divmod(i, 8)
        generation = place in (3, 5, 7)
        text = " ".join(rng.choices(words, k=200 if generation else 30))
        values = {
            "project": "default", "trace_id": f"{trace:032x}", "span_id": f"{i:016x}",
            "parent_span_id": None if place == 0 else f"{trace * 8:016x}", "name": "chat", "span_name": "chat",
            "kind": "generation" if generation else "span", "otlp_kind": "client", "status": "ok", "level": "DEFAULT",
            "start_time": 1_790_000_000_000_000_000 + i * 1000, "end_time": 1_790_000_000_000_000_000 + i * 1000 + 500,
            "service_name": "bench", "scope_name": "bench", "scope_version": "1", "session_id": f"s{trace % 1000}",
            "user_id": f"u{trace % 100}", "input": text, "output": text[:300], "conventions": "genai",
            "raw_attributes": json.dumps({"a": {"$c": "input"}, "gen_ai.request.model": "m", "n": i}),
            "raw_resource": RESOURCE, "raw_scope": '{"name":"bench","version":"1"}',
            "received_time": 1_790_000_000_000_000_000,
        }  # fmt: skip
        if generation:
            values |= {
                "model": "gpt-4o", "request_model": "gpt-4o", "response_id": f"chatcmpl-{i:029}",
                "finish_reasons": '["stop"]',
                "input_tokens": 400, "output_tokens": 80, "total_tokens": 480,
                "provider": "openai", "operation": "chat",
            }  # fmt: skip
        for name, value in values.items():
            row[getattr(S, name)] = value
        rows.append(row)
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=20_000)
    parser.add_argument("--group", type=int, default=256)
    options = parser.parse_args()
    rows = make_rows(options.rows)
    with tempfile.TemporaryDirectory() as folder:
        database = Database(f"{folder}/bench.duckdb")
        database.open()
        connection = database.cursor()
        committer = Committer(settle, merge_copies, match)
        cpu, wall = time.process_time(), time.perf_counter()
        for i in range(0, len(rows), options.group):
            committer.commit(connection, [Translated(rows[i : i + options.group])], i)
        cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
        connection.close()
        started = time.process_time()
        database.checkpoint()
        checkpoint = time.process_time() - started
        print(
            f"groups of {options.group}: {cpu / len(rows) * 1e6:.1f} us CPU, {wall / len(rows) * 1e6:.1f} us wall a row"
            f"; checkpoint {checkpoint / len(rows) * 1e6:.1f} us; {database.size_bytes() / len(rows):.0f} bytes a row"
        )
        database.close()


if __name__ == "__main__":
    main()
