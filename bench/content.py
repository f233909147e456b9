"""What long content costs: python -m bench.content [--spans 2000] [--characters 100000] [--repeating] [--copies 1]

Stores model calls with prompts of that length (and an image of 3.7 MB with each five hundredth), through the translator
and the committer, and prints CPU and sizes; then asks lists, one trace and the search over HTTP. Each prompt is new, or
with `--repeating` the same system prompt and a conversation that grows by a turn a call. With `--copies N` the rows are
there N times, on N days, and all refer to the same texts.
"""

import argparse
import base64
import json
import platform
import random
import resource
import tempfile
import time
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import duckdb

from bench.asked import Question, ask_all
from bench.life import timed_start
from bench.read import DAY_NS
from bench.traffic import SCOPE, Traffic
from contract.columns import SPAN_COLUMNS
from contract.span import Batch, Resource, Span
from contract.translated import Translated
from storage.commit import Committer
from storage.database import Database, run
from translator.merge import merge_copies
from translator.settle import settle
from translator.translate import Translator

START_NS = 1_790_000_000_000_000_000
GROUP_BYTES = 16 << 20
CHECKPOINT_BYTES = 128 << 20
"""As the flusher has them."""
POOL_CHARACTERS = 4_000_000
SLICE_CHARACTERS = 2000
TURN_CHARACTERS = 1500
TURNS = 20
IMAGE_EVERY = 500
IMAGE = b"\x89PNG\r\n\x1a\n" + random.Random(1).randbytes(3_700_000)

COPY = {
    **dict.fromkeys(("trace_id", "span_id"), "printf('%04x', nth) || substr({0}, 5)"),
    **dict.fromkeys(("start_time", "end_time"), f"make_timestamp_ns(epoch_ns({{0}}) + nth * {DAY_NS})"),
}
"""What differs between a day and its copy."""


