"""The configuration of a run: flag > environment > file > default, checked whole before anything is bound.

`load` is pure: text and mappings in, a frozen `Config` or `ConfigError` out. The keys stand in `service/settings.py`.
"""

import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from contract.compiled import PURE_PYTHON_VARIABLE
from service import tls, yaml_file
from service.cors import Cors
from service.memory import MIB, Memory, divided
from service.projects import Project
from service.quantities import Endpoint
from service.resources import Found, cpus, memory_limit
from service.settings import (
    AUTH_MODE,
    AUTH_PROJECTS,
    BY_ENVIRONMENT_NAME,
    BY_PATH,
    EXPORTER_HEADERS,
    FLAG_OF,
    MEMORY_LIMIT,
    PRICES,
    SETTINGS,
    Setting,
)
from service.tls import Tls
from service.yaml_file import ConfigError, nearest
from storage.retention import Limits, Policy
from translator.prices.user_table import UserPrice

__all__ = ["Config", "ConfigError", "Value", "load"]

DEFAULT = "default"
PREFIX = "TRACEPOND_"
CONFIG_VARIABLE = "TRACEPOND_CONFIG"
"""Path of the configuration file, for images; the flag `--config` goes before it."""

NO_SETTINGS = frozenset({CONFIG_VARIABLE, PURE_PYTHON_VARIABLE})
"""Variables of ours that no key of the file has."""

SERVICE_LINKS = re.compile(r".*_(SERVICE_HOST|SERVICE_PORT(_.*)?|PORT(_\d+_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR))?)?)")
"""Kubernetes gives every pod TRACEPOND_SERVICE_HOST, TRACEPOND_PORT_4318_TCP and the like for a service of that name
(kubernetes.io, "Accessing the Service"): not ours, not a mistake."""

LANGFUSE_PUBLIC_KEY = "LANGFUSE_INIT_PROJECT_PUBLIC_KEY"
LANGFUSE_SECRET_KEY = "LANGFUSE_INIT_PROJECT_SECRET_KEY"
LANGFUSE_SCOPES = ["admin", "ingest", "read"]
"""A key of a project of Langfuse deletes traces, scores and prompts too, and applications written for it do."""

ReadFile = Callable[[str], str]


@dataclass(frozen=True, slots=True)
class Value:
    """What a key is set to, as written and as parsed, and who said so."""

    written: Any
    parsed: Any
    origin: str


@dataclass(frozen=True, slots=True)
class Receivers:
    grpc_endpoint: Endpoint | None
    grpc_max_message_bytes: int
    grpc_tls: Tls | None
    http_endpoint: Endpoint
    http_max_body_bytes: int
    http_tls: Tls | None
    http_cors: Cors | None
    max_in_flight_bytes: int


@dataclass(frozen=True, slots=True)
class Storage:
    path: str
    memory_limit_bytes: int
    threads: int
    checkpoint_wal_bytes: int
    retention: Policy


@dataclass(frozen=True, slots=True)
class Exporter:
    endpoint: str | None
    headers: tuple[tuple[str, str], ...]
    queue_bytes: int


@dataclass(frozen=True, slots=True)
class Auth:
    mode: str
    """`none` or `keys`; `auto` is decided by now."""
    projects: tuple[Project, ...]
    mode_is_explicit: bool


@dataclass(frozen=True, slots=True)
class Logs:
    level: str
    encoding: str


@dataclass(frozen=True, slots=True)
class Config:
    """Everything a run needs to know; `values` says for each key where its value came from."""

    memory: Memory
    """What the process may take, and the sizes derived from it; those that have a key are in `receivers` and `storage`
    as set."""
    receivers: Receivers
    storage: Storage
    exporter: Exporter
    query_timeout_s: float
    allowed_hosts: tuple[str, ...]
    prices: tuple[UserPrice, ...]
    auth: Auth
    logs: Logs
    drain_timeout_s: float
    values: Mapping[str, Value]


def read_text(path: str) -> str:
    """The file as text, without a line end at its end (secrets are often written with one)."""
    with open(path, encoding="utf-8") as file:
        return file.read().rstrip("\r\n")


