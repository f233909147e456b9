"""`tracepond config print`: the configuration of a run as YAML, with the origin of each value and secrets masked."""

from collections.abc import Callable
from typing import Any

import yaml

from service import memory
from service.config import Config, Value
from service.projects import Project
from service.quantities import MASK
from service.settings import AUTH_PROJECTS, EXPORTER_HEADERS


def render(config: Config) -> str:
    """YAML that says the same as the configuration (secrets apart), one comment a key; then what `auto` stands for."""
    lines: list[str] = []
    above: list[str] = []
    for path, value in config.values.items():
        *branch, leaf = path.split(".")
        shared = next((i for i, pair in enumerate(zip(branch, above, strict=False)) if pair[0] != pair[1]), None)
        for depth in range(min(len(branch), len(above)) if shared is None else shared, len(branch)):
            lines.append(f"{'  ' * depth}{branch[depth]}:")
        above = branch
        lines.append(f"{'  ' * len(branch)}{leaf}: {shown(path, value)}  # {value.origin}")
    return "\n".join([*lines, "", *(f"# {line}" for line in memory.lines(config.memory))])


def shown(path: str, value: Value) -> str:
    """The value in YAML's flow form, on one line."""
    written: Any = MASKED[path](value.parsed) if path in MASKED else value.written
    text = yaml.safe_dump(written, default_flow_style=True, width=10**6, sort_keys=False)
    return text.removesuffix("...\n").strip()


def masked(project: Project) -> dict[str, Any]:
    return {
        "name": project.name,
        "public_key": project.public_key,
        "secret_key": MASK,
        "scopes": sorted(project.scopes),
        **retention(project),
    }


MASKED: dict[str, Callable[[Any], Any]] = {
    AUTH_PROJECTS: lambda projects: [masked(project) for project in projects],
    EXPORTER_HEADERS: lambda headers: [f"{name}={MASK}" for name, _ in headers],
}
"""Keys that hold secrets -> what is shown of them."""


def retention(project: Project) -> dict[str, Any]:
    limits = project.retention
    age = {} if limits.max_age_s is None else {"max_age": f"{limits.max_age_s:.0f}s"}
    rows = {} if limits.max_rows is None else {"max_rows": limits.max_rows}
    return {"retention": age | rows} if age or rows else {}