class Prompts:
    """Texts made of slices of one long one: making them word by word takes longer than storing them."""

    def __init__(self, characters: int, *, repeating: bool) -> None:
        self._rng = random.Random(2)
        self._pool = Traffic().text(POOL_CHARACTERS)
        self._characters = characters
        self._repeating = repeating
        self._system = self._text(characters // 2)
        self._turns: list[str] = []

    def _text(self, characters: int) -> str:
        starts = (
            self._rng.randrange(POOL_CHARACTERS - 2 * SLICE_CHARACTERS) for _ in range(characters // SLICE_CHARACTERS)
        )
        return "".join(self._pool[start : start + SLICE_CHARACTERS] for start in starts)

    def texts(self) -> list[str]:
        """The messages of the next call."""
        if not self._repeating:
            return [self._text(self._characters)]
        if len(self._turns) == TURNS:
            self._turns = []
        self._turns.append(self._text(max(TURN_CHARACTERS, self._characters // 2 // TURNS)))
        return [self._system, *self._turns]

    def calls(self, spans: int) -> Iterator[Span]:
        for number in range(spans):
            parts = [{"role": "user", "content": text} for text in self.texts()]
            if number % IMAGE_EVERY == IMAGE_EVERY // 2:
                url = "data:image/png;base64," + base64.b64encode(IMAGE + bytes([number % 256])).decode()
                parts.append({"role": "user", "content": [{"type": "image_url", "image_url": {"url": url}}]})  # type: ignore[dict-item]
            yield self._span(START_NS + number * DAY_NS // spans, number, json.dumps(parts))

    def _span(self, start_ns: int, number: int, messages: str) -> Span:
        attributes = {
            "gen_ai.operation.name": "chat", "gen_ai.provider.name": "openai", "gen_ai.request.model": "gpt-4o",
            "gen_ai.response.id": f"r{number}", "gen_ai.usage.input_tokens": len(messages) // 4,
            "gen_ai.input.messages": messages, "gen_ai.output.messages": json.dumps([{"role": "assistant"}]),
            "session.id": f"s{number // TURNS}", "user.id": f"u{number % 100}",
        }  # fmt: skip
        ids = (f"{self._rng.getrandbits(128):032x}", f"{self._rng.getrandbits(64):016x}", "")
        return Span(*ids, "chat", 3, start_ns, start_ns + 10**9, attributes, [], [], 1, "", Resource({}), SCOPE)


def fill(database: Database, prompts: Prompts, spans: int) -> tuple[int, float]:
    """Characters that were sent, and CPU seconds from rows to the file."""
    connection, translator, committer = database.cursor(), Translator(), Committer(settle, merge_copies)
    group: list[Translated] = []
    waiting, sent, took = 0, 0, 0.0
    for number, span in enumerate(prompts.calls(spans), 1):
        size = len(span.attributes["gen_ai.input.messages"])
        group.append(translator.translate(Batch("default", span.end_ns, "http", [span], size_bytes=size)))
        waiting, sent = waiting + size, sent + size
        if waiting >= GROUP_BYTES or number == spans:
            started = time.process_time()
            committer.commit(connection, group, number)
            if database.wal_bytes() > CHECKPOINT_BYTES:
                database.checkpoint()
            took += time.process_time() - started
            group, waiting = [], 0
    started = time.process_time()
    database.checkpoint()
    connection.close()
    return sent, took + time.process_time() - started


def copy(database: Database, copies: int) -> None:
    """The rows on the days after it too."""
    made = ", ".join(COPY.get(column.name, column.name).format(column.name) for column in SPAN_COLUMNS)
    connection = database.cursor()
    run(connection, f"INSERT INTO span SELECT {made} FROM range(1, {copies:d}) AS copy(nth), (SELECT * FROM span)")
    connection.close()
    database.checkpoint()


def questions(database: Database) -> list[Question]:
    connection = database.cursor()
    [(rows,)] = run(connection, "SELECT count(*) FROM span")
    [(trace_id, span_id)] = run(connection, f"SELECT trace_id, span_id FROM span WHERE rowid = {int(str(rows)) // 3}")
    [(content_id,)] = run(connection, "SELECT content_id FROM content WHERE media LIMIT 1")
    connection.close()
    return [
        Question("newest 50 traces", ["traces"]),
        Question("newest 50 traces without content", ["traces?io=none"]),
        Question("newest 50 spans", ["spans"]),
        Question("one trace, previews", [f"traces/{trace_id}?io=preview"]),
        Question("one trace, everything", [f"traces/{trace_id}"]),
        Question("one span, everything", [f"spans/{trace_id}/{span_id}"]),
        Question("an image", [f"content/{content_id}"]),
        Question("text search, a frequent word", ["spans?q=batu"]),
        Question("text search, a word that occurs nowhere", ["spans?q=zz9zz9"], finds=False),
    ]


def main() -> None:
    """Fill, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--spans", type=int, default=2000)
    parser.add_argument("--characters", type=int, default=100_000)
    parser.add_argument("--repeating", action="store_true")
    parser.add_argument("--copies", type=int, default=1)
    parser.add_argument("--repeat", type=int, default=5)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        database = Database(str(Path(folder) / "t.duckdb"))
        database.open()
        sent, took = fill(database, Prompts(given.characters, repeating=given.repeating), given.spans)
        size, peak = database.size_bytes(), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        print(
            f"{given.spans} spans, {sent / 1e6:.0f} MB of text: {took / sent * 1e9:.1f} CPU ms a MB to store, ", end=""
        )
        print(f"file {size / 1e6:.0f} MB ({size / sent:.3f} of the text), peak RSS {peak / 1e3:.0f} MB")
        copy(database, given.copies)
        [(rows,)] = run(database.cursor(), "SELECT count(*) FROM span")
        versions = f"DuckDB {duckdb.__version__}, Python {platform.python_version()}, {date.today()}"  # noqa: DTZ011
        print(f"{rows} spans, {database.size_bytes() / 1e6:.0f} MB, {versions}")
        asked = questions(database)
        database.close()
        with timed_start(Path(folder)) as (server, _):
            ask_all(server, asked, given.repeat)


if __name__ == "__main__":
    main()
