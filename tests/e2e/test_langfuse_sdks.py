"""Langfuse's own SDKs against the real program: `make e2e-langfuse`, which installs them (not in the normal run)."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.server import RunningServer, clean_environment, running

CLIENTS = Path(__file__).parent / "langfuse_clients"
FOLDER = os.environ.get("LANGFUSE_SDKS", "")
VERSIONS = ("2.60.10", "3.15.0", "4.18.0", "5.0.4")
PUBLIC, SECRET = "pk-lf-1", "sk-lf-1"
KEYS = {"LANGFUSE_INIT_PROJECT_PUBLIC_KEY": PUBLIC, "LANGFUSE_INIT_PROJECT_SECRET_KEY": SECRET}
LIMIT_S = 120

pytestmark = pytest.mark.skipif(not FOLDER, reason="LANGFUSE_SDKS names no folder for the SDKs: make e2e-langfuse")


def python_with(version: str) -> str:
    """The interpreter of an environment that has this version, made where it is not there."""
    home = Path(FOLDER) / version
    python = home / "bin" / "python"
    if not python.exists():
        subprocess.run([sys.executable, "-m", "venv", str(home)], check=True)
    subprocess.run([str(python), "-m", "pip", "install", "--quiet", f"langfuse=={version}"], check=True)
    return str(python)


@pytest.fixture
def server(tmp_path: Path) -> Iterator[RunningServer]:
    with running(tmp_path, **KEYS) as started:
        yield started


def run_client(
    server: RunningServer, version: str, secret: str = SECRET, script: str | None = None
) -> subprocess.CompletedProcess[str]:
    name = script or ("sdk2.py" if version.startswith("2.") else "sdk3.py")
    host = {"LANGFUSE_HOST": f"{server.http}/lf/", "LANGFUSE_PUBLIC_KEY": PUBLIC, "LANGFUSE_SECRET_KEY": secret}
    return subprocess.run(
        [python_with(version), str(CLIENTS / name)],
        env={**clean_environment(**host), "no_proxy": "*"}, capture_output=True, text=True, timeout=LIMIT_S,
    )  # fmt: skip


def traces(server: RunningServer) -> dict[str, Any]:
    found = server.get("/api/v1/traces?io=full", {"Authorization": f"Bearer {SECRET}"})["data"]
    return {trace["name"]: trace for trace in found}


@pytest.mark.parametrize("version", VERSIONS)
def test_what_the_sdk_sends_is_there_and_the_sdk_has_nothing_to_complain_about(
    server: RunningServer, version: str
) -> None:
    done = run_client(server, version)
    assert (done.returncode, done.stderr, done.stdout) == (0, "", "")
    found = traces(server)
    call = found["chat"] if version.startswith("2.") else found["llm"]
    assert (call["generation_count"], call["input_tokens"], call["output_tokens"]) == (1, 10, 5)
    assert call["output"] == "hello"
    if version.startswith("2."):
        assert (call["user_id"], call["session_id"], call["tags"]) == ("u1", "s1", ["a", "b"])
        assert {score["name"] for score in call["scores"]} == {"quality", "kind"}
        assert (found["outer"]["user_id"], found["outer"]["output"]) == ("alice", "HI")
    else:
        assert {score["name"]: score["value"] for score in found["main"]["scores"]} == {"quality": 0.9, "kind": None}
        assert found["main"]["span_count"] == 2
    assert "Traceback" not in server.log


@pytest.mark.parametrize("version", VERSIONS)
def test_a_wrong_key_is_told_to_the_application(server: RunningServer, version: str) -> None:
    done = run_client(server, version, secret="sk-lf-2")
    assert done.returncode != 0
    assert "401" in done.stderr or "Unauthorized" in done.stderr
    assert traces(server) == {}


@pytest.mark.parametrize("version", VERSIONS)
def test_every_answer_is_parsed_by_the_sdks_own_models_and_everything_it_keeps_can_be_deleted(
    server: RunningServer, version: str
) -> None:
    done = run_client(server, version, script="reading.py")
    assert (done.returncode, done.stdout) == (0, ""), done.stderr
    assert "Traceback" not in done.stderr + server.log