def load(
    file_text: str | None,
    file_name: str,
    environ: Mapping[str, str],
    flags: Mapping[str, str | None],
    read_file: ReadFile = read_text,
    find_memory: Callable[[], Found] = memory_limit,
    find_cpus: Callable[[], int] = cpus,
) -> Config:
    """The configuration from all four sources. Raises `ConfigError`. `read_file` serves the `..._FILE` variables,
    `find_memory` and `find_cpus` say what `auto` is for the whole process."""
    written = {setting.path: (setting.default, DEFAULT) for setting in SETTINGS}
    in_file = yaml_file.values(file_text or "", file_name, BY_PATH, environ)
    written |= {path: (value, f"file {file_name}") for path, value in in_file.items()}
    written |= from_environment(environ, read_file)
    written |= {path: (value, f"flag {FLAG_OF[path]}") for path, value in flags.items() if value is not None}
    values = {path: parsed(BY_PATH[path], value, origin) for path, (value, origin) in written.items()}
    values = with_langfuse_project(values, environ, read_file)
    memory = decide_memory(values, find_memory, find_cpus)
    return check_exporter(check_memory(check_exposure(check_ports(assemble(values, memory)))))


def parsed(setting: Setting, value: Any, origin: str) -> Value:
    """One key's value. A key that stands in the file with nothing behind it is an error, unless it may be empty."""
    try:
        return Value(value, setting.parse([] if value is None and setting.default == [] else value), origin)
    except ValueError as error:
        # A message of a secret's parser names entries and fields, never values.
        raise ConfigError(f"{origin}: {setting.path}: {error}") from None


def from_environment(environ: Mapping[str, str], read_file: ReadFile) -> dict[str, tuple[Any, str]]:
    """Path -> (text, origin) of every `TRACEPOND_` variable; `..._FILE` names a file that holds a secret's value."""
    found = {}
    for name in sorted(environ):
        if not name.startswith(PREFIX) or name in NO_SETTINGS or SERVICE_LINKS.fullmatch(name):
            continue
        setting, is_in_file = BY_ENVIRONMENT_NAME.get(name), False
        if setting is None and name.endswith("_FILE"):
            setting, is_in_file = BY_ENVIRONMENT_NAME.get(name.removesuffix("_FILE")), True
            setting = setting if setting is not None and setting.secret else None
        if setting is None:
            raise ConfigError(f"environment {name}: no such setting{nearest(name, BY_ENVIRONMENT_NAME)}")
        if not environ[name] and not setting.may_be_empty:
            continue  # compose files write VARIABLE=${VARIABLE:-}: empty is unset
        if setting.path in found:
            raise ConfigError(f"environment: both {setting.environment_name} and {name} are set; keep one")
        text = _in_file(name, environ, read_file) if is_in_file else environ[name]
        found[setting.path] = (text, f"environment {name}")
    return found


def with_langfuse_project(
    values: dict[str, Value], environ: Mapping[str, str], read_file: ReadFile
) -> dict[str, Value]:
    """Add the project that a compose file written for Langfuse names (langfuse.com, "Headless initialization").

    Keys are then needed, also in the image, which says `none`: who sets a secret does not mean "everyone".
    """
    keys = {}
    for name in (LANGFUSE_PUBLIC_KEY, LANGFUSE_SECRET_KEY):
        if environ.get(name):
            keys[name] = environ[name]
        elif environ.get(f"{name}_FILE"):
            keys[name] = _in_file(f"{name}_FILE", environ, read_file)
    if not keys:
        return values
    if len(keys) == 1:
        raise ConfigError(f"environment: {LANGFUSE_PUBLIC_KEY} and {LANGFUSE_SECRET_KEY} must be set together")
    public_key, secret_key = keys[LANGFUSE_PUBLIC_KEY], keys[LANGFUSE_SECRET_KEY]
    entry = {"name": "default", "public_key": public_key, "secret_key": secret_key, "scopes": LANGFUSE_SCOPES}
    before = values[AUTH_PROJECTS]
    added = parsed(BY_PATH[AUTH_PROJECTS], [entry], f"environment {LANGFUSE_PUBLIC_KEY}")
    if any(project.public_key == entry["public_key"] for project in before.parsed):
        return values
    origin = added.origin if before.origin == DEFAULT else f"{before.origin} and {added.origin}"
    projects = Value(before.written, before.parsed + added.parsed, origin)
    return values | {AUTH_PROJECTS: projects, AUTH_MODE: Value("keys", "keys", added.origin)}


