"""The real program in its own process, on free ports, with its own folder; stopped whatever happens."""

import json
import os
import re
import signal
import subprocess
import sys
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
START_LIMIT_S = 30.0
STOP_LIMIT_S = 30.0

OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def clean_environment(**variables: str) -> dict[str, str]:
    """This process's environment without anything that configures the program or an SDK."""
    kept = {
        name: value for name, value in os.environ.items() if not name.startswith(("TRACEPOND_", "OTEL_", "LANGFUSE_"))
    }
    return kept | {"PYTHONPATH": str(ROOT)} | variables


def command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "service", *arguments]


def run(*arguments: str, cwd: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    """A command of the program that ends by itself."""
    return subprocess.run(
        command(*arguments),
        cwd=cwd,
        env=clean_environment(**variables),
        capture_output=True,
        text=True,
        timeout=START_LIMIT_S,
    )


@dataclass
class RunningServer:
    """A server that has printed its addresses."""

    process: subprocess.Popen[str]
    first_lines: list[str]
    folder: Path

    @property
    def http(self) -> str:
        return f"http://{self._printed('OTLP/HTTP, API')}"

    @property
    def grpc(self) -> str:
        return self._printed("OTLP/gRPC")

    @property
    def http_port(self) -> int:
        return int(self.http.rpartition(":")[2])

    @property
    def log(self) -> str:
        return (self.folder / "stderr.txt").read_text()

    def get(self, path: str, headers: dict[str, str] | None = None) -> Any:
        """The JSON that a GET of `path` answers; urllib.error.HTTPError for other statuses than 200."""
        request = urllib.request.Request(self.http + path, headers=headers or {})
        with OPENER.open(request, timeout=30) as response:
            return json.loads(response.read())

    def post(self, path: str, body: bytes, content_type: str = "application/json", **headers: str) -> tuple[int, bytes]:
        """Status and body of a POST, whatever the status."""
        request = urllib.request.Request(self.http + path, body, {"Content-Type": content_type, **headers})
        try:
            with OPENER.open(request, timeout=30) as response:
                return response.status, response.read()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.read()

    def terminate(self) -> int:
        """SIGTERM; the exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(STOP_LIMIT_S)

    def kill(self) -> None:
        """SIGKILL: no chance to tidy up."""
        self.process.kill()
        self.process.wait(STOP_LIMIT_S)

    def _printed(self, label: str) -> str:
        for line in self.first_lines:
            if match := re.match(rf"\s*{re.escape(label)}\s+(\S+)", line):
                return match[1]
        raise AssertionError(f"no line {label!r} in {self.first_lines}")


@contextmanager
def running(folder: Path, *arguments: str, db: str = "t.duckdb", **variables: str) -> Iterator[RunningServer]:
    """A started server; at the end it is killed if the test did not stop it."""
    folder.mkdir(parents=True, exist_ok=True)
    line = command("serve", "--db", db, "--grpc", "127.0.0.1:0", "--http", "127.0.0.1:0", *arguments)
    with open(folder / "stderr.txt", "a") as stderr:
        process = subprocess.Popen(
            line, cwd=folder, env=clean_environment(**variables), stdout=subprocess.PIPE, stderr=stderr, text=True
        )
    try:
        yield RunningServer(process, read_first_lines(process, folder), folder)
    finally:
        if process.poll() is None:
            process.kill()
            process.wait(STOP_LIMIT_S)
        if process.stdout is not None:
            process.stdout.close()


def read_first_lines(process: subprocess.Popen[str], folder: Path) -> list[str]:
    """What it prints until it is ready; fails with its log when it ends or hangs before."""
    watchdog = threading.Timer(START_LIMIT_S, process.kill)
    watchdog.start()
    lines: list[str] = []
    try:
        assert process.stdout is not None
        for line in process.stdout:
            lines.append(line.rstrip("\n"))
            if line.lstrip().startswith("read "):
                return lines
    finally:
        watchdog.cancel()
    raise AssertionError(f"the server did not start: {lines} {(folder / 'stderr.txt').read_text()}")
