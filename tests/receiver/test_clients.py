"""Who sends, and what was refused: by project, bounded, whatever clients say of themselves."""

import asyncio
from collections.abc import Awaitable, Callable
from itertools import count
from typing import Any

import pytest

from contract.access import Identity
from contract.errors import Overloaded, Refused, Unauthorized
from receiver.clients import LONGEST_TEXT, MOST_ROWS, Arrival, Clients
from receiver.rejections import Rejections
from receiver.status import wire_status
from tests.support.otlp import log_request, trace_request
from tests.support.receivers import Receivers, running, send_grpc
from tests.support.sinks import ListSink

PROTOBUF = "application/x-protobuf"
TRACES = "POST /v1/traces"
SPANS = trace_request(2).SerializeToString()


def arrival(**values: Any) -> Arrival:
    known = {"transport": "http", "where": TRACES, "signal": "traces", "project": "default", "items": 2}
    return Arrival(**{**known, **values})


def told(talk: Callable[[Receivers], Awaitable[Any]], **options: Any) -> dict[str, list[dict[str, Any]]]:
    """What is reported after `talk` to both receivers."""

    async def run() -> dict[str, list[dict[str, Any]]]:
        async with running(options.pop("sink", ListSink()), **options) as receivers:
            await talk(receivers)
            return receivers.counters.clients.report("shop")

    return asyncio.run(run())


def shop(headers: Any) -> Identity:
    if headers.get("x-api-key") != "k":
        raise Unauthorized("no key")
    return Identity("shop")


def over_http(**headers: str) -> Callable[[Receivers], Awaitable[Any]]:
    return lambda receivers: receivers.post("/v1/traces", SPANS, **{"Content_Type": PROTOBUF, **headers})


@pytest.fixture
def as_shop(monkeypatch: pytest.MonkeyPatch) -> None:
    """HTTP requests are the shop's, as if a middleware had seen its key."""
    monkeypatch.setattr("receiver.otlp_http.Identity", lambda: Identity("shop"))


@pytest.mark.usefixtures("as_shop")
def test_an_http_sender_is_known_by_service_agent_and_address() -> None:
    async def talk(receivers: Receivers) -> None:
        for _ in range(2):
            await over_http(User_Agent="exporter/1.2")(receivers)
        await receivers.post("/v1/logs", log_request(3).SerializeToString(), Content_Type=PROTOBUF)

    logs, traces = told(talk)["clients"]
    assert traces.pop("time_ns") > 0
    assert traces == {
        "service_name": "shop", "user_agent": "exporter/1.2", "address": "127.0.0.1", "transport": "http",
        "signal": "traces", "items": 2, "outcome": "accepted", "message": None, "requests": 2,
    }  # fmt: skip
    assert (logs["signal"], logs["items"], logs["service_name"]) == ("logs", 3, None)


def test_a_grpc_sender_is_known_likewise_and_one_without_a_key_is_only_counted() -> None:
    async def talk(receivers: Receivers) -> None:
        await send_grpc(receivers, "traces", SPANS, metadata=(("x-api-key", "k"),))
        await send_grpc(receivers, "traces", SPANS)

    said = told(talk, authenticate=shop)
    (client,), (refusal,) = said["clients"], said["refusals"]
    assert (client["address"], client["transport"], client["outcome"]) == ("127.0.0.1", "grpc", "accepted")
    assert client["user_agent"].startswith("grpc-python-asyncio/")
    assert (refusal["status"], refusal["where"]) == ("UNAUTHENTICATED", "TraceService/Export")
    assert (refusal["reason"], refusal["message"], refusal["requests"]) == ("unauthorized", "no key", 1)


