"""Counters: names, labels, and the identity over them."""

from contract.stats import Sample
from receiver.counters import ITEMS, Counters
from tests.support.receivers import totals


def test_everything_received_has_one_fate() -> None:
    counters = Counters()
    counters.received("spans", "http", 10)
    counters.accepted("spans", "http", 5)
    counters.refused("spans", "http", {"invalid_id": 2, "malformed_item": 1})
    counters.unavailable("spans", "http", "queue", 2)
    assert totals(counters.stats(), "spans") == {"received": 10, "accepted": 5, "refused": 3, "unavailable": 2}


def test_samples_carry_transport_and_reason() -> None:
    counters = Counters()
    counters.refused("log_records", "grpc", {"internal": 2})
    counters.undecoded("logs", "grpc", "malformed")
    samples = counters.stats()
    assert Sample("receiver_refused_log_records_total", {"transport": "grpc", "reason": "internal"}, 2) in samples
    undecoded = {"signal": "logs", "transport": "grpc", "reason": "malformed"}
    assert Sample("receiver_undecoded_requests_total", undecoded, 1) in samples


def test_received_and_accepted_are_reported_as_zero_before_anything_arrives() -> None:
    names = {(sample.name, sample.labels["transport"]) for sample in Counters().stats() if sample.value == 0}
    assert len(names) == 2 * len(ITEMS) * 2
