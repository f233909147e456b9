"""What each metric says."""

from api.metric_help import FATES, HELP, HISTOGRAMS, ITEMS
from receiver.counters import Counters


def test_histograms_are_metrics_that_say_something() -> None:
    assert HELP.keys() >= HISTOGRAMS


def test_every_fate_of_every_kind_of_item_is_explained() -> None:
    counters = Counters()
    for items in ITEMS:
        counters.refused(items, "http", {"r": 1})
        counters.unavailable(items, "grpc", "r", 1)
    counters.undecoded("traces", "http", "r")
    assert {sample.name for sample in counters.stats()} <= HELP.keys()
    assert len(FATES) * len(ITEMS) == len(
        {name for name in HELP if name.startswith("receiver_") and "_requests" not in name and name.endswith("_total")}
    )
