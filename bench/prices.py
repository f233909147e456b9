"""What common models cost by the price list against what was published, and what pricing a call costs.

python -m bench.prices
"""

import platform
import time
from datetime import UTC, datetime
from typing import Any

from contract.columns import EMPTY_SPAN, Row, S
from tests.support.common_models import AT_LEAST, COMMON, TOKENS, agrees, answers
from translator.prices.book import PriceBook
from translator.prices.price_list import maintained

CALLS = 50_000
ROUNDS = 7
START_NS = 1_795_000_000_000_000_000

SHAPES: dict[str, dict[str, Any]] = {
    "one price": {"provider": "openai", "model": "gpt-4o-mini"},
    "with cached tokens": {"provider": "openai", "model": "gpt-4o-mini", "cache_read_tokens": 512},
    "dearer past a threshold": {"provider": "anthropic", "model": "claude-sonnet-4-5"},
    "prices by date": {"provider": "anthropic", "model": "claude-sonnet-4-6"},
    "embedding": {"kind": "embedding", "model": "text-embedding-3-small", "output_tokens": None, "provider": "openai"},
    "no price": {"provider": "ollama", "model": "llama3.2"},
    "reported": {"provider": "openai", "model": "gpt-4o-mini", "cost_source": "reported"},
}


def main() -> None:
    """Print both tables."""
    began = time.perf_counter()
    version = maintained().version
    took_ms = (time.perf_counter() - began) * 1000
    print(f"{version}, read in {took_ms:.0f} ms; {platform.processor() or platform.machine()}, {datetime.now(UTC):%F}")
    print(f"{'provider':26}{'model':68}{'list':>14}{'published':>14}  entry, or why not")
    good = 0
    for published, found in answers(PriceBook()):
        good += agrees(published, found)
        mark = " " if agrees(published, found) else "!"
        wanted = f"{published.input:g}/{published.output or 0:g}"
        print(
            f"{published.provider or '-':26}{published.model:68}{shown(found.cost):>14}{wanted:>14}{mark} "
            f"{found.entry or found.reason}"
        )
    print(f"{good} of {len(COMMON)} priced as published (wanted: {AT_LEAST})\n")
    for name, columns in SHAPES.items():
        print(f"{name:26}{best_us(columns):6.2f} us a call")
    print(f"{'yardstick':26}{yardstick_us():6.2f} us for ten additions and stores in a loop of Python")


def shown(cost: Any) -> str:
    return "-" if cost is None else f"{cost.input / TOKENS * 1e6:g}/{cost.output / TOKENS * 1e6:g}"


def best_us(columns: dict[str, Any]) -> float:
    """The fastest of some rounds: the machine may be busy with other things."""
    book, times = PriceBook(), []
    for _ in range(ROUNDS):
        rows = [row_of(columns) for _ in range(CALLS // ROUNDS)]
        book.price_row(rows[0].copy(), {}, None)
        began = time.perf_counter()
        for row in rows:
            book.price_row(row, {}, None)
        times.append((time.perf_counter() - began) / len(rows))
    return min(times) * 1e6


def row_of(columns: dict[str, Any]) -> Row:
    row = EMPTY_SPAN.copy()
    fixed = {"kind": "generation", "start_time": START_NS, "input_tokens": 1200, "output_tokens": 300}
    for name, value in (fixed | columns).items():
        row[getattr(S, name)] = value
    return row


def yardstick_us() -> float:
    """What the machine makes of ten plain operations just now."""
    times = []
    for _ in range(ROUNDS):
        cells = [0] * 10
        began = time.perf_counter()
        for number in range(CALLS):
            for place in range(10):
                cells[place] = number + place
        times.append((time.perf_counter() - began) / CALLS)
    return min(times) * 1e6


if __name__ == "__main__":
    main()
