"""Prometheus text and route times."""

import pytest

from api.health import BUCKETS_S, RouteTimes, prometheus_text
from contract.stats import Sample


def test_samples_of_one_family_stand_together_under_one_type() -> None:
    text = prometheus_text(
        [Sample("a_total", {"r": "1"}, 2**60), Sample("b", {}, 0.5), Sample("a_total", {"r": "2"}, 3)]
    )
    assert text.splitlines() == [
        "# TYPE tracepond_a_total counter",
        f'tracepond_a_total{{r="1"}} {2**60}',
        'tracepond_a_total{r="2"} 3',
        "# TYPE tracepond_b gauge",
        "tracepond_b 0.5",
    ]


def test_label_values_cannot_break_out_of_their_quotes() -> None:
    assert r'{r="a\"} 1\n\\"}' in prometheus_text([Sample("a", {"r": 'a"} 1\n\\'}, 1)])


def test_a_number_that_is_no_number_is_written_so_that_prometheus_reads_it() -> None:
    text = prometheus_text([Sample("a", {}, float("nan")), Sample("b", {}, float("inf"))])
    assert "tracepond_a NaN" in text
    assert "tracepond_b +Inf" in text


def test_route_times_are_a_cumulative_histogram() -> None:
    times = RouteTimes()
    for seconds in (0.001, 0.2, 99.0):
        times.add("/x", seconds)
    samples = {(sample.name, sample.labels.get("le")): sample.value for sample in times.stats()}
    assert samples["query_seconds_bucket", str(BUCKETS_S[0])] == 1
    assert samples["query_seconds_bucket", "0.25"] == 2
    assert samples["query_seconds_bucket", "+Inf"] == samples["query_seconds_count", None] == 3


def test_a_route_that_fails_is_timed_too() -> None:
    times = RouteTimes()
    with pytest.raises(KeyError), times.timed("/x"):
        raise KeyError
    assert times.stats()[-1].value == 1
