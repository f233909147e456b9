"""Prometheus text and route times."""

import pytest

from api.health import BUCKETS_S, RouteTimes, prometheus_text
from contract.stats import Sample


def test_samples_of_one_family_stand_together_under_one_type() -> None:
    text = prometheus_text(
        [Sample("a_total", {"r": "1"}, 2**60), Sample("b", {}, 0.5), Sample("a_total", {"r": "2"}, 3)], {}
    )
    assert text.splitlines() == [
        "# TYPE tracepond_a_total counter",
        f'tracepond_a_total{{r="1"}} {2**60}',
        'tracepond_a_total{r="2"} 3',
        "# TYPE tracepond_b gauge",
        "tracepond_b 0.5",
    ]


def test_a_family_says_what_it_means_also_before_it_has_a_value() -> None:
    text = prometheus_text([Sample("b", {}, 1)], {"a_total": "things that may happen", "b": "things that are"})
    assert text.splitlines() == [
        "# HELP tracepond_a_total things that may happen",
        "# TYPE tracepond_a_total counter",
        "# HELP tracepond_b things that are",
        "# TYPE tracepond_b gauge",
        "tracepond_b 1",
    ]


def test_parts_of_a_histogram_are_one_family() -> None:
    times = RouteTimes()
    times.add("/x", 0.1)
    lines = prometheus_text(times.stats(), {}).splitlines()
    assert [line for line in lines if line.startswith("#")] == ["# TYPE tracepond_query_seconds histogram"]


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
