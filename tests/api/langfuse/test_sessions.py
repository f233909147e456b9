"""Sessions as Langfuse's clients list and read them."""

from tests.support.langfuse_api import Talk, talking
from tests.support.stored import span, span_id, trace_id

SPANS = (
    span(1, session_id="s/1"),
    span(2, at_ms=1, parent_span_id=span_id(1)),
    span(3, trace=2, at_ms=2000, session_id="s/1"),
    span(4, trace=3, at_ms=5000, session_id="s2", environment="prod"),
    span(5, trace=4, at_ms=6000, session_id="s3", project="other"),
)


def test_sessions_are_listed_by_their_first_span() -> None:
    async def talk(ask: Talk) -> None:
        body = await ask.get("sessions")
        assert [each["id"] for each in body["data"]] == ["s2", "s/1"]
        assert body["data"][1] == {
            "id": "s/1",
            "createdAt": "2026-09-21T14:13:20.000Z",
            "projectId": "default",
            "environment": "default",
        }
        assert body["meta"]["totalItems"] == 2
        later = await ask.get("sessions", page=5, limit=1)
        assert (later["data"], later["meta"]["totalPages"]) == ([], 2)
        for params, expected in (
            ({"environment": "prod"}, ["s2"]),
            ({"fromTimestamp": "2026-09-21T14:13:21Z"}, ["s2"]),
            ({"toTimestamp": "2026-09-21T14:13:21Z"}, ["s/1"]),
        ):
            assert [each["id"] for each in (await ask.get("sessions", **params))["data"]] == expected

    talking(talk, *SPANS)


def test_one_session_has_its_traces() -> None:
    async def talk(ask: Talk) -> None:
        status, body = await ask("GET", "/api/public/sessions/s%2F1")
        assert (status, body["id"]) == (200, "s/1")
        assert [each["id"] for each in body["traces"]] == [trace_id(2), trace_id(1)]
        assert (await ask("GET", "/api/public/sessions/s3"))[0] == 404

    talking(talk, *SPANS)
