"""The command line."""

import pytest

from service import arguments
from service.settings import FLAG_OF, SETTINGS


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


def help_of(capsys: pytest.CaptureFixture[str], *command: str) -> str:
    with pytest.raises(SystemExit) as caught:
        arguments.parse([*command, "--help"])
    assert caught.value.code == 0
    return capsys.readouterr().out


@pytest.mark.parametrize(
    ("command", "flags"),
    [
        ("serve", {"--config", *FLAG_OF.values()}),
        ("config", {"--config", *FLAG_OF.values()}),
        ("reprice", {"--config", "--db"}),
        ("send-test", {"--config", "--http"}),
        ("status", {"--config", "--http"}),
        ("healthcheck", {"--config", "--http"}),
        ("version", set()),
    ],
)
def test_a_command_takes_the_flags_it_uses_and_no_other(
    command: str, flags: set[str], capsys: pytest.CaptureFixture[str]
) -> None:
    text = help_of(capsys, command)
    assert {flag for flag in ("--config", *FLAG_OF.values()) if flag in text} == flags


def test_help_shows_that_the_command_may_be_left_out_and_which_flag_sets_a_key(
    capsys: pytest.CaptureFixture[str],
) -> None:
    text = help_of(capsys)
    assert text.startswith("usage: tracepond [-h] [--version] [COMMAND] [FLAGS]\n")
    assert [flag for flag in FLAG_OF.values() if f"{flag}: " not in text] == []
