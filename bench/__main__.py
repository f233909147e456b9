"""Every figure that has a budget, in one table: python -m bench [--quick]

Runs ingest over both transports, a server's life (start, idling, disk, kills) and the questions to a file of a million
spans, one after the other; about a quarter of an hour, a tenth of everything with `--quick`. Nothing else should be
running.
"""

import argparse

from bench import ingest, life, read

Line = tuple[str, str, str]
"""What, at least, here."""


def ingested(transport: str, spans: int) -> list[Line]:
    seen = ingest.measure(spans, 64, 4, transport, 0)
    yardsticks = f"{seen.cpu_us / seen.yardstick_us:.1f} yardsticks"
    return [
        (f"spans/s acknowledged, {transport}", "15,000",
         f"{seen.spans_a_second:,.0f} ({seen.stored_a_second:,.0f} until all can be read)"),
        (f"server CPU a span, {transport}", "60 µs", f"{seen.cpu_us:.0f} µs ({yardsticks})"),
        (f"acknowledgement p50 / p99, {transport}", "30 / 250 ms", f"{seen.p50_ms:.0f} / {seen.p99_ms:.0f} ms"),
        (f"peak RSS, {transport}", "400 MB", f"{seen.peak_rss_mb:.0f} MB"),
    ]  # fmt: skip


def lived(spans: int, kills: int) -> list[Line]:
    seen = life.measure(spans, kills)
    return [
        ("RSS, idle", "150 MB", f"{seen.idle_rss_mb:.0f} MB"),
        ("CPU, idle", "1 % of a core", f"{seen.idle_cpu_percent:.1f} %"),
        ("bytes on disk a span", "1,000", f"{seen.bytes_a_span:.0f}"),
        (f"start to ready, {spans:,} spans", "2 s", f"{seen.start_filled_s:.2f} s (new file {seen.start_empty_s:.2f})"),
        (f"lost, twice after {seen.kills} kills", "0, 0",
         f"{seen.lost}, {seen.twice} of {seen.acknowledged:,}; ready in {seen.start_killed_s:.2f} s"),
    ]  # fmt: skip


def answered(spans: int) -> list[Line]:
    answers = read.run(read.options(["--spans", str(spans)]))
    return [
        (f"{label}, {spans:,} spans", f"{bar_ms} ms", f"{least_ms:.0f} ms")
        for (label, _, bar_ms, _), least_ms in answers
        if bar_ms is not None
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true")
    scale = 0.1 if parser.parse_args().quick else 1
    machine = ingest.machine()
    lines = [line for transport in ("http", "grpc") for line in ingested(transport, int(60_000 * scale))]
    lines += lived(int(1_000_000 * scale), int(10 * scale))
    lines += answered(int(1_000_000 * scale))
    print(f"\n{machine}\n\n| what | at least | here |\n|---|---|---|")
    for what, limit, here in lines:
        print(f"| {what} | {limit} | {here} |")


if __name__ == "__main__":
    main()
