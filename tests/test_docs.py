"""What is documented is what there is: settings, metrics, routes; and the README stays short."""

import re
from pathlib import Path

import yaml

from api.health import RouteTimes
from api.routes import TABLE
from service.config import load
from service.lifecycle import Server
from service.settings import SETTINGS

ROOT = Path(__file__).resolve().parent.parent
LONGEST_README_LINES = 150
LONGEST_ARCHITECTURE_LINES = 300


def read(name: str) -> str:
    return (ROOT / name).read_text()


def defaults_of_config_yaml() -> dict[str, object]:
    def flat(branch: dict[str, object], prefix: str = "") -> dict[str, object]:
        found: dict[str, object] = {}
        for key, value in branch.items():
            found |= flat(value, f"{prefix}{key}.") if isinstance(value, dict) else {f"{prefix}{key}": value}
        return found

    return flat(yaml.safe_load(read("config.yaml")))


def test_config_yaml_holds_every_key_with_its_default_and_nothing_else() -> None:
    assert defaults_of_config_yaml() == {setting.path: setting.default for setting in SETTINGS}


def test_config_yaml_configures_what_no_file_configures() -> None:
    from_file, without = load(read("config.yaml"), "config.yaml", {}, {}), load(None, "", {}, {})
    assert (from_file.receivers, from_file.storage, from_file.logs) == (
        without.receivers,
        without.storage,
        without.logs,
    )


def test_every_line_of_config_yaml_says_what_its_key_is_for() -> None:
    lines = [line for line in read("config.yaml").splitlines() if re.match(r"\s+\w+: \S", line)]
    assert len(lines) == len(SETTINGS)
    assert [line for line in lines if " # " not in line] == []


def test_docs_name_every_setting_with_type_default_and_help() -> None:
    text = read("docs/configuration.md")
    for setting in SETTINGS:
        default = setting.default if setting.default != [] else "none"
        assert f"| `{setting.path}` | {setting.type} | `{default}` | {setting.help} |" in text


def test_docs_name_no_setting_that_does_not_exist() -> None:
    named = re.findall(r"^\| `([a-z_.]+)` \|", read("docs/configuration.md"), re.MULTILINE)
    assert set(named) == {setting.path for setting in SETTINGS}


def metric_families() -> set[str]:
    """From a server that never started, and from what the code may count later."""
    server = Server(load("storage: {path: ':memory:'}", "", {}, {}))
    for items in ("spans", "log_records", "metric_points"):
        server.counters.refused(items, "http", {"r": 1})
        server.counters.unavailable(items, "http", "r", 1)
    server.counters.undecoded("traces", "http", "r")
    times = RouteTimes()
    times.add("/", 0.1)
    names = {sample.name for sample in [*server.samples(), *times.stats()]}
    for path in ("receiver", "translator", "storage", "api", "service"):
        for file in (ROOT / path).rglob("*.py"):
            names |= set(re.findall(r'\bSample\(\s*"(\w+)"', file.read_text()))
    server.pipeline.close()
    return {"tracepond_" + re.sub(r"(?<=_seconds)_(bucket|sum|count)$", "", name) for name in names}


def test_docs_name_every_metric_and_no_other() -> None:
    named = set(re.findall(r"^\| `(tracepond_\w+)` \|", read("docs/metrics.md"), re.MULTILINE))
    assert named == metric_families()


def test_docs_name_every_route() -> None:
    text = read("docs/http-api.md")
    assert [route.path for route in TABLE if route.path not in text] == []
    for path in ("/v1/traces", "/v1/logs", "/v1/metrics"):
        assert path in text + read("README.md")


def test_readme_and_architecture_are_short_enough_to_read() -> None:
    assert len(read("README.md").splitlines()) < LONGEST_README_LINES
    assert len(read("ARCHITECTURE.md").splitlines()) < LONGEST_ARCHITECTURE_LINES


def test_files_that_readme_and_architecture_name_exist() -> None:
    for name in ("README.md", "ARCHITECTURE.md", "CONTRIBUTING.md"):
        text = read(name)
        links = [target for target in re.findall(r"\]\(([^)#:]+)\)", text) if "//" not in target]
        paths = re.findall(r"`((?:\w+/)+\w+\.(?:py|sql|md))`", text)
        assert [path for path in [*links, *paths] if not (ROOT / path).exists()] == [], name


def test_functions_and_tests_that_architecture_names_exist() -> None:
    """`path/file.py: name` or `path/test_file.py::name`: prose about code that was renamed misleads."""
    named = re.findall(r"`([\w/]+\.py)(?:::?|: )([\w.]+)`", read("ARCHITECTURE.md"))
    assert len(named) > 20
    missing = []
    for path, name in named:
        text = read(path) if (ROOT / path).exists() else ""
        if not re.search(rf"(def|class) {re.escape(name.split('.')[-1])}\b", text):
            missing.append(f"{path}: {name}")
    assert missing == []
