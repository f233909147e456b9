"""Buckets as Prometheus wants them: cumulative."""

from storage.histogram import BOUNDS_S, Seconds


def test_each_bucket_counts_everything_up_to_its_bound() -> None:
    seconds = Seconds("x_seconds")
    for value in (0.004, 0.005, 0.2, 99.0):
        seconds.add(value)
    samples = {(sample.name, sample.labels.get("le")): sample.value for sample in seconds.samples()}
    assert samples["x_seconds_bucket", "0.005"] == 2
    assert samples["x_seconds_bucket", "0.25"] == 3
    assert samples["x_seconds_bucket", "+Inf"] == samples["x_seconds_count", None] == 4
    assert samples["x_seconds_sum", None] == 99.209
    assert len(samples) == len(BOUNDS_S) + 3
