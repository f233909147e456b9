"""Long texts apart from their rows: put away as rows are written, put back as they are read (docs/adr/0013).

A row that is stored has in such a column what lists, filters and settling need of it, and in `apart` the ids of the
pieces that make the text. Pieces lie in the table `content`, each once a project.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import duckdb
import orjson

from contract.columns import Column, L, Row, S
from contract.formats import CONTENT_PATH
from storage.columns import stage
from storage.compiled import COLUMNAR
from storage.pieces import LONGEST_IN_ROW, Piece, pieces
from storage.previews import with_preview

Recipe = Mapping[str, Sequence[str] | None]
"""Column -> pieces that make its text: ids, of media with its size in bytes behind a colon."""

HEAD_CHARACTERS = 1024
"""What stays in the row of a text: more than a preview shows, and what sorts and compares it."""
MEMBER_CHARACTERS = 256
"""Attributes of more JSON than this do not stay in a row whose attributes are long: no filter finds them there."""
MEDIA_ROW_CHARACTERS = 8192

KEYS = (Column("project", "text"), Column("content_id", "text"))
COLUMNS = (*KEYS, Column("place", "int"), Column("media", "bool"), Column("text", "text"))
IDS_SQL = (
    "unnest(list_transform(list_filter(string_split({0}, '\"'), lambda id: length(id) >= 32), lambda id: left(id, 32)))"
)
"""The ids in the JSON of a recipe: 3 µs for 25 of them, where a regular expression takes 9."""
TEXT_IDS_SQL = "unnest(list_filter(string_split({0}, '\"'), lambda id: length(id) = 32))"
"""Those that are not of media."""
INSERT_SQL = "INSERT INTO content SELECT * FROM stage"
KNOWN_SQL = """
SELECT t.project, t.content_id FROM content t JOIN stage k ON t.project = k.project AND t.content_id = k.content_id
WHERE t.place = 0
"""
TEXTS_SQL = """
SELECT project, content_id, place, text FROM content WHERE rowid IN (
    SELECT t.rowid FROM content t JOIN stage k ON t.project = k.project AND t.content_id = k.content_id
)
"""
"""By their place in the table: joined directly, every text of the table is unpacked."""


def beginning(text: str) -> str:
    return text[:HEAD_CHARACTERS]


def beginning_as_json(text: str) -> str:
    """The beginning of a JSON text's own text, as JSON: what a preview shows of it."""
    value = orjson.loads(text)
    return orjson.dumps((value if isinstance(value, str) else text)[:HEAD_CHARACTERS]).decode()


def short_members(text: str) -> str:
    """Of a JSON object the members that filters find and lists show, as many as stay in a row."""
    kept: dict[str, Any] = {}
    room = LONGEST_IN_ROW
    found = orjson.loads(text)
    for name, value in found.items() if isinstance(found, dict) else ():
        size = len(name) + len(orjson.dumps(value))
        if size <= MEMBER_CHARACTERS and size <= room:
            kept[name] = value
            room -= size
    return orjson.dumps(kept).decode()


def nothing(_: str) -> None:
    return None


Head = Callable[[str], str | None]
SPAN_HEADS: dict[str, Head] = {
    "input": beginning,
    "output": beginning,
    "status_message": beginning,
    "metadata": short_members,
    "raw_attributes": short_members,
    "raw_events": nothing,
    "raw_links": nothing,
    "copies": nothing,
}
LOG_HEADS: dict[str, Head] = {"raw_body": beginning_as_json, "raw_attributes": short_members}
"""Columns whose texts may lie apart -> what stays in the row."""

SPAN_PLACES = {name: getattr(S, name) for name in ("project", "apart", *SPAN_HEADS)}
LOG_PLACES = {name: getattr(L, name) for name in ("project", "apart", *LOG_HEADS)}


def recipes_sql(columns: Iterable[str]) -> str:
    """The recipes of these columns' texts in a row; empty where none of them lies apart."""
    return "concat({})".format(", ".join(f"apart->>'$.{column}'" for column in columns))


