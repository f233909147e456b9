"""Precedence, the environment, keys, and what must not be reachable."""

from typing import Any

import pytest

from service.config import Config, ConfigError, is_loopback, load
from service.quantities import Endpoint
from service.resources import Found
from storage.retention import Limits, Policy

HTTP = "receivers.otlp.protocols.http.endpoint"
HTTP_VARIABLE = "TRACEPOND_RECEIVERS_OTLP_PROTOCOLS_HTTP_ENDPOINT"
LANGFUSE = {"LANGFUSE_INIT_PROJECT_PUBLIC_KEY": "pk-lf", "LANGFUSE_INIT_PROJECT_SECRET_KEY": "sk-lf"}
PROJECTS = "auth: {projects: [{name: shop, public_key: pk-1, secret_key: sk-1}]}"


def read(text: str = "", environ: dict[str, str] | None = None, **flags: str | None) -> Config:
    return load(text, "c.yaml", environ or {}, {name.replace("__", "."): value for name, value in flags.items()})


def test_defaults_need_nothing() -> None:
    config = read()
    assert config.receivers.http_endpoint == Endpoint("127.0.0.1", 4318)
    assert config.receivers.http_max_body_bytes == 64 << 20
    assert config.storage.path == "./tracepond.duckdb"
    assert config.auth.mode == "none"
    assert {value.origin for value in config.values.values()} == {"default"}


def test_flag_beats_environment_beats_file_beats_default() -> None:
    text, environ = "storage: {path: from-file}", {"TRACEPOND_STORAGE_PATH": "from-environment"}
    assert read(text).storage.path == "from-file"
    assert read(text, environ).storage.path == "from-environment"
    assert read(text, environ, storage__path="from-flag").storage.path == "from-flag"
    assert read(text, environ, storage__path=None).storage.path == "from-environment"


def test_each_value_knows_its_origin() -> None:
    values = read(
        "storage: {path: a}", {"TRACEPOND_STORAGE_THREADS": "2"}, **{HTTP.replace(".", "__"): "localhost:0"}
    ).values
    assert values[HTTP].origin == "flag --http"
    assert values["storage.path"].origin == "file c.yaml"
    assert values["storage.threads"].origin == "environment TRACEPOND_STORAGE_THREADS"


def test_text_from_the_environment_gets_the_type_of_its_key() -> None:
    config = read(environ={"TRACEPOND_RECEIVERS_MAX_IN_FLIGHT_MIB": "8", "TRACEPOND_STORAGE_MEMORY_LIMIT": "1GiB"})
    assert config.receivers.max_in_flight_bytes == 8 << 20
    assert config.storage.memory_limit_bytes == 1 << 30


def test_an_empty_variable_switches_grpc_off_and_is_unset_for_the_others() -> None:
    config = read(environ={"TRACEPOND_RECEIVERS_OTLP_PROTOCOLS_GRPC_ENDPOINT": "", "TRACEPOND_STORAGE_PATH": ""})
    assert config.receivers.grpc_endpoint is None
    assert config.storage.path == "./tracepond.duckdb"


