"""What can be known of the image without building it; `scripts/image_steps.py` runs its build steps."""

import re
import shlex
import tomllib
from pathlib import Path

from service import arguments
from service.config import load

ROOT = Path(__file__).resolve().parent.parent
TEXT = (ROOT / "Dockerfile").read_text()
LINES = [
    line.split(maxsplit=1)
    for line in re.sub(r"\\\n\s*", " ", re.sub(r"(?m)^#.*\n", "", TEXT)).splitlines()
    if line.strip()
]
FINAL = LINES[max(place for place, line in enumerate(LINES) if line[0] == "FROM") :]


def values(instruction: str) -> list[str]:
    return [rest for name, rest in FINAL if name == instruction]


def environment() -> dict[str, str]:
    return dict(pair.split("=", 1) for line in values("ENV") for pair in shlex.split(line))


def test_the_image_does_not_run_as_root() -> None:
    assert re.fullmatch(r"[1-9]\d+:[1-9]\d+", values("USER")[-1])


def test_its_environment_is_a_configuration_that_listens_to_the_outside_and_says_so() -> None:
    config = load("", "", {k: v for k, v in environment().items() if k.startswith("TRACEPOND_")}, {})
    assert config.receivers.grpc_endpoint is not None
    assert {config.receivers.grpc_endpoint.host, config.receivers.http_endpoint.host} == {"0.0.0.0"}
    assert (config.auth.mode, config.auth.mode_is_explicit) == ("none", True)
    exposed = set(map(int, values("EXPOSE")[0].split()))
    assert exposed == {config.receivers.grpc_endpoint.port, config.receivers.http_endpoint.port}


def test_the_file_lies_on_the_volume_that_the_user_owns() -> None:
    assert values("VOLUME") == values("WORKDIR") == ["/data"]
    assert environment()["TRACEPOND_STORAGE_PATH"].startswith("/data/")
    assert any("--owner=10001" in line and "/data" in line for line in values("RUN"))


def test_every_package_of_the_wheel_is_copied_and_let_into_the_context() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    packages = set(project["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"])
    copied = {word for name, rest in LINES if name == "COPY" for word in rest.split()[:-1]}
    context = {line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")}
    assert packages | {"pyproject.toml", "hatch_build.py", "README.md", "LICENSE"} <= copied
    assert copied - {"--from=build", "/opt/tracepond"} == context


def test_it_starts_and_is_checked_by_commands_that_exist() -> None:
    assert (values("ENTRYPOINT"), values("CMD")) == (['["tracepond"]'], ['["serve"]'])
    assert '"healthcheck"' in values("HEALTHCHECK")[0]
    assert {"serve", "healthcheck"} <= set(arguments.COMMANDS)
    assert values("STOPSIGNAL") == ["SIGTERM"]
