"""What stands in the way of a start is said in one line with the cure, and nothing that was there is harmed."""

import socket
from pathlib import Path

from tests.support.server import run, running


def refused(folder: Path, *arguments: str) -> str:
    """The one line of a start that fails with exit code 1."""
    result = run("serve", *arguments, cwd=folder)
    assert result.returncode == 1, result.stderr
    assert result.stdout == ""
    assert result.stderr.count("\n") == 1, result.stderr
    return result.stderr


def test_a_second_server_on_the_same_file_names_the_first_and_leaves_it_alone(tmp_path: Path) -> None:
    with running(tmp_path) as first:
        line = refused(tmp_path, "--db", "t.duckdb", "--http", "127.0.0.1:0", "--grpc", "127.0.0.1:0")
        assert "t.duckdb is in use" in line
        assert str(first.process.pid) in line
        assert "--db" in line
        assert first.get("/readyz") == {"status": "ready"}


def test_a_taken_http_port_is_named_with_the_cure(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        line = refused(tmp_path, "--db", "x.duckdb", "--http", f"127.0.0.1:{port}", "--grpc", "127.0.0.1:0")
    assert f"127.0.0.1:{port} is in use by another program" in line
    assert "--http" in line


def test_a_taken_grpc_port_is_named_with_the_cure(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        line = refused(tmp_path, "--db", "x.duckdb", "--http", "127.0.0.1:0", "--grpc", f"127.0.0.1:{port}")
    assert f"127.0.0.1:{port} is in use by another program" in line
    assert "--grpc" in line


def test_an_address_of_another_machine_cannot_be_bound(tmp_path: Path) -> None:
    (tmp_path / "c.yaml").write_text("auth: {mode: none}\n")
    line = refused(tmp_path, "--config", "c.yaml", "--http", "192.0.2.1:0", "--grpc", "127.0.0.1:0")
    assert "192.0.2.1:0 cannot be bound" in line


def test_a_file_that_is_no_database_is_refused_and_kept(tmp_path: Path) -> None:
    for content in (b"hello", b"x" * 100_000):
        (tmp_path / "x.duckdb").write_bytes(content)
        line = refused(tmp_path, "--db", "x.duckdb", "--http", "127.0.0.1:0", "--grpc", "127.0.0.1:0")
        assert "x.duckdb" in line
        assert (tmp_path / "x.duckdb").read_bytes() == content


def test_a_folder_that_does_not_exist_is_named(tmp_path: Path) -> None:
    line = refused(tmp_path, "--db", "nowhere/x.duckdb", "--http", "127.0.0.1:0", "--grpc", "127.0.0.1:0")
    assert "nowhere/x.duckdb" in line


def test_a_file_of_a_newer_version_is_refused_untouched(tmp_path: Path) -> None:
    import duckdb

    with running(tmp_path) as server:
        assert server.terminate() == 0
    with duckdb.connect(str(tmp_path / "t.duckdb")) as connection:
        connection.execute("INSERT INTO schema_migration VALUES (9999, now()::TIMESTAMP)").fetchall()
    before = (tmp_path / "t.duckdb").read_bytes()
    line = refused(tmp_path, "--db", "t.duckdb", "--http", "127.0.0.1:0", "--grpc", "127.0.0.1:0")
    assert "newer" in line
    assert "9999" in line
    assert (tmp_path / "t.duckdb").read_bytes() == before
