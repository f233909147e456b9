"""The writing side of Langfuse's API over a socket."""

import base64
import gzip
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import orjson
import pytest

from contract.access import SCORE, Identity
from contract.errors import Overloaded, Refused, Unavailable
from receiver.admission import Admission
from tests.support.langfuse import CLIENTS, event, recorded
from tests.support.langfuse_server import Ask, asked, served
from tests.support.receivers import totals

INGESTION = "/api/public/ingestion"
SPAN = event("span-create", "e1", id="o", traceId="t")
SCORE_SENT = {"id": "s", "name": "n", "value": 1, "traceId": "t"}


def test_each_event_is_answered_by_its_own_id_once_all_are_in_the_sink() -> None:
    server = served()
    status, body, _ = asked(server, "POST", INGESTION, {"batch": [SPAN, event("score-create", "e2"), SPAN]})
    assert status == 207
    assert body["successes"] == [{"id": "e1", "status": 201}] * 2
    [error] = body["errors"]
    assert (error["id"], error["status"]) == ("e2", 400)
    assert "name" in error["error"]
    [batch] = server.sink.batches
    assert (batch.project, len(batch.spans), batch.transport) == ("shop", 2, "http")
    assert totals(server.counters.stats(), "langfuse_events") == {
        "received": 3, "accepted": 2, "refused": 1, "unavailable": 0,
    }  # fmt: skip


def test_log_lines_alone_are_accepted_and_reach_no_sink() -> None:
    server = served()
    assert asked(server, "POST", INGESTION, {"batch": [{**SPAN, "type": "sdk-log"}]})[0] == 207
    assert server.sink.batches == []
    assert totals(server.counters.stats(), "langfuse_events")["accepted"] == 1


@pytest.mark.parametrize(
    "path",
    [INGESTION, INGESTION + "/", "//api/public/ingestion", "/lf//api/public/ingestion", "/a/b/api//public/ingestion"],
)
def test_prefixes_and_doubled_slashes_do_not_matter(path: str) -> None:
    expected = 404 if "api//public" in path else 207
    assert asked(served(), "POST", path, {"batch": []})[0] == expected


def test_a_packed_body_is_unpacked() -> None:
    packed = gzip.compress(orjson.dumps({"batch": [SPAN]}))
    assert asked(served(), "POST", INGESTION, packed, Content_Encoding="gzip")[1]["successes"]


@pytest.mark.parametrize(
    ("answer", "status", "retry"),
    [
        (Overloaded("full", reason="queue_full"), 429, True),
        (Unavailable("down", reason="store", retry_after_s=5), 503, True),
        (Refused("never", reason="internal"), 400, False),
        (RuntimeError("bug"), 500, False),
    ],
)
def test_failures_have_langfuses_form_and_say_when_to_retry(answer: Exception, status: int, retry: bool) -> None:
    server = served(answer)
    found, body, headers = asked(server, "POST", INGESTION, {"batch": [SPAN]})
    assert found == status
    assert body.keys() == {"message", "error"}
    assert ("Retry-After" in headers) == retry
    fate = totals(server.counters.stats(), "langfuse_events")
    assert fate["received"] == fate["refused"] + fate["unavailable"] == 1


def test_nothing_is_taken_while_the_server_drains() -> None:
    admission = Admission()
    admission.draining = True
    assert asked(served(admission=admission), "POST", INGESTION, {"batch": [SPAN]})[0] == 503


def test_a_batch_takes_its_turn_among_the_large_bodies_of_all_transports() -> None:
    turns: list[int] = []

    class Turns:
        @asynccontextmanager
        async def turn(self, size_bytes: int) -> AsyncIterator[None]:
            turns.append(size_bytes)
            yield

    admission = Admission()
    admission.large = Turns()  # type: ignore[assignment]
    body = orjson.dumps({"batch": [SPAN]})
    assert asked(served(admission=admission), "POST", INGESTION, body)[0] == 207
    assert turns == [len(body)]


@pytest.mark.parametrize("body", [b"nonsense", b"[]", b'{"batch": 5}'])
def test_what_is_no_batch_is_refused(body: bytes) -> None:
    status, told, _ = asked(served(), "POST", INGESTION, body)
    assert (status, told["error"]) == (400, "InvalidRequestError")


def test_a_body_over_the_limit_is_413() -> None:
    assert asked(served(), "POST", INGESTION, b"x" * 100_001)[0] == 413


