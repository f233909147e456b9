"""`tracepond reprice` on a file."""

from pathlib import Path
from typing import Any

import pytest

from contract.errors import Refused
from service import __main__ as program
from service.config import Config, load
from service.reprice import report, run
from storage.reprice import Repriced
from tests.support.stored import insert, opened, span

CALL = {"kind": "generation", "model": "house-model", "input_tokens": 1_000_000, "output_tokens": 0}
ALL: dict[str, Any] = {"from_ns": None, "to_ns": None, "everything": False}


def configured(path: Path, price: float = 3) -> Config:
    text = f"storage: {{path: {path}}}\nprices: [{{match: house-model, input: {price}, output: 9}}]"
    return load(text, "c.yaml", {}, {})


@pytest.fixture
def stored(tmp_path: Path) -> Path:
    path = tmp_path / "t.duckdb"
    database = opened(str(path))
    insert(database, "span", span(1, **CALL), span(2, **{**CALL, "model": "unknown"}))
    database.close()
    return path


def total_cost(path: Path) -> Any:
    database = opened(str(path))
    [(found,)] = database.cursor().execute("SELECT sum(total_cost) FROM span").fetchall()
    database.close()
    return found


def test_a_price_that_was_added_prices_what_is_stored(stored: Path) -> None:
    assert run(configured(stored), **ALL) == Repriced(looked_at=2, changed=1, without=1)
    assert total_cost(stored) == 3


def test_with_all_a_changed_price_changes_what_was_calculated(stored: Path) -> None:
    run(configured(stored), **ALL)
    assert run(configured(stored, price=5), **ALL).changed == 0
    assert run(configured(stored, price=5), **{**ALL, "everything": True}).changed == 1
    assert total_cost(stored) == 5


def test_a_file_that_is_not_there_is_not_made(tmp_path: Path) -> None:
    path = tmp_path / "nowhere.duckdb"
    with pytest.raises(Refused, match=r"nowhere\.duckdb is no file"):
        run(configured(path), **ALL)
    assert not path.exists()


def test_the_command_reads_its_times_and_says_what_it_did(stored: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert program.main(["reprice", "--db", str(stored), "--from", "2020-01-01", "--to=now", "--all"]) == 0
    assert capsys.readouterr().out == "2 calls looked at: 0 with a new cost, 2 without a known price\n"


def test_a_time_that_is_none_is_wrong_usage(stored: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert program.main(["reprice", "--db", str(stored), "--from", "yesterday"]) == 2
    assert "--from takes a time such as" in capsys.readouterr().err


def test_one_call_is_one_call() -> None:
    assert report(Repriced(1, 1, 0)) == "1 call looked at: 1 with a new cost, 0 without a known price"
