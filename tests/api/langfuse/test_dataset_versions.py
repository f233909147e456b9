"""Items as they were: a version of a data set is a moment."""

from typing import Any

import orjson
import pytest

from api.langfuse.dataset_versions import HISTORY, ITEMS, changed_item, deleted_item, parse_version
from api.langfuse.stored import kept
from contract.documents import Change, Document
from contract.errors import NotFound
from tests.support.langfuse_api import Talk, talking

SECOND = 10**9
DAY = "2026-11-21T00:00:"
DAY_NS = 1_795_219_200 * SECOND
"""The beginning of 21 November 2026."""


async def put(ask: Talk, at_s: int, item_id: str, dataset: str = "d", **said: Any) -> None:
    """Change an item as if it were that second of the day."""
    await changed(ask, item_id, lambda known: changed_item(item_id, dataset, said, DAY_NS + at_s * SECOND, known))


async def delete(ask: Talk, at_s: int, item_id: str) -> None:
    await changed(ask, item_id, lambda known: deleted_item(DAY_NS + at_s * SECOND, known))


async def changed(ask: Talk, item_id: str, decide: Any) -> None:
    await ask.documents.change("default", ITEMS, decide, id=item_id)


async def with_history(ask: Talk) -> None:
    """`a` is changed and deleted, `b` comes later and stays."""
    await ask("POST", "/api/public/v2/datasets", {"name": "d"})
    await put(ask, 10, "a", input=1, metadata={"big": 2**60})
    await put(ask, 20, "b", input="b")
    await put(ask, 30, "a", input=2)
    await delete(ask, 40, "a")


@pytest.mark.parametrize(
    ("at", "expected"),
    [
        ("09Z", {}),
        ("10Z", {"a": 1}),
        ("29.999Z", {"a": 1, "b": "b"}),
        ("30.000Z", {"a": 2, "b": "b"}),
        ("40Z", {"b": "b"}),
    ],
)
def test_a_version_has_the_items_of_its_moment(at: str, expected: dict[str, Any]) -> None:
    async def talk(ask: Talk) -> None:
        await with_history(ask)
        body = await ask.get("dataset-items", datasetName="d", version=DAY + at)
        assert {each["id"]: each["input"] for each in body["data"]} == expected
        assert body["meta"]["totalItems"] == len(expected)
        assert [each["id"] for each in body["data"]] == sorted(expected, reverse=True)
        whole = await ask.get("datasets/d", version=DAY + at)
        assert {each["id"]: each["input"] for each in whole["items"]} == expected

    talking(talk)


def test_an_item_of_a_version_is_whole() -> None:
    async def talk(ask: Talk) -> None:
        await with_history(ask)
        [item] = (await ask.get("dataset-items", datasetName="d", version=DAY + "15Z"))["data"]
        assert (item["metadata"], item["status"], item["datasetName"]) == ({"big": 2**60}, "ACTIVE", "d")
        assert (item["createdAt"], item["updatedAt"]) == (f"{DAY}10.000Z", f"{DAY}10.000Z")
        later = (await ask.get("dataset-items", datasetName="d", version=DAY + "35Z"))["data"][-1]
        assert (later["createdAt"], later["updatedAt"]) == (f"{DAY}10.000Z", f"{DAY}30.000Z")

    talking(talk)


def test_pages_and_filters_are_of_the_version() -> None:
    async def talk(ask: Talk) -> None:
        await with_history(ask)
        asked = {"datasetName": "d", "version": DAY + "30Z"}
        page = await ask.get("dataset-items", **asked, limit=1, page=2)
        assert ([each["id"] for each in page["data"]], page["meta"]["totalItems"]) == (["a"], 2)
        assert (await ask.get("dataset-items", **asked, sourceTraceId="t"))["data"] == []
        for wrong in ({"version": DAY + "30Z"}, {**asked, "version": "soon"}):
            assert (await ask("GET", "/api/public/dataset-items", params=wrong))[0] == 400

    talking(talk)


def test_without_a_version_only_the_present_shows() -> None:
    async def talk(ask: Talk) -> None:
        await with_history(ask)
        assert [each["id"] for each in (await ask.get("dataset-items", datasetName="d"))["data"]] == ["b"]
        assert (await ask.get("dataset-items"))["meta"]["totalItems"] == 1
        assert (await ask("GET", "/api/public/dataset-items/a"))[0] == 404

    talking(talk)


def test_a_run_takes_items_of_the_version_it_names() -> None:
    async def talk(ask: Talk) -> None:
        await with_history(ask)
        link = {"runName": "r", "datasetItemId": "a", "traceId": "t"}
        status, made = await ask("POST", "/api/public/dataset-run-items", {**link, "datasetVersion": DAY + "30Z"})
        assert (status, made["datasetVersion"]) == (200, f"{DAY}30.000Z")
        for version, expected in ((None, 404), (DAY + "05Z", 404), ("soon", 400)):
            body = {**link, "datasetVersion": version}
            assert (await ask("POST", "/api/public/dataset-run-items", body))[0] == expected

    talking(talk)


def test_what_was_said_before_changes_nothing() -> None:
    item = Document(ITEMS, "i", "d", '{"input":1}', 1, 5)
    assert changed_item("i", "d", {"input": 1}, 9, [item]) == (Change(), kept(item))
    with pytest.raises(NotFound):
        changed_item("i", "other", {}, 9, [item])


def test_what_an_item_was_is_kept_until_now() -> None:
    item = Document(ITEMS, "i", "d", '{"input":1}', 1, 5)
    change, made = changed_item("i", "d", {"input": 2}, 9, [item])
    now, before = change.kept
    assert (now.updated_ns, made.created_ns, made.body) == (9, 1, {"input": 2})
    assert (before.collection, before.parent, before.created_ns, before.updated_ns) == (HISTORY, "d", 5, 9)
    assert orjson.loads(before.body) == {"id": "i", "created_ns": 1, "body": {"input": 1}}
    change, count = deleted_item(9, [item])
    assert (count, change.gone, change.kept) == (1, ["i"], [before])


def test_a_version_lasts_to_the_end_of_its_millisecond() -> None:
    assert parse_version("2026-11-21T00:00:00.001Z", "version", 0) == DAY_NS + 1_999_999
