"""What routes refuse, and that nothing else of an odd request shows."""

import asyncio
from urllib.parse import quote

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from api.parameters import CONTROLS
from contract.reading import FIELDS, OPERATORS
from storage.database import Database
from tests.support.asking import Get, asking
from tests.support.stored import ROUTES_OF_STORED_DATA


def test_a_cursor_of_another_query_is_refused_by_name(filled: Database) -> None:
    async def talk(get: Get) -> None:
        cursor = (await get("/api/v1/spans", limit=1)).json["next_cursor"]
        for path, more in (("/api/v1/spans", {"kind": "agent"}), ("/api/v1/generations", {})):
            answer = await get(path, cursor=cursor, **more)
            assert (answer.status, answer.json["errors"][0]["parameter"]) == (400, "cursor")
        assert (await get("/api/v1/spans", cursor="%%%")).status == 400

    asking(filled, talk)


MISTAKES = [
    ({"modle": "x"}, "modle", "model"),
    ({"name__contain": "x"}, "name__contain", "name__contains"),
    ({"io": "ful"}, "io", "full"),
    ({"modle__contains": "x"}, "modle__contains", "model__contains"),
    ({"limit__eq": "1"}, "limit__eq", "limit"),
    ({"kind": "foo"}, "kind", "tool"),
    ({"kind": "genration"}, "kind", "generation"),
    ({"kind": "GENERATION"}, "kind", "generation"),
    ({"kind": "generation,tol"}, "kind", "tool"),
    ({"kind": "xyz"}, "kind", None),
    ({"kind__ne": "generation,tool"}, "kind__ne", "generation"),
    ({"kind__ne": "agnet"}, "kind__ne", "agent"),
    ({"kind__any_of": "tool,agnet"}, "kind__any_of", "agent"),
    ({"kind__any_of": "tool,"}, "kind__any_of", None),
    ({"status": "eror"}, "status", "error"),
    ({"status": ""}, "status", None),
    ({"level": "warn"}, "level", "WARNING"),
    ({"otlp_kind__ne": "SERVER"}, "otlp_kind__ne", "server"),
    ({"cost_source": "calculate"}, "cost_source", "calculated"),
    ({"zzzz": "x"}, "zzzz", None),
]
CURES = [
    ({"limit": "1001"}, "limit", "a number from 1 to 1000"),
    ({"limit": "0"}, "limit", "a number from 1 to 1000"),
    ({"from": "yesterday"}, "from", "now-7d"),
    ({"input_tokens__gte": "many"}, "input_tokens__gte", "a whole number"),
    ({"q": "kind:tool"}, "q", "words"),
    ({"attr.": "x"}, "attr.", "attr.http.route"),
    ({"cursor": "bm8"}, "cursor", "leave the cursor out"),
]


@pytest.mark.parametrize(("parameters", "named", "hint"), MISTAKES)
def test_a_mistake_is_answered_with_the_parameter_and_the_nearest_valid_one(
    filled: Database, parameters: dict[str, str], named: str, hint: str | None
) -> None:
    async def talk(get: Get) -> None:
        for path in ("/api/v1/spans", "/api/v1/traces", "/api/v1/generations"):
            answer = await get(path, **parameters)
            assert answer.status == 400
            [error] = answer.json["errors"]
            assert (error["parameter"], error["hint"]) == (named, hint)
            assert (hint or "") in error["message"]

    asking(filled, talk)


@pytest.mark.parametrize(("parameters", "named", "cure"), CURES)
def test_a_value_that_has_no_nearest_one_is_refused_with_what_is_wanted(
    filled: Database, parameters: dict[str, str], named: str, cure: str
) -> None:
    async def talk(get: Get) -> None:
        for path in ("/api/v1/spans", "/api/v1/traces"):
            answer = await get(path, **parameters)
            assert answer.status == 400
            [error] = answer.json["errors"]
            assert (error["parameter"], error["hint"]) == (named, None)
            assert cure in error["message"]

    asking(filled, talk)


