"""The views of the file say of traces, spans and calls what the program answers."""

import random
import re
from pathlib import Path
from typing import Any

import orjson
import pytest

from api.records import TRACE_FIELDS, merged
from storage.database import Database
from storage.reader import DuckReader
from tests.support.random_traces import TRACES, random_rows
from tests.support.reading import ask, traces
from tests.support.stored import insert

TIMES = {"start_time": "start_ns", "end_time": "end_ns"}


def viewed(database: Database) -> dict[str, dict[str, Any]]:
    """Trace id -> the columns of its row in the view of traces, times in nanoseconds."""
    cursor = database.cursor()
    times = ", ".join(f"epoch_ns({name}) AS {name}" for name in TIMES)
    rows = cursor.execute(f"SELECT * REPLACE ({times}) FROM traces")
    names = [column[0] for column in rows.description]
    found = [dict(zip(names, row, strict=True)) for row in rows.fetchall()]
    cursor.close()
    return {row["trace_id"]: row for row in found}


@pytest.mark.parametrize("seed", range(6))
def test_the_view_of_traces_says_what_is_answered(database: Database, reader: DuckReader, seed: int) -> None:
    insert(database, "span", *random_rows(random.Random(seed)))
    listed, shown = traces(reader, io="full"), viewed(database)
    assert len(listed) == len(shown) == TRACES
    for row in listed:
        one = shown[row["trace_id"]]
        assert one.keys() == {*TRACE_FIELDS, "input", "output"} - {"scores"}
        assert orjson.loads(one.pop("metadata") or "null") == merged(row["metadata"])
        answered = {
            **row,
            "project": "default",
            "models": row["models"] or [],
            "total_cost": pytest.approx(row["total_cost"]),
        }
        assert one == {name: answered[TIMES.get(name, name)] for name in one}


def test_the_view_of_generations_has_what_is_counted(database: Database, reader: DuckReader) -> None:
    insert(database, "span", *random_rows(random.Random(1)))
    answered = [row["span_id"] for row in ask(reader, "list_spans", generations=True, limit=100, io="none")]
    cursor = database.cursor()
    shown = [span_id for (span_id,) in cursor.execute("SELECT span_id FROM generations").fetchall()]
    cursor.close()
    assert sorted(shown) == sorted(answered)
    assert 0 < len(shown) < 40


def documented(language: str) -> list[str]:
    """What the page about SQL has in that language."""
    text = (Path(__file__).parents[2] / "docs" / "sql.md").read_text()
    return re.findall(rf"^```{language}\n(.*?)^```", text, re.MULTILINE | re.DOTALL)


def test_what_the_page_about_sql_asks_of_a_copy_is_what_is_answered(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    answered = made_copy("copy.duckdb")
    shown: list[str] = []
    names: dict[str, Any] = {"print": lambda found: shown.append(str(found))}
    [opening] = documented("python")
    exec(opening, names)
    assert "total_tokens" in shown[0]
    answers = [names["db"].execute(sql).fetchall() for sql in documented("sql")]
    assert [rows for rows in answers if not rows] == []
    of_models, [(exported,)] = answers[0], answers[-1]
    assert exported == len(answered) == sum(calls for _, _, calls, _, _ in of_models)
    assert sum(cost or 0 for *_, cost in of_models) == pytest.approx(sum(row["total_cost"] or 0 for row in answered))
    assert names["db"].execute("SELECT count(*) FROM 'generations.parquet'").fetchall() == [(exported,)]
    names["db"].close()


def made_copy(path: str) -> list[dict[str, Any]]:
    """A file with random spans and a score; returns the generations that are answered of it."""
    database = Database(path)
    database.open()
    insert(database, "span", *random_rows(random.Random(1)))
    cursor = database.cursor()
    columns = "project, score_id, name, value, trace_id"
    cursor.execute(f"INSERT INTO score ({columns}) SELECT project, 's', 'good', 1, trace_id FROM span LIMIT 1")
    cursor.close()
    reader = DuckReader(database)
    found = ask(reader, "list_spans", generations=True, limit=100, io="none")
    reader.close()
    database.close()
    return found
