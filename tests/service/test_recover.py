"""`tracepond recover` on a file."""

import os
from pathlib import Path

import pytest

from service import __main__ as program
from service.recover import report
from storage.database import BLOCK_BYTES, run
from storage.salvage import Salvaged
from tests.support.living import Living, live
from tests.support.rows import span_row
from tests.support.stored import opened


def stored(path: Path, spans: int) -> None:
    async def work(store: Living) -> None:
        await store.commit(*(span_row(f"{n}", input=os.urandom(300).hex()) for n in range(spans)))

    live(path, work)


def test_a_file_that_is_fine_stays_as_it_is(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "x.duckdb"
    stored(path, 3)
    assert program.main(["recover", "--db", str(path)]) == 0
    assert capsys.readouterr().out == f"{path}: all of it can be read, nothing was changed\n"
    assert os.listdir(tmp_path) == ["x.duckdb"]


def test_a_damaged_file_is_kept_and_the_new_one_is_read(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "x.duckdb"
    stored(path, 20_000)
    data = bytearray(path.read_bytes())
    data[len(data) // 2 + BLOCK_BYTES // 2] ^= 1
    path.write_bytes(data)
    assert program.main(["recover", "--db", str(path)]) == 0
    out = capsys.readouterr().out.splitlines()
    assert out[0] == f"{path}: a new file; the damaged one is kept as {path}.damaged1"
    assert Path(f"{path}.damaged1").read_bytes() == data
    database = opened(str(path))
    [(spans,)] = run(database.cursor(), "SELECT count(*) FROM span WHERE length(input) = 600")
    database.close()
    assert f"span: {spans:,} rows saved, {20_000 - int(str(spans)):,} cannot be read" in out
    assert program.main(["recover", "--db", str(path)]) == 0


def test_without_a_file_it_fails(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert program.main(["recover", "--db", str(tmp_path / "x")]) == 1
    assert "is no file" in capsys.readouterr().err
    assert os.listdir(tmp_path) == []


def test_what_was_lost_is_told_line_by_line() -> None:
    made = Salvaged(["x.damaged1.wal", "x.damaged1"], {"span": 1, "score": 0}, {"span": 2048}, 1, 5000)
    assert report("x", made) == [
        "x: a new file; the damaged one is kept as x.damaged1 and x.damaged1.wal",
        "the file's header was damaged and was made anew: what it said last may be missing",
        "the last 5,000 bytes of the write-ahead log cannot be read",
        "span: 1 rows saved, 2,048 cannot be read",
    ]
