"""`tracepond config print`."""

import pytest

from service.config import ConfigError, load
from service.config_print import render
from service.quantities import MASK

PROJECTS = "auth: {projects: [{name: shop, public_key: pk-1, secret_key: sk-very-secret, scopes: [read]}]}"


def test_every_value_stands_there_with_its_origin() -> None:
    config = load("storage: {threads: 2}", "c.yaml", {"TRACEPOND_API_QUERY_TIMEOUT_S": "5s"}, {"storage.path": "x y"})
    lines = [line.strip() for line in render(config).splitlines()]
    assert "path: x y  # flag --db" in lines
    assert "threads: 2  # file c.yaml" in lines
    assert "query_timeout_s: 5s  # environment TRACEPOND_API_QUERY_TIMEOUT_S" in lines
    assert "checkpoint_wal_mib: auto  # default" in lines


def test_what_auto_stands_for_is_printed_behind_the_keys() -> None:
    text = render(load("service: {memory_limit: 384MB}", "c.yaml", {}, {}))
    assert "\n# service.memory_limit is 366 MiB (file c.yaml); of it:\n#   engine_bytes           103 MiB " in text


def test_what_is_printed_can_be_read_again_and_says_the_same() -> None:
    config = load("receivers: {otlp: {protocols: {grpc: {endpoint: ''}}}}", "c.yaml", {}, {})
    again = load(render(config), "c.yaml", {}, {})
    assert again.receivers == config.receivers
    assert again.storage == config.storage


def test_secrets_are_masked_wherever_they_come_from() -> None:
    environ = {"LANGFUSE_INIT_PROJECT_PUBLIC_KEY": "pk-2", "LANGFUSE_INIT_PROJECT_SECRET_KEY": "sk-hidden"}
    environ |= {"TRACEPOND_EXPORTERS_OTLP_HEADERS": "x-api-key=sk-abroad,x-team=sk-blue"}
    text = render(load(PROJECTS, "c.yaml", environ, {}))
    assert "sk-" not in text
    assert text.count(MASK) == 4
    assert "x-api-key" in text
    assert "pk-1" in text
    assert "scopes: [read]" in text


def test_limits_of_a_project_are_printed_as_they_can_be_read() -> None:
    limits = "retention: {max_age: 90d, max_rows: 10}"
    config = load(PROJECTS.replace("scopes: [read]", limits), "c.yaml", {}, {})
    again = load(render(config).replace(MASK, "sk-again"), "c.yaml", {}, {})
    assert again.storage.retention == config.storage.retention
    assert again.auth.projects[0].retention.max_age_s == 90 * 86_400
    assert "retention" not in render(load(PROJECTS, "c.yaml", {}, {})).partition("auth:")[2]


@pytest.mark.parametrize(
    ("text", "environ", "names"),
    [
        (PROJECTS, {}, "auth.projects: entry 1: secret_key is what `config print` shows"),
        ("", {"TRACEPOND_EXPORTERS_OTLP_HEADERS": "x-api-key=sk-abroad"}, "the value of x-api-key is what"),
    ],
)
def test_what_is_printed_in_the_place_of_a_secret_is_taken_for_none(
    text: str, environ: dict[str, str], names: str
) -> None:
    """Else a server would start that opens to everybody who has read this."""
    printed = render(load(text, "c.yaml", environ, {}))
    with pytest.raises(ConfigError, match=names):
        load(printed, "c.yaml", {}, {})