class Contents:
    """The long texts of one transaction."""

    def __init__(self) -> None:
        self._pieces: dict[tuple[str, str], Piece] = {}

    def spans(self, rows: list[Row]) -> list[Row]:
        """The rows as they are stored; those that were given stay as they are."""
        stored = self._rows(rows, SPAN_HEADS, SPAN_PLACES)
        return [with_preview(kept, row) for kept, row in zip(stored, rows, strict=True)]

    def logs(self, rows: list[Row]) -> list[Row]:
        """Likewise."""
        return self._rows(rows, LOG_HEADS, LOG_PLACES)

    def _rows(self, rows: list[Row], heads: Mapping[str, Head], places: Mapping[str, int]) -> list[Row]:
        long = COLUMNAR.with_long_texts(rows, tuple(places[name] for name in heads), LONGEST_IN_ROW)
        stored = rows.copy()
        for nth in long:
            stored[nth] = self._row(rows[nth], heads, places)
        return stored

    def text(self, project: str, column: str, text: str | None) -> tuple[str | None, str]:
        """What a span has in `column`, and what its `apart` is to be told of it (RFC 7396)."""
        if text is None or len(text) <= LONGEST_IN_ROW:
            return text, dumps({column: None})
        return SPAN_HEADS[column](text), dumps({column: self._recipe(project, text)})

    def _row(self, row: Row, heads: Mapping[str, Head], places: Mapping[str, int]) -> Row:
        long = [name for name in heads if len(row[places[name]] or "") > LONGEST_IN_ROW]
        stored = list(row)
        for name in long:
            stored[places[name]] = heads[name](row[places[name]])
        project = row[places["project"]]
        stored[places["apart"]] = dumps({name: self._recipe(project, row[places[name]]) for name in long})
        return stored

    def _recipe(self, project: str, text: str) -> list[str]:
        recipe = []
        for piece in pieces(text):
            self._pieces[project, piece.content_id] = piece
            media = "" if piece.media_bytes is None else f":{piece.media_bytes}"
            recipe.append(piece.content_id + media)
        return recipe

    def store(self, connection: duckdb.DuckDBPyConnection) -> None:
        """Every piece is in the table; part of the transaction that is open."""
        if not self._pieces:
            return
        known = set(stage(connection, columns(KEYS, self._pieces), KNOWN_SQL))
        new = [row for key, piece in self._pieces.items() if key not in known for row in content_rows(key[0], piece)]
        if new:
            stage(connection, columns(COLUMNS, new), INSERT_SQL)


def columns(names: Sequence[Column], rows: Iterable[Sequence[Any]]) -> list[tuple[Column, Sequence[Any]]]:
    return list(zip(names, zip(*rows, strict=True), strict=True))


def content_rows(project: str, piece: Piece) -> list[tuple[Any, ...]]:
    """Media is cut into rows, so that no value of the column is large."""
    is_media = piece.media_bytes is not None
    step = MEDIA_ROW_CHARACTERS if is_media else len(piece.text)
    starts = range(0, len(piece.text), step)
    return [
        (project, piece.content_id, place, is_media, piece.text[start : start + step])
        for place, start in enumerate(starts)
    ]


def dumps(value: Any) -> str:
    return orjson.dumps(value).decode()


def put_back(
    connection: duckdb.DuckDBPyConnection,
    rows: Iterable[Any],
    keys: Mapping[str, Any],
    *,
    project: str | None = None,
    by_reference: bool = False,
) -> None:
    """Whole texts in the place of what the rows have of them, and null in `apart`.

    `keys`: column -> where a row has it; columns that are not named are left alone. `project`: of all rows, where none
    names it. With `by_reference` media is not read: its place has `CONTENT_PATH` and the id, and each row gets under
    `media` the sizes in bytes by id.
    """
    apart = keys["apart"]
    found = [(row, orjson.loads(row[apart])) for row in rows if row[apart] is not None]
    recipes = [
        (row, {name: ids for name, ids in recipe.items() if ids and name in keys}, project or row[keys["project"]])
        for row, recipe in found
    ]
    wanted = {
        (owner, each)
        for _, recipe, owner in recipes
        for ids in recipe.values()
        for each in ids
        if not (by_reference and ":" in each)
    }
    texts = read_texts(connection, {(owner, each.partition(":")[0]) for owner, each in wanted})

    def shown(owner: str, piece: str) -> str:
        content_id, _, media_bytes = piece.partition(":")
        return CONTENT_PATH + content_id if by_reference and media_bytes else texts[owner, content_id]

    for row, recipe, owner in recipes:
        row[apart] = None
        if by_reference:
            row["media"] = media_of(recipe)
        for name, ids in recipe.items():
            row[keys[name]] = "".join(shown(owner, each) for each in ids)


def put_back_lists(
    connection: duckdb.DuckDBPyConnection, rows: Iterable[Any], column: str, apart: str, *, project: str
) -> None:
    """Likewise for rows with a list of texts of one column under its name and, under `apart`, what each row said there.

    `apart` is taken out of the rows.
    """
    found = [(row, [list(pair) for pair in zip(row[column] or (), row.pop(apart) or (), strict=False)]) for row in rows]
    put_back(connection, (pair for _, pairs in found for pair in pairs), {column: 0, "apart": 1}, project=project)
    for row, pairs in found:
        if pairs:
            row[column] = [text for text, _ in pairs]


def media_of(recipe: Recipe) -> dict[str, int]:
    """Content id -> size in bytes, of the media in these columns."""
    parts = (piece.partition(":") for ids in recipe.values() for piece in ids or ())
    return {content_id: int(size) for content_id, _, size in parts if size}


def read_texts(connection: duckdb.DuckDBPyConnection, keys: Iterable[tuple[str, str]]) -> dict[tuple[str, str], str]:
    """(project, content id) -> text, of those that are there."""
    keys = list(keys)
    rows = stage(connection, columns(KEYS, keys), TEXTS_SQL) if keys else []
    parts: dict[tuple[str, str], list[tuple[int, str]]] = {}
    for project, content_id, place, text in rows:
        parts.setdefault((project, content_id), []).append((place, text))
    return {key: "".join(text for _, text in sorted(some)) for key, some in parts.items()}
