"""The table of settings itself; that config.yaml and the docs agree with it is tests/test_docs.py's matter."""

import pytest

from service.settings import BY_ENVIRONMENT_NAME, SETTINGS, Setting


@pytest.mark.parametrize("setting", SETTINGS, ids=lambda setting: setting.path)
def test_a_default_is_a_value_that_its_own_parser_takes(setting: Setting) -> None:
    assert setting.parse(setting.default) is not None or setting.default in ("auto", "none")
    assert setting.help
    assert setting.type


def test_paths_and_variables_are_unique() -> None:
    assert len({setting.path for setting in SETTINGS}) == len(SETTINGS) == len(BY_ENVIRONMENT_NAME)


def test_no_key_is_a_branch_of_another() -> None:
    paths = [setting.path for setting in SETTINGS]
    assert not [(a, b) for a in paths for b in paths if b.startswith(f"{a}.")]


def test_variables_are_the_path_in_capitals() -> None:
    assert "TRACEPOND_RECEIVERS_OTLP_PROTOCOLS_HTTP_ENDPOINT" in BY_ENVIRONMENT_NAME
    assert BY_ENVIRONMENT_NAME["TRACEPOND_STORAGE_PATH"].path == "storage.path"


def test_what_holds_keys_is_marked_secret() -> None:
    assert [setting.path for setting in SETTINGS if setting.secret] == ["exporters.otlp.headers", "auth.projects"]
