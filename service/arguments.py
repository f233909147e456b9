"""The command line: commands, flags, `--help`. Flags are names for keys of `service/settings.py`."""

import argparse
from collections.abc import Mapping, Sequence

from service.settings import GRPC_ENDPOINT, HTTP_ENDPOINT, LOG_LEVEL, SETTINGS, STORAGE_PATH

FLAGS = {
    "--db": (STORAGE_PATH, "PATH"),
    "--grpc": (GRPC_ENDPOINT, "HOST:PORT"),
    "--http": (HTTP_ENDPOINT, "HOST:PORT"),
    "--log-level": (LOG_LEVEL, "LEVEL"),
}

COMMANDS = {
    "serve": "receive, store and answer until SIGTERM (the default)",
    "config": "`config print` shows every key with the origin of its value, `config check` only says if it is fine",
    "send-test": "send one test trace to a running server",
    "healthcheck": "exit 0 if a running server answers",
    "version": "print the version",
}

EXAMPLES = """examples:
  tracepond                                  listen on 127.0.0.1:4317 (gRPC) and 127.0.0.1:4318 (HTTP)
  tracepond --db :memory: --http :0          keep everything in memory, on any free port
  TRACEPOND_STORAGE_PATH=/data/t.duckdb tracepond serve --config config.yaml
  tracepond send-test --http 127.0.0.1:4318  see that a trace gets through

exit codes: 0 fine, 1 failure, 2 wrong usage or configuration"""


def parser() -> argparse.ArgumentParser:
    """The parser of all commands; wrong usage ends the process with exit code 2."""
    root = argparse.ArgumentParser(
        prog="tracepond",
        description="Receives OpenTelemetry from GenAI applications, keeps it in one DuckDB file, answers over HTTP.",
        epilog=f"{settings_help()}\n\n{EXAMPLES}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = root.add_subparsers(dest="command", metavar="COMMAND")
    for name, text in COMMANDS.items():
        command = commands.add_parser(name, help=text, description=text)
        if name == "config":
            command.add_argument("action", choices=("print", "check"))
        if name != "version":
            add_flags(command)
    return root


def add_flags(command: argparse.ArgumentParser) -> None:
    command.add_argument("--config", metavar="FILE", help="configuration file (YAML); config.yaml lists every key")
    for flag, (path, metavar) in FLAGS.items():
        command.add_argument(flag, dest=path, metavar=metavar, help=f"sets {path}")


def parse(argv: Sequence[str]) -> argparse.Namespace:
    """The arguments; without a command it is `serve`."""
    if not argv or (argv[0].startswith("-") and argv[0] not in ("-h", "--help")):
        argv = ["version"] if argv and argv[0] == "--version" else ["serve", *argv]
    return parser().parse_args(argv)


def flags_of(arguments: argparse.Namespace) -> Mapping[str, str | None]:
    """Path -> text of every flag that was given."""
    return {path: getattr(arguments, path) for path, _ in FLAGS.values()}


def settings_help() -> str:
    """Every key with its default and its variable, for the end of `--help`."""
    lines = ["settings (flag > environment > file > default; the variable is TRACEPOND_ and the key in capitals):"]
    for setting in SETTINGS:
        default = setting.default if setting.default != [] else "none"
        lines.append(f"  {setting.path} = {default}\n      {setting.help}")
    return "\n".join(lines)
