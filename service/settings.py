"""Every key of the configuration, in one table: it drives parsing, `--help`, `config print`, config.yaml and the docs.

Shape and names follow the OpenTelemetry Collector where it has them (receiver/otlpreceiver/config.md); the environment
name is derived: `TRACEPOND_` and the path in capitals.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

from service import quantities
from service.prices import prices
from service.projects import projects


class Setting(NamedTuple):
    """One key: its default as one writes it in YAML, its parser (raises ValueError), and what it is for."""

    path: str
    type: str
    default: Any
    parse: Callable[[Any], Any]
    help: str
    secret: bool = False

    @property
    def environment_name(self) -> str:
        return "TRACEPOND_" + self.path.replace(".", "_").upper()

    @property
    def may_be_empty(self) -> bool:
        return self.default in ("", []) or "empty" in self.type


GRPC_ENDPOINT = "receivers.otlp.protocols.grpc.endpoint"
HTTP_ENDPOINT = "receivers.otlp.protocols.http.endpoint"
STORAGE_PATH = "storage.path"
LOG_LEVEL = "service.telemetry.logs.level"
EXPORTER_HEADERS = "exporters.otlp.headers"
AUTH_MODE = "auth.mode"
AUTH_PROJECTS = "auth.projects"
PRICES = "prices"
MEMORY_LIMIT = "service.memory_limit"

WHOLE_OR_AUTO = quantities.or_auto(quantities.count)

FLAG_OF = {STORAGE_PATH: "--db", GRPC_ENDPOINT: "--grpc", HTTP_ENDPOINT: "--http", LOG_LEVEL: "--log-level"}
"""Keys that have a flag: the command line and messages name it."""

SETTINGS = (
    Setting(
        GRPC_ENDPOINT, "HOST:PORT, unix:///PATH or empty", "127.0.0.1:4317", quantities.endpoint_or_off,
        "where OTLP over gRPC listens; empty switches it off, port 0 picks a free one",
    ),
    Setting(
        "receivers.otlp.protocols.grpc.max_recv_msg_size_mib", "whole number or auto", "auto", WHOLE_OR_AUTO,
        "largest gRPC message, before and after unpacking, in MiB; auto is 64, less with little memory",
    ),
    Setting(
        "receivers.otlp.protocols.grpc.tls.cert_file", "path or none", "none", quantities.path_or_none,
        "certificate chain of this port in PEM; with it the port speaks TLS only",
    ),
    Setting(
        "receivers.otlp.protocols.grpc.tls.key_file", "path or none", "none", quantities.path_or_none,
        "private key of that certificate",
    ),
    Setting(
        "receivers.otlp.protocols.grpc.tls.client_ca_file", "path or none", "none", quantities.path_or_none,
        "authority whose certificates clients must show (mTLS); none asks for none",
    ),
    Setting(
        HTTP_ENDPOINT, "HOST:PORT or unix:///PATH", "127.0.0.1:4318", quantities.endpoint,
        "where OTLP over HTTP and the query API listen; port 0 picks a free one",
    ),
    Setting(
        "receivers.otlp.protocols.http.max_request_body_size_mib", "whole number or auto", "auto", WHOLE_OR_AUTO,
        "largest HTTP request body, before and after unpacking, in MiB; auto is 64, less with little memory",
    ),
    Setting(
        "receivers.otlp.protocols.http.tls.cert_file", "path or none", "none", quantities.path_or_none,
        "certificate chain of this port in PEM; with it the port speaks TLS only",
    ),
    Setting(
        "receivers.otlp.protocols.http.tls.key_file", "path or none", "none", quantities.path_or_none,
        "private key of that certificate",
    ),
    Setting(
        "receivers.otlp.protocols.http.tls.client_ca_file", "path or none", "none", quantities.path_or_none,
        "authority whose certificates clients must show (mTLS); none asks for none",
    ),
    Setting(
        "receivers.otlp.protocols.http.cors.allowed_origins", "list of origins", [], quantities.origins,
        "web pages that may send OTLP from a browser, such as https://shop.example or https://*.shop.example; "
        "* is everybody's",
    ),
    Setting(
        "receivers.otlp.protocols.http.cors.allowed_headers", "list of header names", [], quantities.header_names,
        "headers that such pages may send beside Content-Type, Content-Encoding, Authorization, X-API-Key, traceparent "
        "and tracestate; * is any",
    ),
    Setting(
        "receivers.otlp.protocols.http.cors.max_age", "duration", "2h", quantities.seconds,
        "how long a browser may remember the answer before it asks again",
    ),
    Setting(
        "receivers.max_in_flight_mib", "whole number or auto", "auto", WHOLE_OR_AUTO,
        "bytes received and not yet answered, both transports together, in MiB; above it senders are told to retry; "
        "auto is 64, less with little memory",
    ),
    Setting(
        STORAGE_PATH, "path", "./tracepond.duckdb", quantities.text,
        "the database file; `:memory:` keeps everything in memory and forgets it at the end",
    ),
    Setting(
        "storage.memory_limit", "size or auto", "auto", quantities.or_auto(quantities.size),
        "DuckDB's memory; auto is 256 MiB, less where service.memory_limit is below 730 MiB",
    ),
    Setting(
        "storage.threads", "whole number or auto", "auto", WHOLE_OR_AUTO,
        "DuckDB's threads; auto is two, or one where service.memory_limit is below 730 MiB or there is one CPU",
    ),
    Setting(
        "storage.checkpoint_wal_mib", "whole number or auto", "auto", WHOLE_OR_AUTO,
        "size of the write-ahead log at which it is folded into the file, in MiB (256 MiB replay in 1 s at start); "
        "auto is 40, less with little memory",
    ),
    Setting(
        "storage.retention.max_age", "duration or none", "none", quantities.or_none(quantities.seconds, unit=True),
        "traces, log records and metric points older than that are deleted, such as 14d (docs/retention.md)",
    ),
    Setting(
        "storage.retention.max_size", "size or none", "none", quantities.or_none(quantities.size, unit=True),
        "the oldest are deleted while the file's used blocks and its log are larger than that, such as 2GB",
    ),
    Setting(
        "storage.retention.max_rows", "whole number or none", "none", quantities.or_none(quantities.count),
        "the oldest are deleted while there are more spans, log records and metric points together",
    ),
    Setting(
        "exporters.otlp.endpoint", "URL or none", "none", quantities.url_or_none,
        "where everything that arrives is also sent, as it came, over OTLP/HTTP (`/v1/traces` and the like are added)",
    ),
    Setting(
        EXPORTER_HEADERS, "list of name=value", [], quantities.headers,
        "headers of those requests, such as x-api-key=SECRET; in a variable with commas between them",
        secret=True,
    ),
    Setting(
        "exporters.otlp.queue_mib", "whole number", 256, quantities.count,
        "what may wait on disk while that endpoint does not answer, in MiB; beyond it requests are not sent on",
    ),
    Setting(
        "api.query_timeout_s", "duration", 30, quantities.seconds_above_0,
        "longest time one query may take",
    ),
    Setting(
        "api.allowed_hosts", "list of names", [], quantities.names,
        "names under which browsers may ask and send while no keys are needed, beside addresses, "
        "names without a dot and those that end in .local, .internal or .localhost",
    ),
    Setting(
        AUTH_MODE, "auto, none or keys", "auto", quantities.one_of("auto", "none", "keys"),
        "none: everyone may send and read; keys: a key of auth.projects is needed; auto: keys when there are projects, "
        "else none, on loopback addresses only",
    ),
    Setting(
        AUTH_PROJECTS, "list of {name, public_key, secret_key, scopes, retention}", [], projects,
        "projects and the keys that open them; scopes are ingest and read (both when left out), admin and operator",
        secret=True,
    ),
    Setting(
        PRICES, "list of {match, provider, tier, input, output, ...}", [], prices,
        "your prices of models in USD per million tokens; they go before the price list (docs/prices.md)",
    ),
    Setting(
        LOG_LEVEL, "debug, info, warning or error", "info", quantities.one_of("debug", "info", "warning", "error"),
        "least important message that is logged",
    ),
    Setting(
        "service.telemetry.logs.encoding", "console or json", "console", quantities.one_of("console", "json"),
        "form of the log on stderr",
    ),
    Setting(
        MEMORY_LIMIT, "size or auto", "auto", quantities.or_auto(quantities.size),
        "what the whole process keeps to, at least 240 MiB; other sizes follow from it. auto is the container's limit "
        "less a sixteenth; without one it is half of the machine's memory, at most 1 GiB",
    ),
    Setting(
        "service.drain_timeout_s", "duration", 10, quantities.seconds,
        "longest time SIGTERM waits for requests in flight (keep it below the grace period of the container)",
    ),
)  # fmt: skip

BY_PATH = {setting.path: setting for setting in SETTINGS}
BY_ENVIRONMENT_NAME = {setting.environment_name: setting for setting in SETTINGS}