@pytest.mark.parametrize(
    ("text", "environ", "message"),
    [
        ("storage: {threads: none}", {}, r"file c\.yaml: storage\.threads: expected auto or a whole number"),
        ("storage: {path: }", {}, r"storage\.path: expected text, got nothing"),
        ("storage: {path: 2026-01-01}", {}, r"storage\.path: expected text"),
        (
            "",
            {"TRACEPOND_STORAGE_PTH": "x"},
            r"TRACEPOND_STORAGE_PTH: no such setting; did you mean TRACEPOND_STORAGE_PATH",
        ),
        ("", {"TRACEPOND_STORAGE_PATH_FILE": "x"}, "TRACEPOND_STORAGE_PATH_FILE: no such setting"),
        (
            "",
            {"TRACEPOND_STORAGE_THREADS": "x"},
            "environment TRACEPOND_STORAGE_THREADS: storage.threads: expected auto or a whole number",
        ),
        ("auth: {mode: keys}", {}, "auth.mode is keys, but auth.projects holds none"),
        ("", {"LANGFUSE_INIT_PROJECT_PUBLIC_KEY": "pk"}, "must be set together"),
        (PROJECTS, {"TRACEPOND_AUTH_MODE": "none"}, r"auth.mode is none, but file c\.yaml gives auth.projects"),
    ],
)
def test_a_mistake_names_the_key_and_its_source(text: str, environ: dict[str, str], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        read(text, environ)


def test_variables_that_kubernetes_makes_for_a_service_are_not_ours() -> None:
    links = ("TRACEPOND_SERVICE_HOST", "TRACEPOND_SERVICE_PORT_OTLP", "TRACEPOND_PORT", "TRACEPOND_PORT_4318_TCP_ADDR")
    assert read(environ=dict.fromkeys(links, "x")).auth.mode == "none"


def test_the_variable_that_turns_the_compiled_decoder_off_is_no_setting() -> None:
    assert read(environ={"TRACEPOND_PURE_PYTHON": "1"}).auth.mode == "none"
    with pytest.raises(ConfigError, match="no such setting"):
        read(environ={"TRACEPOND_PURE_PYTHONS": "1"})


def test_projects_turn_keys_on() -> None:
    config = read(PROJECTS)
    assert config.auth.mode == "keys"
    assert config.auth.projects[0].name == "shop"


def test_projects_come_from_the_environment_or_from_a_file_named_there() -> None:
    entry = "[{name: shop, public_key: pk-1, secret_key: sk-1}]"
    plain = read(environ={"TRACEPOND_AUTH_PROJECTS": entry})
    environ = {"TRACEPOND_AUTH_PROJECTS_FILE": "/run/secrets/projects"}
    from_file = load("", "", environ, {}, {"/run/secrets/projects": entry}.__getitem__)
    assert plain.auth.projects == from_file.auth.projects == read(PROJECTS).auth.projects


def test_a_secret_given_twice_or_in_a_missing_file_is_an_error() -> None:
    with pytest.raises(ConfigError, match="both TRACEPOND_AUTH_PROJECTS and TRACEPOND_AUTH_PROJECTS_FILE"):
        read(environ={"TRACEPOND_AUTH_PROJECTS": "[]", "TRACEPOND_AUTH_PROJECTS_FILE": "x"})
    with pytest.raises(ConfigError, match="TRACEPOND_AUTH_PROJECTS_FILE: /nowhere/x cannot be read"):
        read(environ={"TRACEPOND_AUTH_PROJECTS_FILE": "/nowhere/x"})


@pytest.mark.parametrize("mode", ["", "none"])
def test_keys_of_a_langfuse_compose_file_are_needed_even_in_the_image(mode: str) -> None:
    """The image says `none`; who sets a secret key does not mean everyone."""
    config = read(environ=LANGFUSE | {"TRACEPOND_AUTH_MODE": mode})
    assert config.auth.mode == "keys"
    assert [project.public_key for project in config.auth.projects] == ["pk-lf"]


def test_keys_of_a_langfuse_compose_file_come_beside_configured_projects() -> None:
    assert [project.name for project in read(PROJECTS, LANGFUSE).auth.projects] == ["shop", "default"]


def test_keys_of_a_langfuse_compose_file_may_delete_as_with_langfuse_unless_the_pair_is_named_with_less() -> None:
    assert read(environ=LANGFUSE).auth.projects[0].scopes == {"ingest", "read", "admin"}
    less = "auth: {projects: [{name: shop, public_key: pk-lf, secret_key: sk-lf}]}"
    assert [project.scopes for project in read(less, LANGFUSE).auth.projects] == [{"ingest", "read"}]


def test_both_protocols_on_one_port_are_refused_before_anything_is_bound() -> None:
    both = "receivers: {otlp: {protocols: {grpc: {endpoint: '%s'}, http: {endpoint: '%s'}}}}"
    with pytest.raises(ConfigError, match=r"grpc\.endpoint: 127\.0\.0\.1:5000 is that of HTTP"):
        read(both % (("127.0.0.1:5000",) * 2))
    assert read(both % (("127.0.0.1:0",) * 2)).receivers.http_endpoint.port == 0


@pytest.mark.parametrize("endpoint", ["0.0.0.0:4318", ":4318", "192.168.1.5:4318", "[::]:4318", "myhost:4318"])
def test_an_address_that_others_reach_needs_keys_or_an_explicit_none(endpoint: str) -> None:
    with pytest.raises(ConfigError, match=r"http\.endpoint: .* can be reached from other machines"):
        read(environ={HTTP_VARIABLE: endpoint})
    assert read(environ={HTTP_VARIABLE: endpoint, "TRACEPOND_AUTH_MODE": "none"}).auth.mode == "none"
    assert read(PROJECTS, {HTTP_VARIABLE: endpoint}).auth.mode == "keys"


def test_grpc_is_held_to_the_same_rule() -> None:
    with pytest.raises(ConfigError, match=r"grpc\.endpoint"):
        read(environ={"TRACEPOND_RECEIVERS_OTLP_PROTOCOLS_GRPC_ENDPOINT": ":4317"})


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("127.0.0.1", True),
        ("127.1.2.3", True),
        ("localhost", True),
        ("::1", True),
        ("", False),
        ("127.evil.com", False),
    ],
)
def test_loopback_is_known_by_its_address(host: str, expected: Any) -> None:
    assert is_loopback(host) is expected