def decide_memory(
    values: Mapping[str, Value], find_memory: Callable[[], Found], find_cpus: Callable[[], int]
) -> Memory:
    """The sizes of this process. Raises `ConfigError` when the limit is too small to work with."""
    said = values[MEMORY_LIMIT]
    found = Found(said.parsed, said.origin) if said.parsed is not None else find_memory()
    try:
        return divided(*found, cpus=find_cpus())
    except ValueError as error:
        raise ConfigError(f"{MEMORY_LIMIT}: {error}") from None


def assemble(values: Mapping[str, Value], memory: Memory) -> Config:
    """The dataclasses that the program reads, from the flat values."""
    get = {path: value.parsed for path, value in values.items()}
    protocols = "receivers.otlp.protocols"

    def mib_or(path: str, derived_bytes: int) -> int:
        return derived_bytes if get[path] is None else get[path] * MIB

    return Config(
        memory=memory,
        receivers=Receivers(
            grpc_endpoint=get[f"{protocols}.grpc.endpoint"],
            grpc_max_message_bytes=mib_or(f"{protocols}.grpc.max_recv_msg_size_mib", memory.body_bytes),
            grpc_tls=tls_of(values, "grpc"),
            http_endpoint=get[f"{protocols}.http.endpoint"],
            http_max_body_bytes=mib_or(f"{protocols}.http.max_request_body_size_mib", memory.body_bytes),
            http_tls=tls_of(values, "http"),
            http_cors=cors_of(values),
            max_in_flight_bytes=mib_or("receivers.max_in_flight_mib", memory.in_flight_bytes),
        ),
        storage=Storage(
            path=os.path.expanduser(get["storage.path"]),
            memory_limit_bytes=get["storage.memory_limit"] or memory.engine_bytes,
            threads=get["storage.threads"] or memory.engine_threads,
            checkpoint_wal_bytes=mib_or("storage.checkpoint_wal_mib", memory.checkpoint_wal_bytes),
            retention=Policy(
                Limits(get["storage.retention.max_age"], get["storage.retention.max_rows"]),
                get["storage.retention.max_size"],
                {project.name: project.retention for project in get[AUTH_PROJECTS] if project.retention != Limits()},
            ),
        ),
        exporter=Exporter(get["exporters.otlp.endpoint"], get[EXPORTER_HEADERS], get["exporters.otlp.queue_mib"] * MIB),
        query_timeout_s=get["api.query_timeout_s"],
        allowed_hosts=get["api.allowed_hosts"],
        prices=get[PRICES],
        auth=decide_auth(values),
        logs=Logs(get["service.telemetry.logs.level"], get["service.telemetry.logs.encoding"]),
        drain_timeout_s=get["service.drain_timeout_s"],
        values=values,
    )


def tls_of(values: Mapping[str, Value], protocol: str) -> Tls | None:
    """The certificate of one port. Raises `ConfigError` where only a part of it is named, or none can be of use."""
    section = f"receivers.otlp.protocols.{protocol}.tls"
    endpoint = values[f"receivers.otlp.protocols.{protocol}.endpoint"].parsed
    named = [values[f"{section}.{key}"] for key in ("cert_file", "key_file", "client_ca_file")]
    try:
        chosen = tls.chosen(*(value.parsed and os.path.expanduser(value.parsed) for value in named))
        if chosen is not None and endpoint is not None and endpoint.path:
            raise ValueError(f"{endpoint} does not leave this machine: leave TLS out, or listen on HOST:PORT")
    except ValueError as error:
        origin = next(value.origin for value in named if value.parsed)
        raise ConfigError(f"{origin}: {section}: {error}") from None
    return chosen


def cors_of(values: Mapping[str, Value]) -> Cors | None:
    """Whose pages may send; null while no origin is named."""
    section = "receivers.otlp.protocols.http.cors"
    cors = Cors(*(values[f"{section}.{key}"].parsed for key in ("allowed_origins", "allowed_headers", "max_age")))
    return cors if cors.allowed_origins else None


