"""How far the tables hold the journal: written in each transaction that stores acknowledged rows.

Deleted and inserted, not updated: DuckDB keeps a transaction that updated a row until every reader that began before
its COMMIT has ended, and refuses to checkpoint as long ("there are other write transactions active").
"""

import duckdb

OUT_SQL = "DELETE FROM store RETURNING id"
IN_SQL = "INSERT INTO store VALUES (?, ?)"


def put(connection: duckdb.DuckDBPyConnection, seq: int) -> None:
    """The tables hold the requests up to this one; part of the transaction that is open."""
    [(identity,)] = connection.execute(OUT_SQL).fetchall()
    connection.execute(IN_SQL, [identity, seq]).fetchall()
