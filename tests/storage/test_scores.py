"""Scores in the store: each once, completed by later events, gone when deleted."""

from pathlib import Path

import orjson
import pytest

from contract.columns import EMPTY_SCORE, C, Row
from contract.translated import Translated
from storage.scores import deletion
from tests.support.living import Living, live
from tests.support.rows import START_NS, span_row
from translator.told import stamps

STORED = "score_id, name, value, comment"


def score(score_id: str, at: int = 0, project: str = "default", **columns: object) -> Row:
    row = EMPTY_SCORE.copy()
    said = {"name": "n", "value": 1.0, "data_type": "NUMERIC", "trace_id": "t1", "time": START_NS + at, **columns}
    row[C.project], row[C.score_id], row[C.received_time] = project, score_id, START_NS
    for name, value in said.items():
        row[getattr(C, name)] = value
    row[C.told] = orjson.dumps(stamps({name: ((at, False, "e"), value) for name, value in said.items()})).decode()
    return row


async def commit(store: Living, *rows: Row) -> None:
    await store.writer.commit(Translated(scores=[list(row) for row in rows], size_bytes=100))


def test_a_score_is_one_row_in_one_request_across_requests_and_after_a_restart(tmp_path: Path) -> None:
    async def work(store: Living) -> None:
        await commit(store, score("s", 1, value=2.0), score("s", 0, comment="c"))
        await commit(store, score("s", 1, value=2.0), score("other"))
        assert await store.rows(STORED, "score") == [("other", "n", 1.0, None), ("s", "n", 2.0, "c")]

    async def again(store: Living) -> None:
        await commit(store, score("s", 3, value=4.0))
        assert await store.rows(STORED, "score") == [("other", "n", 1.0, None), ("s", "n", 4.0, "c")]

    live(tmp_path / "x.duckdb", work)
    live(tmp_path / "x.duckdb", again)


def test_projects_do_not_share_scores(tmp_path: Path) -> None:
    async def work(store: Living) -> None:
        await commit(store, score("s"), score("s", project="other", value=5.0))
        assert await store.rows("project, value", "score") == [("default", 1.0), ("other", 5.0)]
        assert await store.writer.call(deletion("other", ["s", "none"])) == 1
        assert await store.rows("project", "score") == ["default"]

    live(tmp_path / "x.duckdb", work)


@pytest.mark.parametrize("whole", [True, False])
def test_scores_of_a_deleted_trace_go_with_it(whole: bool, tmp_path: Path) -> None:
    async def work(store: Living) -> None:
        await store.commit(*([span_row("a", trace_id="t1")] if whole else []))
        await commit(store, score("s"), score("kept", trace_id="t2"))
        await store.upkeep.delete_traces("default", ["t1"])
        assert await store.rows("score_id", "score") == (["kept"] if whole else ["kept", "s"])

    live(tmp_path / "x.duckdb", work)
