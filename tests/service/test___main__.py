"""Commands and exit codes, in this process; `serve` itself is in tests/e2e."""

import os
from pathlib import Path

import pytest

from service import __main__ as program
from service import client, lifecycle


@pytest.fixture(autouse=True)
def _own_environment_and_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in os.environ:
        if name.startswith(("TRACEPOND_", "LANGFUSE_")):
            monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)


def test_version_prints_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert program.main(["version"]) == 0
    assert capsys.readouterr().out.count("\n") == 1


def test_config_check_says_fine_or_exits_with_2(capsys: pytest.CaptureFixture[str]) -> None:
    assert program.main(["config", "check"]) == 0
    assert "fine" in capsys.readouterr().out
    Path("c.yaml").write_text("storage: {pth: x}")
    assert program.main(["config", "check", "--config", "c.yaml"]) == 2
    assert capsys.readouterr().err == "tracepond: c.yaml: unknown key storage.pth; did you mean storage.path?\n"


def test_config_print_shows_the_file_that_a_variable_names(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("c.yaml").write_text("\ufeffstorage: {path: here}")
    monkeypatch.setenv("TRACEPOND_CONFIG", "c.yaml")
    assert program.main(["config", "print"]) == 0
    assert "path: here  # file c.yaml" in capsys.readouterr().out


def test_a_missing_file_is_wrong_usage(capsys: pytest.CaptureFixture[str]) -> None:
    assert program.main(["--config", "nowhere.yaml"]) == 2
    assert "nowhere.yaml cannot be read" in capsys.readouterr().err


def test_failures_are_one_line_and_exit_with_1(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def no_server(_: object) -> str:
        raise client.RequestFailed("nobody there")

    async def no_start(*_: object) -> int:
        raise lifecycle.StartFailed("port taken")

    monkeypatch.setattr(client, "healthcheck", no_server)
    monkeypatch.setattr(client, "send_test", no_server)
    monkeypatch.setattr(lifecycle, "serve", no_start)
    monkeypatch.setattr(program.logs, "set_up", lambda *_: None)
    for command, line in (("healthcheck", "nobody there"), ("send-test", "nobody there"), ("serve", "port taken")):
        assert program.main([command]) == 1
        assert capsys.readouterr().err == f"tracepond: {line}\n"


def test_a_reader_of_the_first_lines_that_went_away_does_not_stop_the_server() -> None:
    """`tracepond | head -1`: the pipe is closed while the server goes on."""
    script = (
        "from service.__main__ import announce; announce('x' * 100); announce('y'); print('z'); raise SystemExit(7)"
    )
    reading, writing = os.pipe()
    os.close(reading)
    import subprocess
    import sys

    root = str(Path(program.__file__).parents[1])
    try:
        result = subprocess.run([sys.executable, "-c", script], stdout=writing, env={"PYTHONPATH": root}, timeout=30)
    finally:
        os.close(writing)
    assert result.returncode == 7