def decide_auth(values: Mapping[str, Value]) -> Auth:
    """`auto` becomes `keys` when there are projects, else `none`. Keys that would do nothing are an error."""
    mode, projects = values[AUTH_MODE].parsed, values[AUTH_PROJECTS].parsed
    if mode == "keys" and not projects:
        raise ConfigError(f"{values[AUTH_MODE].origin}: auth.mode is keys, but auth.projects holds none")
    if mode == "none" and projects:
        raise ConfigError(
            f"{values[AUTH_MODE].origin}: auth.mode is none, but {values[AUTH_PROJECTS].origin} gives auth.projects: "
            "set auth.mode (TRACEPOND_AUTH_MODE) to keys, or leave the projects out"
        )
    if mode == "auto":
        return Auth("keys" if projects else "none", projects, mode_is_explicit=False)
    return Auth(mode, projects, mode_is_explicit=True)


def check_ports(config: Config) -> Config:
    """Refuse one address for both protocols: the second would find it taken, and take the first for a stranger."""
    grpc, http = config.receivers.grpc_endpoint, config.receivers.http_endpoint
    if grpc == http and (http.path or http.port):
        path = "receivers.otlp.protocols.grpc.endpoint"
        raise ConfigError(f"{config.values[path].origin}: {path}: {grpc} is that of HTTP, too; gRPC needs its own")
    return config


def check_exposure(config: Config) -> Config:
    """Refuse to listen beyond this machine without keys, unless `auth.mode: none` was said."""
    if config.auth.mode == "keys" or config.auth.mode_is_explicit:
        return config
    for path in ("receivers.otlp.protocols.grpc.endpoint", "receivers.otlp.protocols.http.endpoint"):
        endpoint = config.values[path].parsed
        if endpoint is not None and not endpoint.path and not is_loopback(endpoint.host):
            raise ConfigError(
                f"{config.values[path].origin}: {path}: {endpoint} can be reached from other machines and no keys are "
                "configured. Add auth.projects, or say auth.mode: none (TRACEPOND_AUTH_MODE=none) if everyone may "
                "send and read."
            )
    return config


def check_memory(config: Config) -> Config:
    """In memory the engine frees 122,880 rows at a time (measured, DuckDB 2.0): no size could be kept."""
    if config.storage.path == ":memory:" and config.storage.retention.max_size_bytes is not None:
        origin = config.values["storage.retention.max_size"].origin
        raise ConfigError(f"{origin}: storage.retention.max_size needs a file; with `:memory:` use max_rows or max_age")
    return config


def check_exporter(config: Config) -> Config:
    """Refuse to send on to this very server: each request would go round for ever."""
    own, url = config.receivers.http_endpoint, urlsplit(config.exporter.endpoint or "")
    port = url.port or (443 if url.scheme == "https" else 80)
    host = url.hostname or ""
    is_here = host == own.host or (is_loopback(host) and (own.host in ("", "0.0.0.0", "::") or is_loopback(own.host)))
    if config.exporter.endpoint is not None and own.port == port and not own.path and is_here:
        origin = config.values["exporters.otlp.endpoint"].origin
        raise ConfigError(f"{origin}: exporters.otlp.endpoint: {config.exporter.endpoint} is this server itself")
    return config


def is_loopback(host: str) -> bool:
    """Whether only this machine reaches the address. Names other than localhost are taken for reachable."""
    return host in ("localhost", "::1") or bool(re.fullmatch(r"127(\.\d{1,3}){3}", host))


def _in_file(name: str, environ: Mapping[str, str], read_file: ReadFile) -> str:
    """What stands in the file that the variable names. Raises `ConfigError`."""
    try:
        return read_file(environ[name])
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"environment {name}: {environ[name]} cannot be read: {cause(error)}") from error


def cause(error: OSError | UnicodeDecodeError) -> str:
    """Why a file cannot be read, without its name: the message has that already."""
    return error.strerror or "unknown" if isinstance(error, OSError) else "it is not UTF-8 text"
