"""Whether a flood of large requests is bounded: refused ones can be sent again, accepted ones are there once.

    python -m bench.flood [--requests 200] [--megabytes 1.5] [--transport http|grpc] [--gzip] [--limit SIZE]

Starts the real server on an empty database and sends all requests at a time; those that are told to come again do so
when they were told to, until each is accepted. Prints the peak RSS, what was refused and how, and how long it took;
raises when a refusal is not retryable, or when the number of stored spans is not the number of accepted ones.
"""

import argparse
import asyncio
import gzip
import math
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import aiohttp
import grpc
import grpc.aio
from google.rpc.error_details_pb2 import RetryInfo
from google.rpc.status_pb2 import Status

from bench.ingest import EXPORT, cpu_s, limited, machine, peak_rss_mb, request_of
from bench.translate import spans
from tests.support.server import RunningServer

CHANNELS = 50
"""gRPC connections; the calls are spread over them."""
LONGEST_S = 300.0


class Answer(NamedTuple):
    """What a sender is told: null where the request was accepted, else the status and when to come again."""

    refused: str | None
    retry_after_s: float | None = None


@dataclass
class Seen:
    """What became of the flood."""

    first: Counter[str] = field(default_factory=Counter)
    """Of the first sending of each request."""
    refused: Counter[str] = field(default_factory=Counter)
    seconds: float = 0.0


def bodies(requests: int, megabytes: float) -> tuple[list[bytes], int]:
    """Requests of that size with trace ids of their own, and the spans of one."""
    some = list(spans("genai", 64))
    each = len(request_of(some, 0)) / len(some)
    count = math.ceil(megabytes * 1e6 / each)
    many = list(spans("genai", count))
    return [request_of(many, salt + 1) for salt in range(requests)], count


async def flood(server: RunningServer, requests: list[bytes], transport: str, packed: bool) -> Seen:
    """Send all at a time, and again until each is accepted. RuntimeError for a refusal that is not retryable."""
    seen = Seen()
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:
        channels = [channel(server.grpc, packed) for _ in range(min(CHANNELS, len(requests)))]

        async def send(number: int, body: bytes) -> None:
            is_first = True
            while (answer := await once(number, body)).refused is not None:
                if answer.retry_after_s is None:
                    raise RuntimeError(f"no retryable refusal: {answer.refused}")
                seen.refused[answer.refused] += 1
                seen.first[answer.refused] += is_first
                is_first = False
                await asyncio.sleep(answer.retry_after_s)
            seen.first["accepted"] += is_first

        async def once(number: int, body: bytes) -> Answer:
            if transport == "http":
                return await post(session, f"{server.http}/v1/traces", body, packed)
            return await export(channels[number % len(channels)], body)

        prepared = [gzip.compress(body, 1) if packed and transport == "http" else body for body in requests]
        started = time.perf_counter()
        async with asyncio.timeout(LONGEST_S), asyncio.TaskGroup() as senders:
            for number, body in enumerate(prepared):
                senders.create_task(send(number, body))
        seen.seconds = time.perf_counter() - started
        await asyncio.gather(*(each.close() for each in channels))
    return seen


async def post(session: aiohttp.ClientSession, url: str, body: bytes, packed: bool) -> Answer:
    headers = {"Content-Type": "application/x-protobuf"} | ({"Content-Encoding": "gzip"} if packed else {})
    async with session.post(url, data=body, headers=headers) as answer:
        await answer.read()
        if answer.status == 200:
            return Answer(None)
        after = answer.headers.get("Retry-After")
        return Answer(str(answer.status), float(after) if after and answer.status in (429, 503) else None)


def channel(where: str, packed: bool) -> grpc.aio.Channel:
    compression = grpc.Compression.Gzip if packed else grpc.Compression.NoCompression
    return grpc.aio.insecure_channel(where, [("grpc.use_local_subchannel_pool", 1)], compression=compression)


async def export(through: grpc.aio.Channel, body: bytes) -> Answer:
    try:
        await through.unary_unary(EXPORT)(body)
    except grpc.aio.AioRpcError as error:
        return Answer(error.code().name, retry_delay_s(error))
    return Answer(None)


def retry_delay_s(error: grpc.aio.AioRpcError) -> float | None:
    """The delay of RetryInfo, without which a client may not come again after RESOURCE_EXHAUSTED."""
    details: dict[str, Any] = dict(error.trailing_metadata() or ())
    hint = RetryInfo()
    if "grpc-status-details-bin" not in details:
        return None
    return (
        hint.retry_delay.ToTimedelta().total_seconds()
        if Status.FromString(details["grpc-status-details-bin"]).details[0].Unpack(hint)
        else None
    )


def stored_spans(server: RunningServer) -> int:
    return int(server.get("/api/v1/status")["rows"]["spans"])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--requests", type=int, default=200)
    parser.add_argument("--megabytes", type=float, default=1.5)
    parser.add_argument("--transport", choices=["http", "grpc"], default="http")
    parser.add_argument("--gzip", action="store_true")
    parser.add_argument("--limit", default="auto", help="service.memory_limit")
    options = parser.parse_args()
    requests, count = bodies(options.requests, options.megabytes)
    with limited(options.limit) as server:
        seen = asyncio.run(flood(server, requests, options.transport, options.gzip))
        print(
            f"{machine()}; {options.requests} requests of {len(requests[0]) / 1e6:.1f} MB ({count} spans) at a time, "
            f"{options.transport}{', gzip' if options.gzip else ''}, limit {options.limit}\n"
            f"peak RSS {peak_rss_mb(server.process.pid) * 1.048576:.0f} MB; all accepted after {seen.seconds:.1f} s, "
            f"{cpu_s(server.process.pid):.0f} s of CPU\n"
            f"first sending: {dict(seen.first)}; refused in all: {dict(seen.refused) or 'none'}"
        )
        stored = stored_spans(server)
        if stored != options.requests * count:
            raise RuntimeError(f"{stored} spans are stored, {options.requests * count} were accepted")
        print(f"each accepted span is there once ({stored:,})")


if __name__ == "__main__":
    main()
