"""`tracepond`: arguments and exit codes; nothing else."""

import argparse
import asyncio
import os
import sys
import time
from collections.abc import Callable, Sequence

from api.times import parse_time
from contract.errors import BadQuery, TracepondError
from service import (
    arguments,
    client,
    compact,
    config_print,
    import_langfuse,
    lifecycle,
    logs,
    recover,
    reprice,
    snapshot,
    status,
    tls,
)
from service.config import CONFIG_VARIABLE, Config, ConfigError, cause, load
from service.listening import StartFailed
from service.version import version_line

FINE, FAILURE, WRONG_USAGE = 0, 1, 2


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code."""
    options = arguments.parse(sys.argv[1:] if argv is None else argv)
    if options.command == "version":
        announce(version_line())
        return FINE
    try:
        return COMMANDS[options.command](options, read_config(options))
    except BrokenPipeError:  # who reads has enough: `tracepond config print | head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return FAILURE
    except (ConfigError, BadQuery) as error:
        print(f"tracepond: {error}", file=sys.stderr)
        return WRONG_USAGE
    except (StartFailed, client.RequestFailed, TracepondError) as error:
        print(f"tracepond: {error}", file=sys.stderr)
        return FAILURE


def read_config(options: argparse.Namespace) -> Config:
    """The configuration of this run from file, environment and flags. Raises `ConfigError`."""
    file_name = options.config or os.environ.get(CONFIG_VARIABLE)
    text = None
    if file_name:
        try:
            with open(file_name, encoding="utf-8-sig") as file:
                text = file.read()
        except (OSError, UnicodeDecodeError) as error:
            raise ConfigError(f"{file_name} cannot be read: {cause(error)}") from error
    return load(text, file_name or "", os.environ, arguments.flags_of(options))


def serve(_: argparse.Namespace, config: Config) -> int:
    logs.set_up(config.logs.level, config.logs.encoding)
    return asyncio.run(lifecycle.serve(config, announce))


def announce(line: str) -> None:
    """Print to stdout at once. A reader that went away (`tracepond | head -1`) must not stop the server."""
    try:
        print(line, flush=True)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def config_command(options: argparse.Namespace, config: Config) -> int:
    if options.action == "print":
        print(config_print.render(config))
    else:
        check_certificates(config)
        print("the configuration is fine")
    return FINE


def check_certificates(config: Config) -> None:
    """Raises `ConfigError` where the files of one cannot be used."""
    for chosen in (config.receivers.grpc_tls, config.receivers.http_tls):
        try:
            if chosen is not None:
                tls.files(chosen)
        except tls.Unusable as error:
            raise ConfigError(f"TLS: {error}") from error


def reprice_command(options: argparse.Namespace, config: Config) -> int:
    now_ns = time.time_ns()
    from_ns, to_ns = (
        None if text is None else parse_time(text, now_ns, flag)
        for flag, text in (("--from", options.from_time), ("--to", options.to_time))
    )
    print(reprice.report(reprice.run(config, from_ns=from_ns, to_ns=to_ns, everything=options.everything)))
    return FINE


def snapshot_command(options: argparse.Namespace, config: Config) -> int:
    size, source = snapshot.run(config, options.file)
    print(f"{options.file}: {size / 1e6:,.1f} MB, a copy of {source}")
    return FINE


def import_command(options: argparse.Namespace, config: Config) -> int:
    done = import_langfuse.run(
        import_langfuse.wanted(options, os.environ, config), lambda line: print(line, file=sys.stderr, flush=True)
    )
    print(done.report)
    return FINE if done.whole else FAILURE


def compact_command(_: argparse.Namespace, config: Config) -> int:
    print(compact.report(compact.run(config)))
    return FINE


def recover_command(_: argparse.Namespace, config: Config) -> int:
    logs.set_up(config.logs.level, config.logs.encoding)
    print("\n".join(recover.report(config.storage.path, recover.run(config))))
    return FINE


def healthcheck(_: argparse.Namespace, config: Config) -> int:
    print(client.healthcheck(config))
    return FINE


def send_test(_: argparse.Namespace, config: Config) -> int:
    print(client.send_test(config))
    return FINE


def status_command(options: argparse.Namespace, config: Config) -> int:
    print(status.run(config, as_json=options.as_json))
    return FINE


COMMANDS: dict[str, Callable[[argparse.Namespace, Config], int]] = {
    "serve": serve,
    "config": config_command,
    "healthcheck": healthcheck,
    "reprice": reprice_command,
    "snapshot": snapshot_command,
    "compact": compact_command,
    "recover": recover_command,
    "import-langfuse": import_command,
    "send-test": send_test,
    "status": status_command,
}

if __name__ == "__main__":
    sys.exit(main())