@pytest.mark.usefixtures("as_shop")
@pytest.mark.parametrize(
    ("talk", "status", "where", "reason", "word", "outcome"),
    [
        (over_http(Content_Type="text/plain"), "415", TRACES, "unsupported_type", "not 'text/plain'", "refused"),
        (over_http(Content_Encoding="br"), "415", TRACES, "unsupported_encoding", "not 'br'", "refused"),
        (over_http(Content_Encoding="gzip"), "400", TRACES, "broken_encoding", "corrupt", "refused"),
        (lambda to: to.post("/v1/traces", b"\xff"), "415", TRACES, "unsupported_type", "absent", "refused"),
        (lambda to: to.post("/v1/traces", None, "GET"), "405", "GET /v1/traces", "wrong_path", "use POST", None),
        (lambda to: to.post("/v1/tracesx", SPANS), "404", "POST /v1/tracesx", "wrong_path", "/v1/traces", None),
    ],
)  # fmt: skip
def test_each_refusal_over_http_is_told(
    talk: Callable[[Receivers], Awaitable[Any]], status: str, where: str, reason: str, word: str, outcome: str | None
) -> None:
    said = told(talk)
    (refusal,) = said["refusals"]
    assert (refusal["status"], refusal["where"], refusal["reason"]) == (status, where, reason)
    assert word in refusal["message"]
    assert [client["outcome"] for client in said["clients"]] == ([] if outcome is None else [outcome])


@pytest.mark.usefixtures("as_shop")
def test_a_full_server_and_rejected_spans_are_told_too() -> None:
    odd = trace_request(2)
    odd.resource_spans[0].scope_spans[0].spans[0].trace_id = bytes(16)
    python = over_http(User_Agent="OTel-OTLP-Exporter-Python/1.33.0")
    busy = told(python, sink=ListSink(Overloaded("full", reason="queue")))
    (full,), (sent_back,) = busy["clients"], busy["refusals"]
    assert (sent_back["status"], sent_back["reason"]) == ("503", "queue")
    said = told(lambda to: to.post("/v1/traces", odd.SerializeToString(), Content_Type=PROTOBUF))
    (partly,), (refusal,) = said["clients"], said["refusals"]
    assert (full["outcome"], full["message"], full["items"]) == ("unavailable", "full", 2)
    assert (partly["outcome"], partly["message"], partly["items"]) == ("partly_refused", "trace id is all zeroes", 2)
    assert (refusal["status"], refusal["reason"], refusal["message"]) == ("200", "rejected", "trace id is all zeroes")


def test_a_project_sees_its_own_and_what_belongs_to_nobody() -> None:
    clients = Clients(clock_ns=count(1).__next__)
    for project in ("shop", "other", None):
        clients.refused(arrival(project=project), wire_status(Refused("odd")))
    shop_said, other_said, stranger = (clients.report(project) for project in ("shop", "other", "third"))
    assert [len(shop_said["clients"]), len(other_said["clients"]), len(stranger["clients"])] == [1, 1, 0]
    assert [len(shop_said["refusals"]), len(other_said["refusals"]), len(stranger["refusals"])] == [2, 2, 1]
    assert shop_said["refusals"][0]["time_ns"] > shop_said["refusals"][1]["time_ns"]


def test_rows_and_their_texts_are_bounded_and_the_newest_stay() -> None:
    clients = Clients()
    for number in range(MOST_ROWS + 5):
        clients.refused(
            arrival(user_agent=f"{number:03}" * 1000, where=f"/{number}" * 1000), wire_status(Refused("x" * 999))
        )
    said = clients.report("default")
    assert [row["user_agent"][:3] for row in said["clients"]] == [f"{n:03}" for n in range(MOST_ROWS + 4, 4, -1)]
    assert len(said["refusals"]) == MOST_ROWS
    rows = [*said["clients"], *said["refusals"]]
    assert max(len(text) for row in rows for text in row.values() if isinstance(text, str)) == LONGEST_TEXT


def test_the_same_refusal_is_one_row_with_its_number_and_newest_message() -> None:
    clients = Clients()
    for message in ("at character 3", "at character 7"):
        clients.refused(arrival(), wire_status(Refused(message)))
    clients.took(arrival(), Rejections())
    (row,) = clients.report("default")["refusals"]
    assert (row["requests"], row["message"]) == (2, "at character 7")
    assert clients.report("default")["clients"][0]["outcome"] == "accepted"
