"""`contract.documents.Documents`: read, decide and write as one transaction on the writing connection."""

from collections.abc import Callable, Sequence
from functools import partial

import duckdb

from contract.documents import Change, Document, Result
from storage.database import begin, roll_back, run
from storage.writer import Writer

READ_SQL = """
SELECT collection, id, parent, body, epoch_ns(created_time), epoch_ns(updated_time) FROM document
WHERE project = $project AND collection = $collection
    AND ($parent IS NULL OR parent = $parent) AND ($id IS NULL OR id = $id)
ORDER BY created_time, id
"""
DELETE_SQL = "DELETE FROM document WHERE project = ? AND collection = ? AND id IN (SELECT unnest(?::VARCHAR[]))"
"""One collection at a time: the ids of each are its own."""
INSERT_SQL = "INSERT INTO document VALUES (?, ?, ?, ?, ?, make_timestamp_ns(?), make_timestamp_ns(?))"

Decide = Callable[[Sequence[Document]], tuple[Change, Result]]


class StoredDocuments:
    """On an open store; its writer runs."""

    def __init__(self, writer: Writer) -> None:
        self._writer = writer

    async def change(
        self,
        project: str,
        collection: str,
        decide: Decide[Result],
        *,
        parent: str | None = None,
        id: str | None = None,  # noqa: A002 - as in the contract
    ) -> Result:
        """See `contract.documents.Documents`. The transaction is in the file's WAL, synced, when this returns."""
        asked = {"project": project, "collection": collection, "parent": parent, "id": id}
        return await self._writer.call(partial(decide_and_write, asked=asked, decide=decide), (), after_all=False)


def decide_and_write(
    connection: duckdb.DuckDBPyConnection, asked: dict[str, str | None], decide: Decide[Result]
) -> Result:
    begin(connection)
    try:
        known = [Document(*row) for row in connection.execute(READ_SQL, asked).fetchall()]
        change, result = decide(known)
        write(connection, str(asked["project"]), str(asked["collection"]), change)
        run(connection, "COMMIT")
    except BaseException:
        roll_back(connection)
        raise
    return result


def write(connection: duckdb.DuckDBPyConnection, project: str, collection: str, change: Change) -> None:
    replaced = {collection: list(change.gone)} if change.gone else {}
    for document in change.kept:
        replaced.setdefault(document.collection, []).append(document.id)
    for name, ids in replaced.items():
        connection.execute(DELETE_SQL, [project, name, ids]).fetchall()
    for document in change.kept:
        connection.execute(INSERT_SQL, [project, *document]).fetchall()
