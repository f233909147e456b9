"""Bytes that are not those that were written: the start names cause and cure, `tracepond recover` saves the rest."""

import shutil
import urllib.error
from pathlib import Path

import duckdb
import pytest

from tests.support.fleet import PROTOBUF, call_spans, traces_of
from tests.support.server import RunningServer, run, running

TRACES = 200
SPANS = 64


def send(server: RunningServer, first: int, count: int) -> None:
    for number in range(first, first + count):
        assert server.post("/v1/traces", call_spans(f"{number + 1:032x}").payload, PROTOBUF) == (200, b"")


@pytest.fixture(scope="module")
def left(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a server that was killed: rows in the file, some in the write-ahead log, some in the journal."""
    folder = tmp_path_factory.mktemp("left")
    with running(folder) as server:
        send(server, 0, TRACES)
        assert server.terminate() == 0
    with running(folder) as server:
        for number in range(TRACES, TRACES + 10):
            send(server, number, 1)
            traces_of(server)  # who asks brings them to the tables: a transaction each
        send(server, TRACES + 10, 10)
        server.kill()
    return folder


@pytest.fixture
def killed(left: Path, tmp_path: Path) -> Path:
    """The same folder, for one test to spoil."""
    return Path(shutil.copytree(left, tmp_path / "killed"))


def flip(path: Path, place: int) -> bytes:
    """One bit; all that the file has now."""
    data = bytearray(path.read_bytes())
    data[place] ^= 4
    path.write_bytes(data)
    return bytes(data)


def place_of_some_rows(path: Path) -> int:
    """A byte in the middle of a block that holds outputs of one row group and nothing of others, as DuckDB numbers them
    (three headers of 4,096 bytes come first)."""
    sql = """
        SELECT block_id FROM pragma_storage_info('span') WHERE block_id >= 0
        GROUP BY block_id HAVING count(DISTINCT row_group_id) = 1 AND bool_or(column_name = 'output') ORDER BY block_id
    """
    with duckdb.connect(str(path), read_only=True) as connection:
        [(block_bytes,)] = connection.execute("SELECT block_size FROM pragma_database_size()").fetchall()
        (block_id,), *_ = connection.execute(sql).fetchall()
    return int(3 * 4096 + block_id * block_bytes + block_bytes // 2)


def refused(folder: Path) -> str:
    """The one line of a start that fails."""
    result = run("serve", "--db", "t.duckdb", "--http", "127.0.0.1:0", "--grpc", "127.0.0.1:0", cwd=folder)
    assert (result.returncode, result.stdout) == (1, "")
    lines = [line for line in result.stderr.splitlines() if line.startswith("tracepond: ")]
    assert "Traceback" not in result.stderr
    return lines[-1]


def recovered(folder: Path) -> str:
    result = run("recover", "--db", "t.duckdb", cwd=folder)
    assert result.returncode == 0, result.stderr
    return result.stdout


def stored(folder: Path) -> set[int]:
    """Numbers of the traces that are there whole; fails where one is there in part."""
    with running(folder) as server:
        found = traces_of(server)
        assert server.terminate() == 0
    assert {spans for spans, _ in found.values()} == {SPANS}
    return {int(trace_id, 16) - 1 for trace_id in found}


def test_a_damaged_write_ahead_log_stops_the_start_and_recover_saves_what_is_before(killed: Path) -> None:
    log = killed / "t.duckdb.wal"
    damaged = flip(log, log.stat().st_size * 2 // 3)
    line = refused(killed)
    assert "t.duckdb.wal is damaged" in line
    assert "tracepond recover" in line
    assert log.read_bytes() == damaged
    told = recovered(killed)
    assert "bytes of the write-ahead log cannot be read" in told
    assert (killed / "t.duckdb.damaged1.wal").read_bytes() == damaged
    there = stored(killed)
    assert there >= set(range(TRACES)) | set(range(TRACES + 10, TRACES + 20))  # the file's and the journal's


def test_a_write_ahead_log_that_is_gone_is_noticed(killed: Path) -> None:
    (killed / "t.duckdb.wal").unlink()
    there = stored(killed)
    assert there >= set(range(TRACES)) | set(range(TRACES + 10, TRACES + 20))
    lost = set(range(TRACES + 20)) - there
    assert ("are neither in" in (killed / "stderr.txt").read_text()) == bool(lost)
    assert lost


def test_a_damaged_record_of_the_journal_costs_itself_only(killed: Path) -> None:
    journal = killed / "t.duckdb.journal0"
    damaged = flip(journal, 64 + 5)
    there = stored(killed)
    log = (killed / "stderr.txt").read_text()
    assert "t.duckdb.journal0 is damaged" in log
    assert "are neither in" in log
    assert (killed / "t.duckdb.journal0.damaged1").read_bytes() == damaged
    assert len(set(range(TRACES + 20)) - there) == 1


@pytest.mark.parametrize("place", [0, 8, 100, 4096 + 8, 8192 + 8])
def test_a_damaged_header_stops_the_start_and_recover_makes_a_file_that_can_be_read(
    everything: None, killed: Path, place: int
) -> None:
    damaged = flip(killed / "t.duckdb", place)
    line = refused(killed)
    assert "t.duckdb is damaged" in line or "is not a DuckDB file" in line
    assert (killed / "t.duckdb").read_bytes() == damaged
    assert "header was damaged" in recovered(killed)
    assert (killed / "t.duckdb.damaged1").read_bytes() == damaged
    assert stored(killed) >= set(range(TRACES + 10, TRACES + 20))


def test_a_damaged_block_costs_its_rows_and_the_server_says_so_meanwhile(everything: None, killed: Path) -> None:
    path = killed / "t.duckdb"
    damaged = flip(path, place_of_some_rows(path))
    with running(killed) as server:
        answers = [status(server, f"/api/v1/traces/{number + 1:032x}?io=full") for number in range(TRACES)]
        assert set(answers) == {200, 503}
        assert "tracepond recover" in server.log
        assert server.get("/readyz") == {"status": "ready"}
        assert server.terminate() == 0
    assert "cannot be read" in recovered(killed)
    with running(killed) as server:
        found = traces_of(server)
        assert all(status(server, f"/api/v1/traces/{trace_id}?io=full") == 200 for trace_id in found)
        assert set(range(TRACES, TRACES + 20)) <= {int(trace_id, 16) - 1 for trace_id in found}
        send(server, TRACES + 100, 1)
        assert server.terminate() == 0
    kept = (killed / "t.duckdb.damaged1").read_bytes()
    assert len(kept) >= len(damaged)  # the server has written behind it meanwhile


def status(server: RunningServer, path: str) -> int:
    try:
        server.get(path)
    except urllib.error.HTTPError as error:
        with error:
            return error.code
    return 200
