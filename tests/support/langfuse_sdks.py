"""Langfuse's own SDKs: installed on demand into a folder, each version apart, and run against a server.

`LANGFUSE_SDKS` names the folder; without it tests of the SDKs are skipped (`make e2e-langfuse` sets it).
"""

import json
import os
import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from tests.support.server import RunningServer, clean_environment

CLIENTS = Path(__file__).parents[1] / "e2e" / "langfuse_clients"
FOLDER = os.environ.get("LANGFUSE_SDKS", "")
NODE, NPM = shutil.which("node"), shutil.which("npm")

PUBLIC, SECRET = "pk-lf-1", "sk-lf-1"
KEYS = {"LANGFUSE_INIT_PROJECT_PUBLIC_KEY": PUBLIC, "LANGFUSE_INIT_PROJECT_SECRET_KEY": SECRET}
LIMIT_S = 120


class Sdk(NamedTuple):
    """A published version, how it sends observations, the script that uses it, and what is installed for it."""

    language: str
    version: str
    sends: str
    script: str
    packages: tuple[str, ...]

    @property
    def name(self) -> str:
        return f"{self.language}-{self.version}"

    @property
    def missing(self) -> str:
        """Why its tests are skipped, if they are."""
        if not FOLDER:
            return "LANGFUSE_SDKS names no folder for the SDKs: make e2e-langfuse"
        if self.language == "js" and not (NODE and NPM):
            return "the JavaScript SDKs need node and npm"
        return ""


OPENAI_JS = "openai@6.49.0"
JS5 = (*(f"@langfuse/{part}@5.11.1" for part in ("client", "core", "openai", "otel", "tracing")),
       "@opentelemetry/sdk-node@0.223.0", OPENAI_JS)  # fmt: skip
SDKS = (
    Sdk("python", "2.60.10", "events", "sdk2", ("langfuse==2.60.10", "openai")),
    Sdk("python", "3.15.0", "otlp", "sdk3", ("langfuse==3.15.0", "openai")),
    Sdk("python", "4.18.0", "otlp", "sdk3", ("langfuse==4.18.0", "openai")),
    Sdk("python", "5.0.4", "otlp", "sdk3", ("langfuse==5.0.4", "openai")),
    Sdk("js", "3.39.2", "events", "js3", ("langfuse@3.39.2", OPENAI_JS)),
    Sdk("js", "5.11.1", "otlp", "js5", JS5),
)
EVERY_SDK = [
    pytest.param(sdk, id=sdk.name, marks=pytest.mark.skipif(bool(sdk.missing), reason=sdk.missing)) for sdk in SDKS
]

OF_OBSERVATION = {
    "id": "span_id", "traceId": "trace_id", "parentObservationId": "parent_span_id", "name": "name",
    "input": "input", "output": "output", "level": "level", "statusMessage": "status_message", "version": "version",
    "model": "model", "providedModelName": "model", "modelParameters": "model_parameters",
    "calculatedTotalCost": "total_cost", "totalCost": "total_cost",
}  # fmt: skip
"""Field of an observation that an SDK reads -> field of a span with the same value."""


@cache
def installed(sdk: Sdk) -> Path:
    """The folder that has the SDK, made where it is not there."""
    home = Path(FOLDER).absolute() / sdk.name
    if sdk.language == "python":
        python = str(home / "bin" / "python")
        if not Path(python).exists():
            subprocess.run([sys.executable, "-m", "venv", str(home)], check=True)
        subprocess.run([python, "-m", "pip", "install", "--quiet", *sdk.packages], check=True)
    else:
        home.mkdir(parents=True, exist_ok=True)
        (home / "package.json").write_text('{"private": true, "type": "module"}')
        quiet = ("--no-audit", "--no-fund", "--loglevel=error", "--prefer-offline")
        subprocess.run([str(NPM), "install", *quiet, *sdk.packages], cwd=home, check=True)
    return home


def command(sdk: Sdk, script: str) -> list[str]:
    """What runs a script of tests/e2e/langfuse_clients; node looks for packages beside the script, hence the copy."""
    home = installed(sdk)
    if sdk.language == "python":
        return [str(home / "bin" / "python"), str(CLIENTS / f"{script}.py")]
    return [str(NODE), shutil.copy(CLIENTS / f"{script}.mjs", home)]


def run_client(
    sdk: Sdk, script: str, server: RunningServer, secret: str = SECRET, **variables: str
) -> subprocess.CompletedProcess[str]:
    """The script as an application of the server, which it reaches below a path as behind a proxy."""
    host = f"{server.http}/lf/"
    names = ("LANGFUSE_HOST", "LANGFUSE_BASE_URL", "LANGFUSE_BASEURL")
    told = {**dict.fromkeys(names, host), "LANGFUSE_PUBLIC_KEY": PUBLIC, "LANGFUSE_SECRET_KEY": secret, **variables}
    return subprocess.run(
        command(sdk, script), env={**clean_environment(**told), "no_proxy": "*"},
        capture_output=True, text=True, timeout=LIMIT_S,
    )  # fmt: skip


def ask(server: RunningServer, path: str) -> Any:
    """What the query API answers."""
    return server.get(f"/api/v1/{path}", {"Authorization": f"Bearer {SECRET}"})


def check_equal(read: dict[str, Any], ours: dict[str, Any], fields: dict[str, str]) -> None:
    """What an SDK read is what the query API tells, in every one of the fields that it read."""
    names = sorted(fields.keys() & read.keys())
    assert {"id", "name"} <= set(names)
    assert {name: content(read[name]) for name in names} == {name: ours.get(fields[name]) for name in names}


def content(value: Any) -> Any:
    """Input or output as a value: the second API for observations tells texts."""
    return json.loads(value) if isinstance(value, str) and value[:1] in ("{", "[") else value
