"""Documents: read, decided and written in one step; durable when answered."""

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from contract.documents import Change, Document
from contract.errors import BadQuery
from storage.documents import StoredDocuments
from storage.reader import DuckReader
from tests.support.living import Living, live


def document(name: str, body: str = "{}", parent: str = "p", created_ns: int = 1) -> Document:
    return Document("notes", name, parent, body, created_ns, created_ns)


def keep(*documents: Document) -> Any:
    return lambda _: (Change(documents), None)


async def listed(store: Living, **asked: Any) -> list[dict[str, Any]]:
    reader = DuckReader(store.database, visible=store.writer.visible)
    parameters = {"project": "default", "collection": "notes", "limit": 10, **asked}
    rows = await reader.read("list_documents", parameters)
    reader.close()
    return rows


def test_a_document_is_replaced_by_the_next_with_its_id_and_gone_when_said_so() -> None:
    async def work(store: Living) -> None:
        documents = StoredDocuments(store.writer)
        await documents.change("default", "notes", keep(document("a"), document("b", created_ns=2)))
        await documents.change("default", "notes", keep(document("a", '{"n":1}')))
        assert [(row["id"], row["body"], row["total"]) for row in await listed(store)] == [
            ("b", "{}", 2),
            ("a", '{"n":1}', 2),
        ]
        await documents.change("default", "notes", lambda _: (Change(gone=["a"]), None))
        assert [row["id"] for row in await listed(store)] == ["b"]

    live(":memory:", work)


def test_projects_and_collections_do_not_see_each_other() -> None:
    async def work(store: Living) -> None:
        documents = StoredDocuments(store.writer)
        await documents.change("other", "notes", keep(document("a")))
        await documents.change("default", "letters", keep(document("a")._replace(collection="letters")))
        assert await documents.change("default", "notes", lambda known: (Change(), list(known))) == []
        await documents.change("default", "notes", lambda _: (Change(gone=["a"]), None))
        assert len(await listed(store, project="other")) == 1

    live(":memory:", work)


def test_a_change_may_keep_documents_of_other_collections_in_the_same_step() -> None:
    async def work(store: Living) -> None:
        documents = StoredDocuments(store.writer)
        other = document("a", '{"n":1}')._replace(collection="letters")
        for _ in range(2):
            await documents.change("default", "notes", keep(document("a"), other))
        assert [row["body"] for row in await listed(store)] == ["{}"]
        assert [row["body"] for row in await listed(store, collection="letters")] == ['{"n":1}']
        await documents.change("default", "notes", lambda _: (Change([other], ["a"]), None))
        assert [row["id"] for row in await listed(store)] == []
        assert [row["id"] for row in await listed(store, collection="letters")] == ["a"]

    live(":memory:", work)


def test_a_decision_sees_what_it_asked_for_oldest_first() -> None:
    async def work(store: Living) -> None:
        documents = StoredDocuments(store.writer)
        some = [document("b", created_ns=1), document("a", created_ns=2), document("c", parent="q")]
        await documents.change("default", "notes", keep(*some))
        for asked, expected in (({"parent": "p"}, ["b", "a"]), ({"id": "c"}, ["c"]), ({}, ["b", "c", "a"])):
            found = await documents.change("default", "notes", lambda known: (Change(), known), **asked)
            assert [each.id for each in found] == expected

    live(":memory:", work)


def test_a_decision_that_raises_changes_nothing() -> None:
    def refuse(_: Sequence[Document]) -> tuple[Change, None]:
        raise BadQuery("no")

    async def work(store: Living) -> None:
        documents = StoredDocuments(store.writer)
        with pytest.raises(BadQuery):
            await documents.change("default", "notes", refuse)
        await documents.change("default", "notes", keep(document("a")))
        assert len(await listed(store)) == 1

    live(":memory:", work)


def test_decisions_at_the_same_time_are_made_one_after_the_other() -> None:
    def add(known: Sequence[Document]) -> tuple[Change, int]:
        return Change([document(str(len(known)))]), len(known)

    async def work(store: Living) -> None:
        documents = StoredDocuments(store.writer)
        found = await asyncio.gather(*(documents.change("default", "notes", add) for _ in range(20)))
        assert sorted(found) == list(range(20))

    live(":memory:", work)


def test_what_was_answered_is_in_the_file_before_anything_is_closed(tmp_path: Path) -> None:
    """A copy of the file and its WAL taken while the server runs is what a crash would leave."""

    async def work(store: Living) -> None:
        await StoredDocuments(store.writer).change("default", "notes", keep(document("a")))
        for suffix in ("", ".wal"):
            (tmp_path / f"copy.duckdb{suffix}").write_bytes((tmp_path / f"x.duckdb{suffix}").read_bytes())

    async def look(store: Living) -> None:
        assert [row["id"] for row in await listed(store)] == ["a"]

    live(tmp_path / "x.duckdb", work)
    live(tmp_path / "copy.duckdb", look)
