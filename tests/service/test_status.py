"""The status of a running server, as people read it."""

import json
from typing import Any

import pytest

from service import status
from service.client import RequestFailed
from service.config import load

NOW_S = 1_763_700_000.0
CLIENT = {
    "time": "2025-11-21T04:39:30.000000000Z", "service_name": "shop", "user_agent": "exporter/1", "address": "10.0.0.7",
    "transport": "http", "signal": "traces", "items": 64, "outcome": "accepted", "message": None, "requests": 3,
}  # fmt: skip
REFUSAL = {
    "time": "2025-11-21T02:40:00.000000000Z", "status": "415", "where": "POST /v1/traces", "reason": "unsupported_type",
    "message": "not 'text/plain'", "requests": 12,
}  # fmt: skip
STATUS: dict[str, Any] = {
    "version": "0.1.0", "uptime_s": 7300.5, "not_ready": [], "lag_s": 0.0, "queue_bytes": 1000, "in_flight_bytes": 0,
    "rows": {"spans": 12345, "logs": 1, "metric_points": 0}, "forwarding": None,
    "database": {"size_bytes": 12_300_000, "wal_bytes": 0, "checkpoint_waits": None},
    "clients": [CLIENT], "refusals": [REFUSAL],
}  # fmt: skip


def shown(**changes: Any) -> list[str]:
    return list(status.lines("http://127.0.0.1:4318", STATUS | changes, NOW_S))


def asked(monkeypatch: pytest.MonkeyPatch, answer: bytes, *, as_json: bool = False) -> str:
    """What the command prints when the server answers so."""

    class Response:
        def __enter__(self) -> "Response":
            return self

        def __exit__(self, *_: object) -> None: ...

        def read(self) -> bytes:
            return answer

    monkeypatch.setattr(status.client, "answer", lambda *_, **__: Response())
    return status.run(load("", "", {}, {}), as_json=as_json)


def test_it_says_who_sends_and_what_was_refused() -> None:
    text = "\n".join(shown())
    assert "tracepond 0.1.0 at http://127.0.0.1:4318, up 2 h" in text
    assert "12,345 spans" in text
    assert "12.3 MB" in text
    assert "30 s  shop          10.0.0.7  http       traces  64     accepted  3" in text
    assert "2 h  415     POST /v1/traces  unsupported_type  12        not 'text/plain'" in text


def test_what_is_not_there_is_said_or_left_out() -> None:
    text = "\n".join(shown(clients=[], refusals=[]))
    assert "last request of each client: none since the start" in text
    assert "sent on" not in text


def test_a_server_that_is_not_ready_or_sends_on_says_so() -> None:
    fates = {"sent": 5, "rejected": 0, "dropped": 1, "returned": 2, "waiting_requests": 7, "last_error": ""}
    text = "\n".join(shown(not_ready=["draining"], forwarding={"endpoint": "http://far:4318", **fates}))
    assert "ready       draining" in text
    assert text.count("to http://far:4318: 5 sent, 0 rejected, 1 dropped, 2 returned, 7 waiting\n") == 1
    failing = {"endpoint": "http://far:4318", **fates, "last_error": "it answered 503"}
    assert "7 waiting; last error: it answered 503" in "\n".join(shown(forwarding=failing))


def test_what_clients_call_themselves_cannot_steer_the_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    hostile = STATUS | {"clients": [CLIENT | {"user_agent": "a\x1b[31m\nnot accepted: none"}]}
    text = asked(monkeypatch, json.dumps(hostile).encode())
    assert "\x1b" not in text
    assert len(text.splitlines()) == len(shown())


def test_json_is_the_answer_as_it_came(monkeypatch: pytest.MonkeyPatch) -> None:
    assert asked(monkeypatch, b'{"a":1}', as_json=True) == '{"a":1}'


@pytest.mark.parametrize("answer", [b"hello", b"[]", b"{}", b'{"rows": 1, "database": 2}'])
def test_another_program_is_not_mistaken_for_this_one(monkeypatch: pytest.MonkeyPatch, answer: bytes) -> None:
    with pytest.raises(RequestFailed, match="no tracepond"):
        asked(monkeypatch, answer)
