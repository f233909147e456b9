"""What a server takes when many ask for the largest answers at a time.

    python -m bench.answers [--connections 50] [--question "/api/v1/spans?limit=1000&io=full"] [--spans 12800]
        [--limit auto]

Starts the real server with some spans, asks the question over all connections at once, each read to its end, and again
where it is told to come again. Prints RSS before and at most, the size of an answer, refusals by status, and how long
the first and the last one took; raises when an answer is neither whole nor a retryable refusal.
"""

import argparse
import asyncio
import json
import time
from collections import Counter
from dataclasses import dataclass, field

import aiohttp

from bench.hostile import fill, rss_mb
from bench.ingest import limited, machine, peak_rss_mb
from tests.support.server import RunningServer

LONGEST_S = 120.0
QUESTION = "/api/v1/spans?limit=1000&io=full"


@dataclass
class Asked:
    """What became of the questions."""

    seconds: list[float] = field(default_factory=list)
    """Of each, from the first asking to the whole answer."""
    sizes_bytes: set[int] = field(default_factory=set)
    refused: Counter[int] = field(default_factory=Counter)


async def ask(server: RunningServer, question: str, connections: int) -> Asked:
    """All at a time. RuntimeError for an answer that is neither whole nor a retryable refusal."""
    asked = Asked()

    async def one(session: aiohttp.ClientSession) -> None:
        started = time.perf_counter()
        while True:
            async with session.get(server.http + question) as answer:
                body = await answer.read()
            if answer.status == 200:
                break
            if answer.status not in (429, 503) or "Retry-After" not in answer.headers:
                raise RuntimeError(f"no retryable refusal: {answer.status} {body[:300]!r}")
            asked.refused[answer.status] += 1
            await asyncio.sleep(float(answer.headers["Retry-After"]))
        asked.seconds.append(time.perf_counter() - started)
        json.loads(body)
        asked.sizes_bytes.add(len(body))

    async with (
        aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session,
        asyncio.timeout(LONGEST_S),
        asyncio.TaskGroup() as all_of_them,
    ):
        for _ in range(connections):
            all_of_them.create_task(one(session))
    return asked


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--connections", type=int, default=50)
    parser.add_argument("--question", default=QUESTION)
    parser.add_argument("--spans", type=int, default=12_800)
    parser.add_argument("--limit", default="auto", help="service.memory_limit")
    options = parser.parse_args()
    with limited(options.limit) as server:
        fill(server, options.spans)
        before_mb = rss_mb(server.process.pid)
        asked = asyncio.run(ask(server, options.question, options.connections))
        sizes = ", ".join(f"{size / 1e6:.1f}" for size in sorted(asked.sizes_bytes))
        print(
            f"{machine()}; {options.connections} connections, {options.question}, limit {options.limit}\n"
            f"RSS before {before_mb:.0f} MB, at most {peak_rss_mb(server.process.pid) * 1.048576:.0f} MB; "
            f"an answer has {sizes} MB; first whole after {min(asked.seconds):.1f} s, last after "
            f"{max(asked.seconds):.1f} s; refused: {dict(asked.refused) or 'none'}"
        )


if __name__ == "__main__":
    main()
