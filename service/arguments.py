"""The command line: commands, flags, `--help`. Flags are names for keys of `service/settings.py`."""

import argparse
from collections.abc import Mapping, Sequence

from service.settings import FLAG_OF, GRPC_ENDPOINT, HTTP_ENDPOINT, LOG_LEVEL, SETTINGS, STORAGE_PATH

METAVARS = {STORAGE_PATH: "PATH", GRPC_ENDPOINT: "HOST:PORT", HTTP_ENDPOINT: "HOST:PORT", LOG_LEVEL: "LEVEL"}

COMMANDS = {
    "serve": "receive, store and answer until SIGTERM (the default)",
    "config": "`config print` shows every key with the origin of its value, `config check` only says if it is fine",
    "snapshot": "write a consistent copy of the database to FILE, also while a server runs on it",
    "compact": "give the file's free space back, while no server runs on it",
    "recover": "make a new file of what can be read of a damaged one, which is kept, while no server runs on it",
    "reprice": "calculate missing costs in the file with today's prices, while no server runs on it",
    "import-langfuse": "copy everything from a Langfuse server to a running server; again changes nothing",
    "send-test": "send one test trace to a running server",
    "status": "what a running server says of itself: who sends, what was refused, queue, file",
    "healthcheck": "exit 0 if a running server answers",
    "version": "print the version",
}

FLAGS_USED = {
    "serve": tuple(FLAG_OF),
    "config": tuple(FLAG_OF),
    "snapshot": (STORAGE_PATH, HTTP_ENDPOINT),
    "compact": (STORAGE_PATH,),
    "recover": (STORAGE_PATH,),
    "reprice": (STORAGE_PATH,),
    "import-langfuse": (HTTP_ENDPOINT,),
    "send-test": (HTTP_ENDPOINT,),
    "status": (HTTP_ENDPOINT,),
    "healthcheck": (HTTP_ENDPOINT,),
}
"""Command -> the keys whose flags it takes, beside `--config`; `config` shows what `serve` would do with the same."""

EXAMPLES = """examples:
  tracepond                                  listen on 127.0.0.1:4317 (gRPC) and 127.0.0.1:4318 (HTTP)
  tracepond send-test --http 127.0.0.1:4318  see that a trace gets through
  tracepond --db :memory: --grpc 127.0.0.1:0 --http 127.0.0.1:0
                                             keep everything in memory, on any free ports
  tracepond config print > my.yaml           a file to change: every key with its value
  TRACEPOND_STORAGE_PATH=my.duckdb tracepond serve --config my.yaml

exit codes: 0 fine, 1 failure, 2 wrong usage or configuration"""


def parser() -> argparse.ArgumentParser:
    """The parser of all commands; wrong usage ends the process with exit code 2."""
    root = argparse.ArgumentParser(
        prog="tracepond",
        usage="%(prog)s [-h] [--version] [COMMAND] [FLAGS]",
        description="Receives OpenTelemetry from GenAI applications, keeps it in one DuckDB file, answers over HTTP.",
        epilog=f"{settings_help()}\n\n{EXAMPLES}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = root.add_subparsers(dest="command", metavar="COMMAND", prog="tracepond")
    for name, text in COMMANDS.items():
        command = commands.add_parser(name, help=text, description=text)
        if name == "config":
            command.add_argument("action", choices=("print", "check"))
        if name == "snapshot":
            command.add_argument("file", metavar="FILE", help="the copy; a file that exists is never replaced")
        if name == "status":
            command.add_argument("--json", action="store_true", dest="as_json", help="print the answer as it came")
        if name == "reprice":
            add_reprice_flags(command)
        if name == "import-langfuse":
            add_import_flags(command)
        if name in FLAGS_USED:
            add_flags(command, FLAGS_USED[name])
    return root


def add_flags(command: argparse.ArgumentParser, paths: Sequence[str]) -> None:
    command.add_argument("--config", metavar="FILE", help="configuration file (YAML); config.yaml lists every key")
    for path in paths:
        command.add_argument(FLAG_OF[path], dest=path, metavar=METAVARS[path], help=f"sets {path}")


def add_reprice_flags(command: argparse.ArgumentParser) -> None:
    times = "RFC 3339, epoch, or relative such as -7d (written --from=-7d)"
    command.add_argument("--from", dest="from_time", metavar="TIME", help=f"calls that start then or later: {times}")
    command.add_argument("--to", dest="to_time", metavar="TIME", help="calls that start before")
    command.add_argument(
        "--all", action="store_true", dest="everything", help="calculated costs too; never reported ones"
    )


def add_import_flags(command: argparse.ArgumentParser) -> None:
    command.add_argument("url", metavar="URL", help="the Langfuse server, such as https://cloud.langfuse.com")
    command.add_argument("--public-key", metavar="KEY", help="its project's key (LANGFUSE_PUBLIC_KEY)")
    command.add_argument("--secret-key", metavar="KEY", help="and the secret one (LANGFUSE_SECRET_KEY)")
    command.add_argument("--from-time", metavar="TIME", help="records of then or later: RFC 3339 or --from-time=-30d")
    command.add_argument("--to-time", metavar="TIME", help="records before; where an import that stopped goes on")
    command.add_argument("--to", metavar="URL", help="the server to copy to; the one of --http where not given")
    command.add_argument("--to-public-key", metavar="KEY", help="its key; that of the configuration where not given")
    command.add_argument("--to-secret-key", metavar="KEY", help="and the secret one")


def parse(argv: Sequence[str]) -> argparse.Namespace:
    """The arguments; without a command it is `serve`."""
    if not argv or (argv[0].startswith("-") and argv[0] not in ("-h", "--help")):
        argv = ["version"] if argv and argv[0] == "--version" else ["serve", *argv]
    return parser().parse_args(argv)


def flags_of(arguments: argparse.Namespace) -> Mapping[str, str | None]:
    """Path -> text of every flag that was given."""
    return {path: getattr(arguments, path, None) for path in FLAG_OF}


def settings_help() -> str:
    """Every key with its default, its variable and its flag, for the end of `--help`."""
    lines = [
        "settings (flag > environment > file > default; the variable is TRACEPOND_ and the key in capitals, dots as _;",
        "the file is named by --config FILE):",
    ]
    for setting in SETTINGS:
        default = setting.default if setting.default != [] else "none"
        flag = f"{FLAG_OF[setting.path]}: " if setting.path in FLAG_OF else ""
        lines.append(f"  {setting.path} = {default}\n      {flag}{setting.help}")
    return "\n".join(lines)
