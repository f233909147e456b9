"""The configuration file and the traps of YAML."""

import pytest

from service.yaml_file import ConfigError, nearest, values

PATHS = ("storage.path", "storage.threads", "auth.projects", "service.telemetry.logs.level")


def test_nested_keys_become_paths() -> None:
    text = "storage: {path: a}\nservice:\n  telemetry: {logs: {level: debug}}"
    assert values(text, "f", PATHS, {}) == {"storage.path": "a", "service.telemetry.logs.level": "debug"}


@pytest.mark.parametrize("text", ["", "# nothing\n", "storage:\n"])
def test_an_empty_file_or_branch_sets_nothing(text: str) -> None:
    assert values(text, "f", PATHS, {}) == {}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("storage: {pth: a}", r"f: unknown key storage\.pth; did you mean storage\.path\?"),
        ("storge: {path: a}", r"f: unknown key storge; did you mean storage\?"),
        ("level: info", r"f: unknown key level; did you mean service\.telemetry\.logs\.level\?"),
        ("storage: {path: a}\nstorage: {path: b}", "f: line 2: duplicate key 'storage'"),
        ("storage:\n  path: a\n  path: b", "f: line 3: duplicate key 'path'"),
        ("storage: a", "f: storage holds further keys"),
        ("- a", "f: expected keys"),
        ("storage: {path: [", "f is not valid YAML: line 1:"),
        ("storage: {path: !!python/object/apply:os.getcwd []}", "f: line 1: could not determine a constructor"),
        ("storage: {path: '\x00'}", "f is not valid YAML: special characters are not allowed"),
    ],
)
def test_a_wrong_file_is_explained(text: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        values(text, "f", PATHS, {})


def test_merge_keys_are_no_duplicates() -> None:
    text = "storage: &one {path: a}\nauth: {projects: [{<<: *one, name: x}]}"
    assert values(text, "f", PATHS, {})["auth.projects"] == [{"path": "a", "name": "x"}]


def test_references_to_the_environment_are_replaced_also_in_lists() -> None:
    text = "storage: {path: '${env:FOLDER}/t'}\nauth: {projects: [{secret_key: '${env:SECRET:-none}'}]}"
    assert values(text, "f", PATHS, {"FOLDER": "/d"}) == {
        "storage.path": "/d/t",
        "auth.projects": [{"secret_key": "none"}],
    }


def test_an_unset_variable_without_default_is_an_error_that_names_it() -> None:
    with pytest.raises(ConfigError, match=r"f: storage\.path: the variable FOLDER is not set"):
        values("storage: {path: '${env:FOLDER}'}", "f", PATHS, {"FOLDER": ""})


def test_a_double_dollar_is_a_dollar() -> None:
    assert values("storage: {path: '$${env:A}$'}", "f", PATHS, {})["storage.path"] == "${env:A}$"


def test_a_value_from_the_environment_is_not_expanded_again() -> None:
    assert values("storage: {path: '${env:A}'}", "f", PATHS, {"A": "${env:B}"})["storage.path"] == "${env:B}"


def test_nothing_near_gives_no_advice() -> None:
    assert nearest("zzz", PATHS) == ""
