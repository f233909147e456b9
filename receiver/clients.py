"""Who sends and what was refused, the newest of each, for `/api/v1/status`: the answer to "why does nothing arrive?".

Rows are kept for each project and bounded in number. All texts come from clients: they are cut, and never interpreted.
"""

import time
from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import asdict, dataclass
from typing import Any

from aiohttp import web

from contract.access import Identity
from receiver.rejections import Rejections
from receiver.status import WireStatus, wire_status

MOST_ROWS = 50
"""Of clients and of refusals, each, a project: 20 kB of JSON. The one that was quiet longest makes room."""

LONGEST_TEXT = 200


@dataclass(slots=True)
class Arrival:
    """One request while it is handled; what is not known yet is empty."""

    transport: str = ""
    """`grpc` or `http`."""
    where: str = ""
    """As asked for: `POST /v1/traces`, `TraceService/Export`."""
    signal: str = ""
    address: str = ""
    """Of the connection, without a port; `unix` for a Unix domain socket."""
    user_agent: str = ""
    via: str = ""
    """The header `Via`."""
    project: str | None = None
    """Null until a key has opened one."""
    service_name: str | None = None
    items: int | None = None
    """Spans, log records, data points or events; null until they are decoded."""


def http_arrival(request: web.Request, signal: str = "") -> Arrival:
    """Of an HTTP request. The project is that of `request["identity"]`, where a middleware has put one."""
    identity = request.get("identity")
    return Arrival(
        "http",
        f"{request.method} {request.path}",
        signal,
        address=request.remote or "unix",
        user_agent=request.headers.get("User-Agent", ""),
        via=", ".join(request.headers.getall("Via", ())),
        project=identity.project if isinstance(identity, Identity) else None,
    )


@dataclass(slots=True)
class Client:
    """The last request of one sender of one signal."""

    service_name: str | None
    user_agent: str
    address: str
    transport: str
    signal: str
    time_ns: int = 0
    items: int | None = None
    outcome: str = ""
    """`accepted`, `partly_refused`, `refused` (for good) or `unavailable` (to be sent again)."""
    message: str | None = None
    """What the sender was told; null where all was accepted."""
    requests: int = 0


@dataclass(slots=True)
class Refusal:
    """One answer that was not plain success, and how often it was given."""

    status: str
    """HTTP status or name of the gRPC code; `200` and `OK` where a part was accepted."""
    where: str
    reason: str
    """The short label that `/metrics` counts by."""
    message: str = ""
    """What the last of these senders was told."""
    requests: int = 0
    time_ns: int = 0


class Newest:
    """Rows by key, the newest last; at most `MOST_ROWS`."""

    def __init__(self) -> None:
        self._rows: OrderedDict[Hashable, Any] = OrderedDict()

    def row(self, key: Hashable, make: Callable[[], Any]) -> Any:
        """The row of this key, made where there is none; it counts as the newest from here on."""
        if key not in self._rows:
            self._rows[key] = make()
            if len(self._rows) > MOST_ROWS:
                self._rows.popitem(last=False)
        self._rows.move_to_end(key)
        return self._rows[key]

    def report(self) -> list[dict[str, Any]]:
        return [asdict(row) for row in reversed(self._rows.values())]


class Clients:
    """One object for all receivers; used from the event loop. Projects are those of the configuration, so few."""

    def __init__(self, clock_ns: Callable[[], int] = time.time_ns) -> None:
        self._clock_ns = clock_ns
        self._clients: dict[str, Newest] = {}
        self._refusals: dict[str | None, Newest] = {}

    def took(self, arrival: Arrival, rejections: Rejections) -> None:
        """All of it is committed but for what `rejections` says."""
        message = rejections.message()
        self._seen(arrival, "partly_refused" if rejections.count else "accepted", message or None)
        if rejections.count:
            shown = "OK" if arrival.transport == "grpc" else "200"
            self.note(shown, arrival.where, "rejected", message, arrival.project)

    def refused(self, arrival: Arrival, status: WireStatus) -> None:
        """Nothing of it was kept. Who has shown no key is counted, not named."""
        self._seen(arrival, "refused" if status.retry_after_s is None else "unavailable", status.message)
        shown = status.grpc_code.name if arrival.transport == "grpc" else str(status.http_status)
        self.note(shown, arrival.where, status.reason, status.message, arrival.project)

    def turned_away(self, request: web.Request, error: Exception) -> None:
        """A request that no receiver has seen, since it showed no key."""
        self.refused(http_arrival(request), wire_status(error))

    def note(self, status: str, where: str, reason: str, message: str, project: str | None = None) -> None:
        """Count one refusal; without a project every asker is shown it."""
        key = (status, where[:LONGEST_TEXT], reason)
        row: Refusal = self._refusals.setdefault(project, Newest()).row(key, lambda: Refusal(*key))
        row.message, row.time_ns = message[:LONGEST_TEXT], self._clock_ns()
        row.requests += 1

    def report(self, project: str) -> dict[str, list[dict[str, Any]]]:
        """`clients` and `refusals` as `project` may see them, newest first; times as `time_ns`."""
        refusals = [row for each in (project, None) if each in self._refusals for row in self._refusals[each].report()]
        return {
            "clients": self._clients[project].report() if project in self._clients else [],
            "refusals": sorted(refusals, key=lambda row: -int(row["time_ns"])),
        }

    def _seen(self, arrival: Arrival, outcome: str, message: str | None) -> None:
        if arrival.project is None:
            return
        service = None if arrival.service_name is None else arrival.service_name[:LONGEST_TEXT]
        key = (service, arrival.user_agent[:LONGEST_TEXT], arrival.address, arrival.transport, arrival.signal)
        row: Client = self._clients.setdefault(arrival.project, Newest()).row(key, lambda: Client(*key))
        row.time_ns, row.items, row.outcome = self._clock_ns(), arrival.items, outcome
        row.message = None if message is None else message[:LONGEST_TEXT]
        row.requests += 1