@pytest.mark.parametrize("path", ROUTES_OF_STORED_DATA)
def test_every_route_has_the_one_error_shape(filled: Database, path: str) -> None:
    async def talk(get: Get) -> None:
        answer = await get(path, nonsense="1")
        assert answer.status == 400
        assert answer.headers["Content-Type"].startswith("application/problem+json")
        assert answer.json.keys() == {"type", "title", "status", "detail", "instance", "errors"}
        assert (answer.json["status"], answer.json["instance"]) == (400, path)
        assert "nonsense" in answer.json["detail"]

    asking(filled, talk)


def test_hostile_values_are_data(filled: Database) -> None:
    """Quotes, comments, markers of the query files and NUL in values neither break a query nor change it."""

    async def talk(get: Get) -> None:
        for value in ("' OR 1=1 --", "true /* conditions: span */", "$project", "\x00", "%", "\\1"):
            for name in ("name", "name__contains", "attr.x", f"attr.{value}", "tags"):
                for path in ("/api/v1/spans", "/api/v1/traces"):
                    answer = await get(path, **{name: value})
                    assert (answer.status, answer.json["data"]) == (200, []), (path, name, value)

    asking(filled, talk)


NAMES = st.one_of(
    st.sampled_from(
        [*CONTROLS, *FIELDS["list_traces"], *FIELDS["list_metric_points"], "attr.http.route", "attr.", "__"]
    ),
    st.text(max_size=12),
)
SUFFIXES = st.sampled_from(["", "", *(f"__{name}" for name in OPERATORS["text"]), "__", "__gte__lt"])
VALUES = st.one_of(
    st.sampled_from(
        ["", "0", "-1", "1e308", "1e999", "nan", "9" * 18, "9" * 40, "true", "null", "tool,", ",", "now", "-9999999d",
         "0001-01-01", "9999-12-31T23:59:59Z", "-999999999999w", "{", '"', "\\", "%", "\x00", "\ud800", "a" * 5000]
    ),
    st.integers().map(str),
    st.floats().map(str),
    st.text(max_size=30),
)  # fmt: skip
PARAMETERS = st.lists(st.tuples(st.tuples(NAMES, SUFFIXES).map("".join), VALUES), max_size=4)
PATHS = st.one_of(
    st.sampled_from([*ROUTES_OF_STORED_DATA, "/", "/healthz", "/readyz", "/metrics"]),
    st.text(max_size=20).map(lambda text: f"/api/v1/traces/{encoded(text)}"),
    st.text(max_size=20).map(lambda text: f"/api/v1/spans/{encoded(text)}/{encoded(text)}"),
)
QUESTIONS = st.lists(st.tuples(PATHS, PARAMETERS), min_size=10, max_size=10)
LONGEST_S = 20.0


def encoded(text: str) -> str:
    return quote(text, safe="", errors="surrogatepass")


def query_of(parameters: list[tuple[str, str]]) -> str:
    return "&".join(f"{encoded(name)}={encoded(value)}" for name, value in parameters)


@settings(
    max_examples=25, deadline=None, derandomize=True, phases=[Phase.generate], suppress_health_check=list(HealthCheck)
)
@given(questions=QUESTIONS)
def test_any_parameter_of_any_route_is_understood_or_refused_by_name(
    filled: Database, questions: list[tuple[str, list[tuple[str, str]]]]
) -> None:
    """Never our own fault, never without end; what is refused is a problem document that names a parameter given."""

    async def talk(get: Get) -> None:
        for path, parameters in questions:
            answer = await asyncio.wait_for(get(f"{path}?{query_of(parameters)}"), LONGEST_S)
            assert answer.status in (200, 400, 404), (path, parameters, answer.body)
            if answer.status == 400:
                assert answer.headers["Content-Type"].startswith("application/problem+json")
                [error] = answer.json["errors"]
                assert readable(error["parameter"]) in [readable(name)[:60] for name, _ in parameters], error

    asking(filled, talk)


def readable(text: str) -> str:
    """As an answer shows it: what UTF-8 cannot hold is a question mark."""
    return text.encode("utf-8", "replace").decode("utf-8")
