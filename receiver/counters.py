"""What arrived and what became of it, in plain integers.

For each kind of item and transport: received = accepted + refused + unavailable (promise 11 of the product). Requests
whose items nobody could count, since they were not decoded, are counted apart.
"""

from collections import Counter
from collections.abc import Mapping

from contract.stats import Sample
from receiver.clients import Clients

ITEMS = ("spans", "log_records", "metric_points", "langfuse_events")
TRANSPORTS = ("grpc", "http")

_NAMES = {
    "received": "receiver_received_{}_total",
    "accepted": "receiver_accepted_{}_total",
    "refused": "receiver_refused_{}_total",
    "unavailable": "receiver_unavailable_{}_total",
}
UNDECODED = "receiver_undecoded_requests_total"


class Counters:
    """One object for all receivers; used from the event loop. `clients` has whose requests they were."""

    def __init__(self) -> None:
        self.clients = Clients()
        self._plain: Counter[tuple[str, str, str]] = Counter(
            {
                (fate, item, transport): 0
                for fate in ("received", "accepted")
                for item in ITEMS
                for transport in TRANSPORTS
            }
        )
        self._by_reason: Counter[tuple[str, str, str, str]] = Counter()
        self._undecoded: Counter[tuple[str, str, str]] = Counter()

    def received(self, items: str, transport: str, count: int) -> None:
        """`count` items were decoded, those included that cannot be kept."""
        self._plain["received", items, transport] += count

    def accepted(self, items: str, transport: str, count: int) -> None:
        """`count` items are committed."""
        self._plain["accepted", items, transport] += count

    def refused(self, items: str, transport: str, reasons: Mapping[str, int]) -> None:
        """Items were refused for good, by reason."""
        for reason, count in reasons.items():
            self._by_reason["refused", items, transport, reason] += count

    def unavailable(self, items: str, transport: str, reason: str, count: int) -> None:
        """`count` items were sent back to be sent again."""
        self._by_reason["unavailable", items, transport, reason] += count

    def undecoded(self, signal: str, transport: str, reason: str) -> None:
        """One request was answered without its items being counted: malformed, too large, not admitted."""
        self._undecoded[signal, transport, reason] += 1

    def stats(self) -> list[Sample]:
        """All values; names without the program's prefix."""
        samples = [
            Sample(_NAMES[fate].format(items), {"transport": transport}, count)
            for (fate, items, transport), count in self._plain.items()
        ]
        samples += [
            Sample(_NAMES[fate].format(items), {"transport": transport, "reason": reason}, count)
            for (fate, items, transport, reason), count in self._by_reason.items()
        ]
        samples += [
            Sample(UNDECODED, {"signal": signal, "transport": transport, "reason": reason}, count)
            for (signal, transport, reason), count in self._undecoded.items()
        ]
        return samples
