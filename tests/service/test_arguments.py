"""The command line."""

import pytest

from service import arguments
from service.settings import SETTINGS


@pytest.mark.parametrize("argv", [[], ["--db", "x"], ["serve"]])
def test_serve_is_the_default_command(argv: list[str]) -> None:
    assert arguments.parse(argv).command == "serve"


def test_flags_are_names_for_keys() -> None:
    options = arguments.parse(["--db", "x", "--http", ":0", "--grpc", "", "--log-level", "debug"])
    assert arguments.flags_of(options) == {
        "storage.path": "x",
        "receivers.otlp.protocols.http.endpoint": ":0",
        "receivers.otlp.protocols.grpc.endpoint": "",
        "service.telemetry.logs.level": "debug",
    }


def test_a_flag_that_is_not_given_is_none() -> None:
    assert set(arguments.flags_of(arguments.parse(["serve"])).values()) == {None}


def test_version_is_also_a_flag() -> None:
    assert arguments.parse(["--version"]).command == "version"


@pytest.mark.parametrize("argv", [["nosuch"], ["config"], ["config", "show"], ["--nosuch"], ["serve", "extra"]])
def test_wrong_usage_ends_with_2(argv: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        arguments.parse(argv)
    assert caught.value.code == 2
    assert "usage: tracepond" in capsys.readouterr().err


def test_help_names_every_setting_every_command_and_examples(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        arguments.parse(["--help"])
    assert caught.value.code == 0
    text = capsys.readouterr().out
    assert [setting.path for setting in SETTINGS if f"  {setting.path} = " not in text] == []
    assert [command for command in arguments.COMMANDS if command not in text] == []
    assert "examples:" in text
