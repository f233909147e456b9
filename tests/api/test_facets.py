"""`/api/v1/facets` over a socket, on a real database."""

import pytest

from api.facets import FIELDS_AT_MOST
from contract.reading import GROUPS
from storage.database import Database
from tests.support.asking import Get, asking
from tests.support.stored import START_NS, insert, span

PATH = "/api/v1/facets"


def test_each_field_has_its_values_with_the_number_of_spans_frequent_ones_first(filled: Database) -> None:
    async def talk(get: Get) -> None:
        data = (await get(PATH, fields="kind,tags,user_id,synthetic,attr.http.route")).json["data"]
        values = {each["field"]: [(value["value"], value["count"]) for value in each["values"]] for each in data}
        assert values == {
            "kind": [("generation", 2), ("agent", 1), ("span", 1)],
            "tags": [("a", 2), ("b", 2)],
            "user_id": [("u1", 1)],
            "synthetic": [],
            "attr.http.route": [("/a", 1)],
        }

    asking(filled, talk)


def test_filters_search_and_range_choose_the_spans_that_are_counted(filled: Database) -> None:
    async def talk(get: Get) -> None:
        for parameters, counts in (
            ({"status": "error"}, [1]),
            ({"q": "question"}, [1]),
            ({"from": str(START_NS + 1), "to": str(START_NS + 2_000_001)}, [2]),
        ):
            [kinds] = (await get(PATH, fields="kind", **parameters)).json["data"]
            assert [each["count"] for each in kinds["values"]] == counts, parameters

    asking(filled, talk)


def test_more_values_than_asked_for_are_told_of(database: Database) -> None:
    insert(database, "span", *(span(number, name=f"n{number}") for number in range(4)))

    async def talk(get: Get) -> None:
        for limit, more in ((3, True), (4, False)):
            [names] = (await get(PATH, fields="name", limit=limit)).json["data"]
            assert (len(names["values"]), names["more"]) == (limit, more)

    asking(database, talk)


@pytest.mark.parametrize(
    ("parameters", "parameter"),
    [
        ({"fields": "modle"}, "fields"),
        ({"fields": "input"}, "fields"),
        ({"fields": ",".join(GROUPS[: FIELDS_AT_MOST + 1])}, "fields"),
        ({"limit": "0"}, "limit"),
        ({"cursor": "x"}, "cursor"),
    ],
)
def test_what_is_not_understood_is_refused_by_name(
    database: Database, parameters: dict[str, str], parameter: str
) -> None:
    async def talk(get: Get) -> None:
        answer = await get(PATH, **parameters)
        assert (answer.status, answer.json["errors"][0]["parameter"]) == (400, parameter)

    asking(database, talk)
