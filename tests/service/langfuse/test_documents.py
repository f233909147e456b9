"""Prompts, data sets, items and runs arrive once, and what is here already is left alone."""

import asyncio
from typing import Any
from urllib.parse import unquote

import pytest

from service.langfuse.documents import Documents, differs, prompt_text
from service.langfuse.remote import Refusal
from service.langfuse.tally import Tally
from tests.support.langfuse_elsewhere import CHAT, PROMPTS, Elsewhere


class Keeper:
    """Keeps prompts, data sets, items and links of one run, and every write."""

    def __init__(self) -> None:
        self.kept: dict[str, Any] = {}
        self.writes: list[tuple[str, str, Any]] = []

    async def json(self, method: str, path: str, body: Any = None, **asked: Any) -> Any:
        path = unquote(path.removeprefix("api/public/"))
        if method == "GET":
            version = f" {asked['version']}" if "version" in asked else ""
            if path + version not in self.kept:
                raise Refusal(404, "no such thing")
            return self.kept[path + version]
        self.writes.append((method, path, body))
        return self._write(path, body)

    def _write(self, path: str, body: Any) -> Any:
        match path:
            case "v2/prompts":
                self.kept[f"v2/prompts/{body['name']} {body['version']}"] = body
            case "v2/datasets":
                self.kept[f"v2/datasets/{body['name']}"] = body
            case "dataset-items":
                self.kept[f"dataset-items/{body['id']}"] = body
            case "dataset-run-items":
                run = self.kept.setdefault(
                    f"datasets/questions/runs/{body['runName']}", {"id": "run-here", "datasetRunItems": []}
                )
                run["datasetRunItems"].append(body)
                return {"datasetRunId": "run-here"}
        return {}

    async def content(self, url: str, at_most_bytes: int) -> bytes:
        raise AssertionError("nothing is fetched from the target")

    async def put(self, url: str, data: bytes, headers: Any) -> None:
        raise AssertionError("no file is among them")


def moved(there: Any, here: Keeper) -> tuple[Documents, Tally]:
    tally = Tally()
    documents = Documents(there, here, tally)
    asyncio.run(documents.move())
    return documents, tally


@pytest.mark.parametrize("generation", [3, 4])
def test_everything_arrives_in_its_order_and_a_second_time_nothing_is_written(generation: int) -> None:
    there, here = Elsewhere(0, generation), Keeper()
    documents, tally = moved(there, here)
    assert tally.faults == []
    assert tally.read == tally.stored == {"prompts": 4, "data sets": 1, "items": 60, "runs": 1}
    assert documents.run_ids == {"run-there": "run-here"}
    versions = [(body["name"], body["version"]) for _, path, body in here.writes if path == "v2/prompts"]
    assert [version for name, version in versions if name == "greeting"] == [1, 2, 5]
    items = [body["id"] for _, path, body in here.writes if path == "dataset-items"]
    assert items == [f"item-{number}" for number in reversed(range(60))]
    count = len(here.writes)
    documents, tally = moved(there, here)
    assert (len(here.writes), tally.faults) == (count, [])
    assert documents.run_ids == {"run-there": "run-here"}


def test_a_label_that_went_to_another_version_goes_there_here_too(monkeypatch: pytest.MonkeyPatch) -> None:
    there, here = Elsewhere(0), Keeper()
    moved(there, here)
    monkeypatch.setitem(PROMPTS[0], "labels", ["old", "stable"])
    here.writes.clear()
    moved(there, here)
    assert here.writes == [("PATCH", "v2/prompts/greeting/versions/1", {"newLabels": ["old", "stable"]})]


def test_another_text_of_the_same_version_is_named_and_left_alone() -> None:
    there, here = Elsewhere(0), Keeper()
    moved(there, here)
    here.kept["v2/prompts/greeting 2"] = {**PROMPTS[1], "prompt": "mine"}
    _, tally = moved(there, here)
    assert tally.faults == ["prompts: greeting, version 2: another text has this version here"]
    assert here.kept["v2/prompts/greeting 2"]["prompt"] == "mine"


def test_a_changed_item_is_sent_again_and_files_of_items_are_named() -> None:
    there, here = Elsewhere(0), Keeper()
    moved(there, here)
    there.items[3] = {**there.items[3], "input": "@@@langfuseMedia:type=image/png|id=abc|source=bytes@@@"}
    here.writes.clear()
    _, tally = moved(there, here)
    assert [body["id"] for _, _, body in here.writes] == ["item-3"]
    assert tally.faults == ["media: abc of the item item-3: files of items are not moved"]


def test_one_that_is_refused_harms_no_neighbour_and_a_server_that_is_gone_ends_it() -> None:
    class Picky(Keeper):
        status = 400

        def _write(self, path: str, body: Any) -> Any:
            if path == "dataset-items" and body["id"] == "item-7":
                raise Refusal(self.status, "odd")
            return super()._write(path, body)

    _, tally = moved(Elsewhere(0), Picky())
    assert tally.faults == ["items: item-7 of questions: odd"]
    assert tally.stored["items"] == 59
    gone = Picky()
    gone.status = 0
    with pytest.raises(Refusal):
        moved(Elsewhere(0), gone)


def test_what_is_not_said_is_no_difference() -> None:
    assert not differs({"a": 1, "b": 2}, {"a": 1, "b": None}, ("a", "b"))
    assert differs({"a": 1}, {"a": 2}, ("a",))


def test_messages_are_the_same_with_and_without_their_type() -> None:
    typed = [{**CHAT[0], "type": "chatmessage"}, CHAT[1]]
    assert prompt_text({"prompt": CHAT, "type": "chat"}) == prompt_text({"prompt": typed, "type": "chat", "config": {}})