def test_one_score_is_answered_with_its_id_and_a_list_with_202() -> None:
    server = served()
    assert asked(server, "POST", "/api/public/scores", SCORE_SENT)[:2] == (200, {"id": "s"})
    assert asked(server, "POST", "/api/public/scores", [SCORE_SENT])[:2] == (202, {"message": "Accepted"})
    status, body, _ = asked(server, "POST", "/api/public/scores", [SCORE_SENT, {}])
    assert (status, body["accepted"], body["rejected"], len(body["errors"])) == (207, 1, 1, 1)
    assert asked(server, "POST", "/api/public/scores", {"name": "n"})[0] == 400
    assert [len(batch.scores) for batch in server.sink.batches] == [1, 1, 1]


def test_a_score_is_deleted_where_the_key_may() -> None:
    owner, sender = served(identity=Identity("shop")), served(identity=Identity("shop", frozenset({"ingest"})))
    assert asked(owner, "DELETE", "/lf/api/public/scores/s1")[0] == 200
    assert asked(owner, "DELETE", "/api/public/scores/s2")[0] == 404
    assert asked(sender, "DELETE", "/api/public/scores/s1")[0] == 403
    assert asked(served(identity=Identity("other")), "DELETE", "/api/public/scores/s1")[0] == 404


def test_a_browser_may_post_scores_where_keys_are_needed_and_nothing_else() -> None:
    server = served()
    status, _, headers = asked(server, "OPTIONS", "/api/public/scores")
    assert (status, headers["Access-Control-Allow-Origin"]) == (204, "*")
    for body in (SCORE_SENT, {"name": "n"}):
        assert asked(server, "POST", "/api/public/scores", body)[2]["Access-Control-Allow-Origin"] == "*"
    assert "Access-Control-Allow-Origin" not in asked(server, "POST", INGESTION, {"batch": []})[2]
    assert asked(server, "OPTIONS", INGESTION)[0] == 405
    server.browsers = False
    assert asked(server, "OPTIONS", "/api/public/scores")[0] == 405
    assert "Access-Control-Allow-Origin" not in asked(server, "POST", "/api/public/scores", SCORE_SENT)[2]


def test_what_a_page_of_somebody_else_could_send_is_refused() -> None:
    for content_type in ("text/plain", "application/x-www-form-urlencoded"):
        assert asked(served(), "POST", INGESTION, {"batch": []}, Content_Type=content_type)[0] == 415


def test_scopes_are_asked_for() -> None:
    reader, browser = Identity("p", frozenset({"read"})), Identity("p", frozenset({SCORE}))
    assert asked(served(identity=reader), "POST", INGESTION, {"batch": []})[0] == 403
    assert asked(served(identity=reader), "POST", "/api/public/scores", SCORE_SENT)[0] == 403
    assert asked(served(identity=browser), "POST", INGESTION, {"batch": []})[0] == 403
    assert asked(served(identity=browser), "POST", "/api/public/scores", SCORE_SENT)[0] == 200


def test_the_project_is_that_of_the_key() -> None:
    [project] = asked(served(), "GET", "/api/public/projects")[1]["data"]
    assert project == {
        "id": "shop", "name": "shop", "organization": {"id": "tracepond", "name": "tracepond"}, "metadata": {},
    }  # fmt: skip


def test_health_says_whether_events_are_taken() -> None:
    for path in ("/api/public/health", "/lf/api/public/ready"):
        assert asked(served(), "GET", path)[:2] == (200, {"status": "OK", "version": "1.2"})
        status, body, _ = asked(served(ready=["the disk is full"]), "GET", path)
        assert (status, body["message"]) == (503, "the disk is full")


@pytest.mark.parametrize("client", CLIENTS)
def test_every_recorded_event_and_score_is_acknowledged(client: str) -> None:
    server = served()

    async def talk(ask: Ask) -> None:
        for request in recorded(client):
            if request.path in (INGESTION, "/api/public/scores"):
                status, body, _ = await ask("POST", request.path, request.body)
                assert status in (202, 207)
                assert not body.get("errors")

    server.talk(talk)
    assert all(batch.spans or batch.scores for batch in server.sink.batches)


def test_the_recorded_keys_are_those_of_a_test() -> None:
    keys = {request.headers.get("Authorization", "") for client in CLIENTS for request in recorded(client)}
    assert {base64.b64decode(key.removeprefix("Basic ")) for key in keys if key.startswith("Basic ")} == {
        b"pk-lf-test:sk-lf-test"
    }