def test_without_limits_nothing_is_ever_deleted() -> None:
    assert not read().storage.retention
    assert not read(environ={"TRACEPOND_STORAGE_RETENTION_MAX_AGE": "none"}).storage.retention


def test_limits_of_the_file_and_of_projects_are_one_policy() -> None:
    text = "auth: {projects: [{name: shop, public_key: pk, secret_key: sk, retention: {max_age: 1h}}]}"
    environ = {"TRACEPOND_STORAGE_RETENTION_MAX_SIZE": "2GB", "TRACEPOND_STORAGE_RETENTION_MAX_ROWS": "5"}
    expected = Policy(Limits(None, 5), 2_000_000_000, {"shop": Limits(3600)})
    assert read(text, environ).storage.retention == expected


def test_a_size_that_cannot_be_kept_in_memory_is_refused() -> None:
    environ = {"TRACEPOND_STORAGE_RETENTION_MAX_SIZE": "2GB"}
    with pytest.raises(ConfigError, match=r"RETENTION_MAX_SIZE: storage\.retention\.max_size needs a file"):
        read(environ=environ, storage__path=":memory:")


def test_sizes_follow_from_the_memory_limit_but_for_those_that_are_set() -> None:
    text = "{service: {memory_limit: 384MB}, storage: {memory_limit: 80MiB}, receivers: {max_in_flight_mib: 7}}"
    config = read(text)
    assert config.memory.limit_bytes == 384_000_000
    assert config.storage.memory_limit_bytes == 80 << 20
    assert config.receivers.max_in_flight_bytes == 7 << 20
    assert config.receivers.http_max_body_bytes == config.receivers.grpc_max_message_bytes == config.memory.body_bytes
    assert config.storage.checkpoint_wal_bytes == config.memory.checkpoint_wal_bytes == 18 << 20


def test_auto_is_what_the_system_allows() -> None:
    found = load("", "c.yaml", {}, {}, find_memory=lambda: Found(300 << 20, "a container"))
    assert (found.memory.limit_bytes, found.memory.origin) == (300 << 20, "a container")
    for text, cpus, threads in (("", 4, 2), ("", 1, 1), ("storage: {threads: 3}", 1, 3)):
        found = load(text, "c.yaml", {}, {}, find_memory=lambda: Found(1 << 30, ""), find_cpus=lambda cpus=cpus: cpus)
        assert found.storage.threads == threads
    with pytest.raises(ConfigError, match=r"^service.memory_limit: 120 MiB of memory \(a container\) are too little"):
        load("", "c.yaml", {}, {}, find_memory=lambda: Found(120 << 20, "a container"))
    with pytest.raises(ConfigError, match=r"\(environment TRACEPOND_SERVICE_MEMORY_LIMIT\) are too little"):
        read(environ={"TRACEPOND_SERVICE_MEMORY_LIMIT": "100MB"})


def test_a_unix_socket_needs_no_keys_and_takes_no_tls() -> None:
    section = "{endpoint: 'unix:///run/t.sock'%s}"
    text = "receivers: {otlp: {protocols: {http: " + section + "}}}"
    config = read(text % "")
    assert (config.receivers.http_endpoint.path, config.auth.mode) == ("/run/t.sock", "none")
    with pytest.raises(ConfigError, match="does not leave this machine"):
        read(text % ", tls: {cert_file: c, key_file: k}")


@pytest.mark.parametrize(
    ("endpoint", "listens"),
    [
        ("http://127.0.0.1:4318", "127.0.0.1:4318"), ("http://localhost:4318/x", "127.0.0.1:4318"),
        ("http://[::1]:4318", ":4318"), ("http://127.0.0.1", "0.0.0.0:80"), ("http://box:4318", "box:4318"),
    ],
)  # fmt: skip
def test_nothing_is_sent_on_to_the_server_itself(endpoint: str, listens: str) -> None:
    environ = {
        "TRACEPOND_EXPORTERS_OTLP_ENDPOINT": endpoint, "TRACEPOND_AUTH_MODE": "none",
        "TRACEPOND_RECEIVERS_OTLP_PROTOCOLS_HTTP_ENDPOINT": listens,
    }  # fmt: skip
    with pytest.raises(ConfigError, match="is this server itself"):
        read(environ=environ)
    other = environ | {"TRACEPOND_EXPORTERS_OTLP_ENDPOINT": "http://127.0.0.1:5000"}
    assert read(environ=other).exporter.endpoint == "http://127.0.0.1:5000"
