"""Rows of a real file as SQL, one sample for each schema version: python -m tests.support.schema_samples

Prints the sample of the newest version, to be kept as tests/storage/samples/NNNN.sql when the version is made. It can
not be made later, when the program that wrote that version is gone.
"""

import asyncio
import hashlib
import tempfile
from functools import partial
from pathlib import Path
from typing import Any

import duckdb

from contract.documents import Change, Document
from contract.media import Media, MediaUse
from contract.span import Batch
from contract.translated import Translated
from receiver.langfuse_events import decode_batch
from receiver.otlp_decode import decode_logs, decode_metrics, decode_traces
from storage import trace_rows
from storage.database import CATALOG, SCHEMA_FOLDER, Database, apply_migration, migrations, newest_version, run
from storage.documents import StoredDocuments
from storage.hour_sums import HourSums
from storage.media import MediaTable
from storage.text_index import TextIndex
from storage.writer import Writer
from tests.support.golden import GOLDEN, RECEIVED_NS
from tests.support.rows import span_row
from translator.merge import merge_copies
from translator.scores import merge_scores
from translator.settle import settle
from translator.translate import Translator
from translator.twins import match

SAMPLES = Path(__file__).parents[1] / "storage" / "samples"
CAPTURES = ("openai-logfire", "pydantic-ai-v1-logs", "mlflow-openai-agents")
"""A call in two layers, content in log records, metric points."""

LANGFUSE = GOLDEN / "langfuse" / "events.json"
"""A trace told by events, and scores."""

ROWS_A_TABLE = 12
LONG_TEXT = "a text that lies apart " * 400

TABLES = "SELECT table_name FROM duckdb_tables() WHERE database_name = current_database() ORDER BY ALL"
DECODERS = {"traces": decode_traces, "logs": decode_logs, "metrics": decode_metrics}
PLACES = {"traces": "spans", "logs": "logs", "metrics": "metric_points"}


def schema_digest(version: int) -> str:
    [file] = SCHEMA_FOLDER.glob(f"{version:04}_*.sql")
    return hashlib.sha256(file.read_bytes()).hexdigest()


def sample_path(version: int) -> Path:
    return SAMPLES / f"{version:04}.sql"


def made(version: int, path: Path) -> None:
    """A file as a program of that version would have left it."""
    root = duckdb.connect(":memory:")
    run(root, f"ATTACH '{path}' AS {CATALOG}")
    run(root, f"USE {CATALOG}")
    for number, sql in migrations():
        if number <= version:
            apply_migration(root, number, sql)
    for statement in duckdb.extract_statements(sample_path(version).read_text()):
        root.execute(statement).fetchall()
    root.close()


def batches() -> list[Batch]:
    found = []
    for path in sorted(file for name in CAPTURES for file in (GOLDEN / name).glob("[0-9]*.pb")):
        signal = path.stem.partition("-")[2]
        batch = Batch("default", RECEIVED_NS, "http")
        setattr(batch, PLACES[signal], DECODERS[signal](path.read_bytes(), "protobuf")[0])
        found.append(batch)
    events = decode_batch(LANGFUSE.read_bytes())
    return [*found, Batch("default", RECEIVED_NS, "http", spans=events.spans, scores=events.scores)]


async def fill(database: Database) -> None:
    writer, translator = Writer(database, settle, merge_copies, match, merge_scores), Translator()
    writer.start()
    await writer.commit(Translated([span_row("long", input=LONG_TEXT)]))
    for batch in batches():
        await writer.commit(translator.translate(batch))
    await writer.commit(Translated([span_row("never stored", start_time="never")]))
    media = Media("aGVsbG8", "text/plain", 5, "00" * 32)
    store = MediaTable(database, writer, lambda: RECEIVED_NS)
    await store.announce("default", media, MediaUse("t", None, "input"))
    await store.put("default", media.media_id, b"hello")
    kept = Change([Document("prompt", "greeting:1", "greeting", '{"prompt":"Hello"}', RECEIVED_NS, RECEIVED_NS)])
    await StoredDocuments(writer).change("default", "prompt", lambda _: (kept, None))
    await writer.visible()
    await TextIndex(database, writer, piece_rows=ROWS_A_TABLE).step()
    await HourSums(writer, new_rows=1).step()
    await writer.call(partial(trace_rows.make, step_rows=1), (), after_all=False)
    await writer.stop()


def literal(value: Any, kind: str) -> str:
    if isinstance(value, (bool, int, float)):
        return repr(value)
    text = "'" + str(value).replace("'", "''") + "'"
    return text if kind == "VARCHAR" else f"{text}::{kind}"


def inserts(database: Database, table: str) -> list[str]:
    """One statement a row, with the columns that are not null."""
    cursor = database.cursor()
    kinds = dict(run(cursor, f"SELECT column_name, data_type FROM duckdb_columns() WHERE table_name = '{table}'"))
    as_text = {name for name, kind in kinds.items() if str(kind).startswith(("TIME", "BLOB"))}
    selected = ", ".join(f"{name}::VARCHAR" if name in as_text else str(name) for name in kinds)
    order = {"span": "apart IS NULL, settled_from IS NULL, rowid", "text_words": "tiles, rowid"}.get(table, "rowid")
    lines = []
    for row in run(cursor, f"SELECT {selected} FROM {table} ORDER BY {order} LIMIT {ROWS_A_TABLE}"):
        values_of = zip(kinds, row, strict=True)
        said = [(name, literal(value, str(kinds[name]))) for name, value in values_of if value is not None]
        names, values = (", ".join(map(str, part)) for part in zip(*said, strict=True))
        lines.append(f"INSERT INTO {table} ({names}) VALUES ({values});")
    cursor.close()
    return lines


def main() -> None:
    version = newest_version()
    print(f"-- Rows of a file of schema {version}, sha256 {schema_digest(version)}, written by that program.")
    with tempfile.TemporaryDirectory() as folder:
        database = Database(f"{folder}/x.duckdb")
        database.open()
        asyncio.run(fill(database))
        print("DELETE FROM store;\nDELETE FROM summed;\nDELETE FROM traced;")
        for (table,) in run(database.cursor(), TABLES):
            if table != "schema_migration":
                print("\n".join(inserts(database, str(table))))
        database.close()


if __name__ == "__main__":
    main()
