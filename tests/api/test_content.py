"""The route of content that lies apart: who may have it, and that a browser does nothing with it but show it."""

import asyncio
import base64
import json
import random
from collections.abc import Iterator
from typing import Any

import pytest

from api.content import decoded
from contract.access import Identity
from contract.formats import CONTENT_PATH, FORMATS, SHOWN_IN_PLACE
from contract.span import Batch
from contract.translated import Translated
from storage.commit import Committer
from storage.database import Database
from storage.reader import DuckReader
from tests.support.asking import Get, asking
from tests.support.rows import span_row
from tests.support.spans import span
from tests.support.stored import opened
from translator.merge import merge_copies
from translator.present import present
from translator.settle import settle
from translator.translate import Translator

RNG = random.Random(3)
PNG = b"\x89PNG\r\n\x1a\n" + RNG.randbytes(30_000)
ENCODED = base64.b64encode(PNG).decode()
LONG = "<script>alert(1)</script> " * 1000


@pytest.fixture
def database() -> Iterator[Database]:
    made = opened()
    yield made
    made.close()


def store(database: Database, *rows: list[Any]) -> None:
    connection = database.cursor()
    Committer(settle, merge_copies).commit(connection, [Translated(list(rows))], 1)
    connection.close()


def stored_id(database: Database, *, media: bool) -> str:
    sql = f"SELECT content_id FROM content WHERE media = {media} LIMIT 1"
    return str(database.cursor().execute(sql).fetchall()[0][0])


def test_an_image_is_shown_in_place_and_may_be_kept(database: Database) -> None:
    store(database, span_row("a", input=f'["{ENCODED}"]'))
    path = CONTENT_PATH + stored_id(database, media=True)

    async def talk(get: Get) -> None:
        answer = await get(path)
        assert (answer.status, answer.body) == (200, PNG)
        assert answer.headers["Content-Type"] == "image/png"
        assert answer.headers["Content-Disposition"].startswith("inline")
        assert answer.headers["Cache-Control"] == "private, max-age=31536000, immutable"
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert "sandbox" in answer.headers["Content-Security-Policy"]
        assert (await get(path, method="HEAD")).body == b""
        assert (await get(path, download="1")).status == 400

    asking(database, talk)


def test_text_is_a_download_that_nothing_in_it_can_change(database: Database) -> None:
    store(database, span_row("a", input=LONG))
    path = CONTENT_PATH + stored_id(database, media=False)

    async def talk(get: Get) -> None:
        answer = await get(path)
        assert answer.body.decode() in LONG
        assert answer.headers["Content-Type"] == "text/plain; charset=utf-8"
        assert answer.headers["Content-Disposition"].startswith("attachment")
        assert answer.headers["X-Content-Type-Options"] == "nosniff"

    asking(database, talk)


def test_another_project_has_no_such_content_and_a_key_must_be_allowed_to_read(database: Database) -> None:
    store(database, span_row("a", input=LONG), span_row("a", project="other", input=LONG[::-1]))
    path = CONTENT_PATH + stored_id(database, media=False)

    async def missing(get: Get) -> None:
        assert (await get(path)).status == 404

    async def forbidden(get: Get) -> None:
        assert (await get(path)).status == 403

    asking(database, missing, identity=Identity("third"))
    asking(database, forbidden, identity=Identity("default", frozenset({"ingest"})))


def test_content_that_no_row_refers_to_any_more_is_not_there(database: Database) -> None:
    store(database, span_row("a", input=LONG))
    path = CONTENT_PATH + stored_id(database, media=False)
    database.cursor().execute("DELETE FROM span").fetchall()

    async def talk(get: Get) -> None:
        for unknown in (path, CONTENT_PATH + "0" * 32, CONTENT_PATH + "%25", CONTENT_PATH + "input"):
            assert (await get(unknown)).status == 404

    asking(database, talk)


@pytest.mark.parametrize("known", FORMATS, ids=lambda known: f"{known.mime_type} {known.magic!r}")
def test_every_format_is_answered_with_its_type_by_its_bytes(known: Any) -> None:
    content = b"\0" * known.at + known.magic + b"\0" * 30
    part = {"media": True, "text": base64.urlsafe_b64encode(content).decode().rstrip("=")}
    assert decoded([part]) == (content, known.mime_type)


def test_media_of_no_known_format_is_bytes() -> None:
    page = base64.b64encode(b"<html><script>alert(1)</script>").decode()
    body, mime_type = decoded([{"media": True, "text": page}])
    assert (body[:6], mime_type) == (b"<html>", "application/octet-stream")
    assert mime_type not in SHOWN_IN_PLACE


def test_messages_show_where_media_is_and_otlp_has_it_as_it_was_sent(database: Database) -> None:
    """Over the whole way: a span with a picture in its messages, read by each route."""
    block = {"type": "image_url", "image_url": {"url": "data:image/png;base64," + ENCODED}}
    messages = json.dumps([{"role": "user", "content": [{"type": "text", "text": "look"}, block]}])
    sent = span({"gen_ai.operation.name": "chat", "gen_ai.input.messages": messages, "gen_ai.request.model": "m"})
    store(database, *Translator().translate(Batch("default", 1, "http", [sent])).spans)

    async def talk(get: Get) -> None:
        detail = (await get(f"/api/v1/spans/{sent.trace_id}/{sent.span_id}")).json
        uri = CONTENT_PATH + stored_id(database, media=True)
        assert ENCODED not in json.dumps(detail)
        assert uri in json.dumps(detail["input"])
        assert (await get(uri)).body == PNG
        otlp = (await get(f"/api/v1/traces/{sent.trace_id}/otlp")).json
        [attributes] = [each["attributes"] for each in otlp["resourceSpans"][0]["scopeSpans"][0]["spans"]]
        assert {"key": "gen_ai.input.messages", "value": {"stringValue": messages}} in attributes

    asking(database, talk)


def test_the_blob_of_a_message_has_uri_and_size(database: Database) -> None:
    block = {"type": "image_url", "image_url": {"url": "data:image/png;base64," + ENCODED}}
    messages = json.dumps([{"role": "user", "content": [block]}])
    sent = span({"gen_ai.operation.name": "chat", "gen_ai.input.messages": messages})
    [row] = Translator().translate(Batch("default", 1, "http", [sent])).spans
    store(database, row)
    shown = stored_span(database)
    [part] = present(shown, [], [])["input_messages"][0]["parts"]
    uri = CONTENT_PATH + stored_id(database, media=True)
    assert part == {
        "type": "blob", "modality": "image", "mime_type": "image/png", "size_bytes": len(PNG), "uri": uri,
    }  # fmt: skip


def stored_span(database: Database) -> dict[str, Any]:
    reader = DuckReader(database)
    asked = {"project": "default", "trace_id": "a" * 32, "io": "full"}
    [row] = asyncio.run(reader.read("get_spans", asked))
    reader.close()
    return row
