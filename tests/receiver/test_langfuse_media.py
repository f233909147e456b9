"""Files beside spans: announced, uploaded, fetched."""

import base64
from typing import Any

import pytest

from contract.access import Identity
from contract.media import MediaUse
from receiver.langfuse_media import JSON_AT_MOST_BYTES
from tests.support.langfuse import recorded
from tests.support.langfuse_server import Ask, asked, served
from tests.support.media import PICTURE, picture

MEDIA = "/api/public/media"
SHA = base64.b64encode(bytes.fromhex(picture().sha256)).decode()
BODY = {"contentType": "image/png", "contentLength": len(PICTURE), "sha256Hash": SHA, "field": "input", "traceId": "t"}


def path_of(url: str) -> str:
    return "/" + url.split("/", 3)[3]


def test_a_file_is_announced_uploaded_and_fetched() -> None:
    server = served()

    async def talk(ask: Ask) -> None:
        status, told, _ = await ask("POST", "/lf/" + MEDIA, {**BODY, "observationId": "AB" * 8})
        assert (status, told["mediaId"]) == (201, picture().media_id)
        assert "/lf/api/public/media/" in told["uploadUrl"]
        assert (await ask("GET", f"{MEDIA}/{told['mediaId']}"))[0] == 404
        assert (await ask("PUT", path_of(told["uploadUrl"]), PICTURE, Content_Type="image/png"))[0] == 200
        assert (await ask("PATCH", f"{MEDIA}/{told['mediaId']}", {"uploadHttpStatus": 200}))[0] == 200
        assert (await ask("POST", MEDIA, BODY))[1] == {"mediaId": told["mediaId"], "uploadUrl": None}
        status, found, _ = await ask("GET", f"{MEDIA}/{told['mediaId']}")
        assert (status, found["contentType"], found["contentLength"]) == (200, "image/png", len(PICTURE))
        assert found["uploadedAt"] == "2027-01-15T08:00:00.500Z"
        status, data, headers = await ask("GET", path_of(found["url"]))
        assert (status, data, headers["Content-Type"]) == (200, PICTURE, "image/png")
        assert "sandbox" in headers["Content-Security-Policy"]

    server.talk(talk)
    assert server.media.uses == [MediaUse("t", "ab" * 8, "input"), MediaUse("t", None, "input")]


@pytest.mark.parametrize("client", ["langfuse-python-2.60.10", "langfuse-python-3.15.0", "langfuse-python-5.0.4"])
def test_the_id_is_the_one_that_the_recorded_client_made(client: str) -> None:
    [sent] = [request for request in recorded(client) if request.path == MEDIA]
    [put] = [request for request in recorded(client) if request.method == "PUT"]
    status, told, _ = asked(served(), "POST", MEDIA, sent.body)
    assert (status, told["mediaId"]) == (201, put.path.rpartition("/")[2])


@pytest.mark.parametrize(
    "odd",
    [
        {"contentType": "png"},
        {"contentType": None},
        {"contentType": "image/png\r\nX: y"},
        {"contentLength": 0},
        {"contentLength": True},
        {"sha256Hash": "short"},
        {"sha256Hash": 5},
        {"field": "thoughts"},
        {"traceId": 5},
    ],
)
def test_what_describes_no_file_is_refused_by_name(odd: dict[str, Any]) -> None:
    status, told, _ = asked(served(), "POST", MEDIA, {**BODY, **odd})
    assert status == 400
    assert next(iter(odd)) in told["message"]


def test_a_file_over_the_limit_is_413_before_it_is_sent() -> None:
    assert asked(served(), "POST", MEDIA, {**BODY, "contentLength": 100_001})[0] == 413


def test_other_bytes_than_the_announced_ones_are_refused() -> None:
    server = served()

    async def talk(ask: Ask) -> None:
        url = path_of((await ask("POST", MEDIA, BODY))[1]["uploadUrl"])
        assert (await ask("PUT", url, PICTURE + b"x"))[0] == 400
        assert server.media.data == {}

    server.talk(talk)


@pytest.mark.parametrize(
    ("part", "other"), [("project=shop", "project=other"), ("expires=1", "expires=2"), ("upload?", "download?")]
)
def test_an_address_is_good_for_what_it_was_signed_for_only(part: str, other: str) -> None:
    server = served()

    async def talk(ask: Ask) -> None:
        url = path_of((await ask("POST", MEDIA, BODY))[1]["uploadUrl"])
        assert part in url
        method = "GET" if "download" in other else "PUT"
        assert (await ask(method, url.replace(part, other), PICTURE))[0] == 403
        assert (await ask("PUT", url.partition("&signature")[0], PICTURE))[0] == 403

    server.talk(talk)


def test_an_address_expires() -> None:
    server = served(now_s=1000.0)

    async def talk(ask: Ask) -> None:
        url = path_of((await ask("POST", MEDIA, BODY))[1]["uploadUrl"])
        server.now_s += 3601
        assert (await ask("PUT", url, PICTURE))[0] == 403

    server.talk(talk)


def test_what_a_browser_could_take_for_a_page_is_a_file_to_be_saved() -> None:
    server, page = served(), b"<script>alert(1)</script>"
    media = picture(page, "text/html")
    sha = base64.b64encode(bytes.fromhex(media.sha256)).decode()

    async def talk(ask: Ask) -> None:
        sent = {**BODY, "contentType": "text/html", "contentLength": len(page), "sha256Hash": sha}
        told = (await ask("POST", MEDIA, sent))[1]
        await ask("PUT", path_of(told["uploadUrl"]), page)
        found = (await ask("GET", f"{MEDIA}/{told['mediaId']}"))[1]
        _, data, headers = await ask("GET", path_of(found["url"]))
        assert (data, headers["Content-Type"]) == (page, "application/octet-stream")
        assert headers["Content-Disposition"] == "attachment"

    server.talk(talk)


def test_scopes_are_asked_for_and_projects_do_not_share_files() -> None:
    reader = served(identity=Identity("shop", frozenset({"read"})))
    assert asked(reader, "POST", MEDIA, BODY)[0] == 403
    sender = served(identity=Identity("shop", frozenset({"ingest"})))
    assert asked(sender, "GET", f"{MEDIA}/x")[0] == 403
    assert asked(served(), "GET", f"{MEDIA}/x")[0] == 404


@pytest.mark.parametrize("written", ["image/png; charset=utf-8", "image/png;charset=x", "image/png", "image/png; a=é"])
def test_a_type_with_parameters_is_fetched_by_its_type_alone(written: str) -> None:
    server = served()

    async def talk(ask: Ask) -> None:
        told = (await ask("POST", MEDIA, {**BODY, "contentType": written}))[1]
        await ask("PUT", path_of(told["uploadUrl"]), PICTURE)
        found = (await ask("GET", f"{MEDIA}/{told['mediaId']}"))[1]
        status, data, headers = await ask("GET", path_of(found["url"]))
        assert (status, data, headers["Content-Type"]) == (200, PICTURE, "image/png")

    server.talk(talk)


def test_an_announcement_is_small() -> None:
    assert asked(served(), "POST", MEDIA, {**BODY, "more": "x" * JSON_AT_MOST_BYTES})[0] == 413
