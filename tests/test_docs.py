"""What is documented is what there is: settings, metrics, routes; and the README stays short."""

import re
from dataclasses import asdict
from pathlib import Path

import orjson
import pytest
import yaml

from api.enumerations import ENUMERATIONS
from api.health import RouteTimes
from api.metric_help import HELP
from api.records import (
    SESSION_FIELDS,
    SPAN_FIELDS,
    USER_FIELDS,
    log_record,
    metric_record,
    score_record,
    span_detail,
    span_record,
    trace_record,
)
from api.routes import TABLE
from contract.reading import FIELDS, TRACE_RECORD_FIELDS
from receiver.clients import Client, Refusal
from service.config import load
from service.lifecycle import Server
from service.memory import SHARES, divided, size_shown
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
    lines = [line for line in read("config.yaml").splitlines() if re.match(r"\s*\w+: \S", line)]
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


def test_docs_say_what_the_limits_come_to() -> None:
    sizes = [divided(limit, "test", cpus=8) for limit in (1 << 30, 384_000_000, 240 << 20)]
    of_share = {share.help: share.name for share in SHARES}
    rows = re.findall(r"^\| (.*?) \| (\S.*?) \| (\S.*?) \| (\S.*?) \|$", read("docs/configuration.md"), re.MULTILINE)
    told = {of_share[text]: list(values) for text, *values in rows if text in of_share}
    assert told.keys() == {share.name for share in SHARES} - {"engine_threads", "kept_bytes", "recent_ids"}
    for name, values in told.items():
        assert values == [size_shown(name, getattr(memory, name)) for memory in sizes], name


def metric_families() -> set[str]:
    """From a server that never started, and from what the code may count later."""
    server = Server(load("storage: {path: ':memory:'}", "", {}, {}))
    for items in ("spans", "log_records", "metric_points", "langfuse_events"):
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


def test_docs_and_help_lines_say_the_same_of_every_metric() -> None:
    rows = re.findall(r"^\| `tracepond_(\w+)` \| .*?\| (.*) \|$", read("docs/metrics.md"), re.MULTILINE)
    assert {name: meaning.replace("`", "") for name, meaning in rows} == HELP
    assert all("\n" not in text and "\\" not in text for text in HELP.values())


def test_docs_name_every_route() -> None:
    text = read("docs/http-api.md")
    assert [route.path for route in TABLE if route.path not in text] == []
    for path in ("/v1/traces", "/v1/logs", "/v1/metrics"):
        assert path in text + read("README.md")


def test_the_readme_names_every_family_of_routes() -> None:
    families = {"/".join(route.path.split("/")[:4]) for route in TABLE} - {"/", "/api/v1/content"}
    assert [family for family in sorted(families) if f"`{family}" not in read("README.md")] == []


TYPES = {"text": "text", "int": "integer", "float": "number", "bool": "boolean", "time": "time", "list": "list"}
"""Type of a filter -> its word in the document."""


def nothing(*_: object) -> dict[str, object]:
    return {}


class Empty(dict[str, None]):
    """A stored row in which nothing is known."""

    def __missing__(self, _: str) -> None:
        return None


RECORDS = {
    "Traces": ("list_traces", {**trace_record(Empty(), "", "preview", ())}),
    "Spans and generations": (
        "list_spans",
        {**span_record(Empty(), "preview"), **span_detail(Empty(input=None, output=None), [], [], nothing)},
    ),
    "Sessions": ("list_sessions", dict.fromkeys(SESSION_FIELDS)),
    "Users": ("list_users", dict.fromkeys(USER_FIELDS)),
    "Scores": ("list_scores", score_record(Empty())),
    "Log records": ("list_logs", {**log_record(Empty(), "full"), **log_record(Empty(), "preview")}),
    "Metric points": ("list_metric_points", metric_record(Empty(), "full")),
}
"""Heading in docs/http-api.md -> the query whose fields can be filtered, and every field that answers have."""


def section(heading: str) -> str:
    found = re.search(rf"^### {heading}\n(.*?)(?=^##)", read("docs/http-api.md"), re.MULTILINE | re.DOTALL)
    assert found, heading
    return found[1]


def documented_fields(heading: str) -> dict[str, tuple[str, str]]:
    """Field -> type and meaning, of all tables below a heading."""
    rows = re.findall(r"^\| `(\w+)` \| (\w+) \| ?(.*?) ?\|$", section(heading), re.MULTILINE)
    assert len({name for name, *_ in rows}) == len(rows), "a field stands there twice"
    return {name: (kind, meaning) for name, kind, meaning in rows}


@pytest.mark.parametrize("heading", RECORDS)
def test_docs_name_every_field_of_an_answer_and_no_other(heading: str) -> None:
    assert documented_fields(heading).keys() == RECORDS[heading][1].keys()


@pytest.mark.parametrize("heading", RECORDS)
def test_docs_say_which_fields_are_filters_and_of_which_type(heading: str) -> None:
    query, _ = RECORDS[heading]
    filters = {name: TYPES[kind] for name, kind in FIELDS[query].items()}
    listed, _, details = section(heading).partition("none of them is a filter")
    detail_fields = set(re.findall(r"^\| `(\w+)` \|", details, re.MULTILINE))
    shown = {name: row for name, row in documented_fields(heading).items() if name not in detail_fields}
    assert {
        name for name, (_, meaning) in shown.items() if "Not a filter" not in meaning
    } == filters.keys() & shown.keys()
    assert not detail_fields & filters.keys()
    for name in filters.keys() & shown.keys() - {"input", "output"}:
        assert shown[name][0] == filters[name], name
    if heading not in ("Traces", "Sessions", "Users"):
        _, found, hidden = listed.partition("Filters that no list shows:")
        assert found
        named = dict(re.findall(r"`(\w+)`\s\((\w+)", hidden))
        assert named == {name: kind for name, kind in filters.items() if name not in shown}


