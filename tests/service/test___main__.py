"""Commands and exit codes, in this process; `serve` itself is in tests/e2e."""

import os
from dataclasses import replace
from pathlib import Path

import pytest

from service import __main__ as program
from service import arguments, client, lifecycle
from service.config import Config
from service.listening import StartFailed
from service.quantities import Endpoint

FREE = Endpoint("127.0.0.1", 0)


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


@pytest.mark.parametrize("protocol", ["grpc", "http"])
def test_config_check_reads_the_files_of_certificates(capsys: pytest.CaptureFixture[str], protocol: str) -> None:
    Path("k.pem").write_text("no key")
    Path("c.yaml").write_text(
        f"receivers: {{otlp: {{protocols: {{{protocol}: {{tls: {{cert_file: nowhere.pem, key_file: k.pem}}}}}}}}}}"
    )
    assert program.main(["config", "check", "--config", "c.yaml"]) == 2
    assert capsys.readouterr() == ("", "tracepond: TLS: nowhere.pem, k.pem: No such file or directory\n")
    assert program.main(["config", "print", "--config", "c.yaml"]) == 0


def test_config_print_shows_the_file_that_a_variable_names(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("c.yaml").write_text("\ufeffstorage: {path: here}")
    monkeypatch.setenv("TRACEPOND_CONFIG", "c.yaml")
    assert program.main(["config", "print"]) == 0
    assert "path: here  # file c.yaml" in capsys.readouterr().out


def test_a_missing_file_is_wrong_usage(capsys: pytest.CaptureFixture[str]) -> None:
    assert program.main(["--config", "nowhere.yaml"]) == 2
    assert capsys.readouterr().err == "tracepond: nowhere.yaml cannot be read: No such file or directory\n"


def test_a_file_that_is_no_text_is_named_once(capsys: pytest.CaptureFixture[str]) -> None:
    Path("c.yaml").write_bytes(b"\xff\xfe\xff")
    assert program.main(["--config", "c.yaml"]) == 2
    assert capsys.readouterr().err == "tracepond: c.yaml cannot be read: it is not UTF-8 text\n"


def examples() -> list[str]:
    """The command lines of `--help`, without what is said about them."""
    lines = arguments.EXAMPLES.partition("examples:\n")[2].partition("\n\n")[0].splitlines()
    return [line.strip().split("  ")[0] for line in lines if "tracepond" in line.strip().split("  ")[0]]


def test_the_examples_of_help_run_as_printed(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """In their order, in an empty folder; the server starts on free ports and `send-test` meets nobody."""
    served = []

    async def start_and_stop(config: Config, _: object) -> int:
        receivers = replace(config.receivers, grpc_endpoint=FREE, http_endpoint=FREE)
        server = lifecycle.Server(replace(config, receivers=receivers))
        await server.start()
        await server.stop()
        served.append(config.storage.path)
        return 0

    monkeypatch.setattr(lifecycle, "serve", start_and_stop)
    monkeypatch.setattr(client, "send_test", lambda config: f"to {config.receivers.http_endpoint}")
    monkeypatch.setattr(program.logs, "set_up", lambda *_: None)
    for line in examples():
        words, _, target = line.partition(" > ")
        before, _, arguments_given = words.partition("tracepond")
        with monkeypatch.context() as patched:
            for pair in before.split():
                patched.setenv(*pair.split("=", 1))
            assert program.main(arguments_given.split()) == 0, line
        printed = capsys.readouterr().out
        if target:
            Path(target).write_text(printed)
    assert served == ["./tracepond.duckdb", ":memory:", "my.duckdb"]
    assert {path.name for path in Path().iterdir()} >= {"tracepond.duckdb", "my.duckdb", "my.yaml"}
    assert len(examples()) == 5


def test_failures_are_one_line_and_exit_with_1(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def no_server(_: object) -> str:
        raise client.RequestFailed("nobody there")

    async def no_start(*_: object) -> int:
        raise StartFailed("port taken")

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