def test_docs_say_which_filters_are_asked_of_the_record_of_a_trace() -> None:
    rows = documented_fields("Traces")
    filters = {name for name, (_, meaning) in rows.items() if "Not a filter" not in meaning}
    exceptions = set(re.findall(r"`(\w+)`", section("Traces").partition("record, but for")[2].partition(".")[0]))
    assert filters - exceptions == TRACE_RECORD_FIELDS.keys()
    assert exceptions == {"trace_id", "input", "output"}


def test_docs_name_the_words_of_every_enumeration() -> None:
    for heading, (query, _) in RECORDS.items():
        for name, words in ENUMERATIONS.get(query, {}).items():
            if name in (rows := documented_fields(heading)):
                assert set(re.findall(r"`(\w+)`", rows[name][1])) == set(words), name


def test_docs_name_every_field_of_the_status() -> None:
    server = Server(load("storage: {path: ':memory:'}", "", {}, {}))
    server.database.open()
    status = {**server.status(), "rows": {"spans": 0, "logs": 0, "metric_points": 0}, "unpriced_models": []}
    server.database.close()
    server.pipeline.close()
    rows = documented_fields("Status")
    assert rows.keys() == status.keys()
    of_rows = re.findall(r"^\| Of a (\w+) \|.*?\n\|.*?\n((?:\|.*\n)+)", section("Status"), re.MULTILINE)
    for (_, table), row in zip(of_rows, (Client("", "", "", "", ""), Refusal("", "", "")), strict=True):
        names = set(re.findall(r"^\| `(\w+)` \|", table, re.MULTILINE))
        assert {"time_ns" if name == "time" else name for name in names} == asdict(row).keys()
    for name, value in status.items():
        if isinstance(value, dict):
            assert set(re.findall(r"`(\w+)`", rows[name][1])) == value.keys()


def test_the_sample_answer_of_the_readme_is_a_real_one_with_gaps_where_it_shows_some() -> None:
    """Without the gaps it is JSON, and between its fields there is a gap exactly where the program has more fields."""
    sample = re.search(r'^(\{"data":.*?)\n```', read("README.md"), re.MULTILINE | re.DOTALL)
    assert sample
    shown = orjson.loads(sample[1].replace("...,", ""))["data"][0]
    fields = (*SPAN_FIELDS, "input", "output", "truncated", "output_derived")
    gaps = "".join(f'"{name}":.*' if name in shown else "GAP" for name in fields)
    pattern = re.sub(r"(GAP)+", r"\\.\\.\\.,\\s*", gaps)
    assert re.search(pattern, sample[1], re.DOTALL), pattern
    assert sample[1].count("...") == len(re.findall(r"(?:GAP)+", gaps))


def test_versions_that_were_tried_are_those_of_recorded_traffic() -> None:
    recorded: dict[str, set[str]] = {}
    for file in (ROOT / "tests" / "golden").glob("*/capture.json"):
        for name, version in orjson.loads(file.read_bytes())["libraries"].items():
            recorded.setdefault(name, set()).add(version)
    _, found, table = read("docs/conventions.md").partition("## Versions tried")
    rows = re.findall(r"^\| (\S+) \| (\d[\w., ]*) \|$", table, re.MULTILINE)
    assert found
    assert len(rows) > 20
    for name, versions in rows:
        assert set(versions.split(", ")) <= recorded.get(name, set()), name


def test_readme_and_architecture_are_short_enough_to_read() -> None:
    assert len(read("README.md").splitlines()) < LONGEST_README_LINES
    assert len(read("ARCHITECTURE.md").splitlines()) < LONGEST_ARCHITECTURE_LINES


def test_files_that_readme_and_architecture_name_exist() -> None:
    for name in ("README.md", "ARCHITECTURE.md", "CONTRIBUTING.md"):
        text = read(name)
        links = [target for target in re.findall(r"\]\(([^)#:]+)\)", text) if "//" not in target]
        paths = re.findall(r"`((?:\w+/)+\w+\.(?:py|sql|md))`", text)
        assert [path for path in [*links, *paths] if not (ROOT / path).exists()] == [], name


def test_tests_that_the_table_of_otlp_names_exist_and_every_requirement_has_one() -> None:
    rows = re.findall(r"^\| ([A-Z]\d+) \| (.*) \|$", read("docs/otlp.md"), re.MULTILINE)
    assert len(rows) > 90
    missing = []
    for requirement, row in rows:
        named = re.findall(r"`([\w/]+\.py)::(\w+)`", row)
        missing += [] if named else [requirement]
        missing += [f"{path}::{name}" for path, name in named if not defines(ROOT / "tests" / path, name)]
    assert missing == []


def defines(file: Path, name: str) -> bool:
    return file.exists() and re.search(rf"def {name}\(", file.read_text()) is not None


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
