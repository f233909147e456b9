"""What a server holds while thousands of connections do nothing, half of something, or everything at once.

    python -m bench.hostile [--connections 1000] [--limit 384MB]

Starts the real server with some thousand spans, then one kind of connection after the other: idle, heads that never
end, bodies and gRPC calls that stall, connections closed on the sending side, answers that nobody reads, calls that are
reset at once. Prints RSS, open files and how soon an export was accepted meanwhile, and RSS and files after all of them
have gone; raises when it was not.
"""

import argparse
import asyncio
import os
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.flood import Answer, channel, export
from bench.ingest import limited, machine, requests_of
from tests.support.http2 import CANCEL, END_HEADERS, HEADERS, RST_STREAM, call, frame, greeting
from tests.support.server import RunningServer

EXPORT_PATH = b"/opentelemetry.proto.collector.trace.v1.TraceService/Export"
POST = b"POST /v1/traces HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-protobuf\r\nContent-Length: %d\r\n\r\n"
LARGE_QUESTION = b"GET /api/v1/spans?limit=300&io=full HTTP/1.1\r\nHost: x\r\n\r\n"
SETTLE_S = 3.0
LONGEST_S = 60.0
SPANS = 12_800


@dataclass(frozen=True)
class Kind:
    """What each connection sends, and how many there are for each that is asked for."""

    name: str
    over_grpc: bool
    sent: bytes
    share: float = 1.0
    closes: bool = False
    """Its sending side, once it has sent."""


def kinds() -> Sequence[Kind]:
    head = b"GET / HTTP/1.1\r\nHost: x\r\n" + b"".join(b"A-%d: %s\r\n" % (n, b"b" * 8000) for n in range(120))
    opened = frame(HEADERS, END_HEADERS, 1, call(EXPORT_PATH))
    resets = b"".join(
        frame(HEADERS, END_HEADERS, stream, call(EXPORT_PATH)) + frame(RST_STREAM, 0, stream, CANCEL)
        for stream in range(1, 2000, 2)
    )
    return (
        Kind("idle, HTTP", False, b"", 2),
        Kind("idle, gRPC", True, greeting(), 1),
        Kind("heads of 960 kB that never end", False, head, 0.3),
        Kind("heads of 1 kB that never end", False, head[:1000], 1),
        Kind("bodies that stall after 900 kB of 1 MB", False, POST % 1_000_000 + bytes(900_000), 0.1),
        Kind("gRPC calls that stall", True, greeting() + opened, 0.2),
        Kind("requests whose sender closes its side", False, b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n", 1, True),
        Kind("answers of 2 MB that nobody reads", False, LARGE_QUESTION, 0.1),
        Kind("1,000 gRPC calls reset at once, each", True, greeting() + resets, 0.05),
    )


async def opened(server: RunningServer, kind: Kind, count: int) -> list[asyncio.StreamWriter]:
    """So many connections that have sent what they send; those that the server closed are left out."""
    port = int(server.grpc.rpartition(":")[2]) if kind.over_grpc else server.http_port
    writers = []
    for _ in range(count):
        try:
            reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=1024)
        except ConnectionError:
            continue
        writers.append(writer)
        reader._transport.pause_reading()  # type: ignore[attr-defined]  # nobody reads what comes back
        writer.write(kind.sent)
        if kind.closes:
            writer.write_eof()
    return writers


async def first_accepted_s(server: RunningServer, body: bytes) -> float:
    """Seconds until an export over each transport is accepted, sent again as often as it is told to."""
    through = channel(server.grpc, False)
    started = time.perf_counter()
    for send in (lambda: asyncio.to_thread(posted, server, body), lambda: export(through, body)):
        await accepted(send)
    await through.close()
    return time.perf_counter() - started


async def accepted(send: Callable[[], Awaitable[Answer]]) -> None:
    async with asyncio.timeout(LONGEST_S):
        while (answer := await send()).refused is not None:
            if answer.retry_after_s is None:
                raise RuntimeError(f"no retryable refusal: {answer.refused}")
            await asyncio.sleep(answer.retry_after_s)


def posted(server: RunningServer, body: bytes) -> Answer:
    status, _ = server.post("/v1/traces", body, "application/x-protobuf")
    return Answer(None) if status == 200 else Answer(str(status), 1.0 if status in (429, 503) else None)


def fill(server: RunningServer, spans: int) -> list[bytes]:
    """The requests of so many spans, which can be read now. RuntimeError when one is refused."""
    prepared = requests_of(spans, 64, 1)
    for body in prepared:
        if refused := posted(server, body).refused:
            raise RuntimeError(f"not stored: {refused}")
    server.get("/api/v1/spans?limit=1")
    return prepared


def rss_mb(pid: int) -> float:
    status = Path(f"/proc/{pid}/status").read_text()
    return int(status.partition("VmRSS:")[2].split()[0]) * 1024 / 1e6


def files(pid: int) -> int:
    return len(os.listdir(f"/proc/{pid}/fd"))


async def measure(server: RunningServer, kind: Kind, count: int, body: bytes) -> str:
    pid = server.process.pid
    before = f"{rss_mb(pid):.0f}, {files(pid)}"
    writers = await opened(server, kind, count)
    await asyncio.sleep(SETTLE_S)
    served_s = await first_accepted_s(server, body)
    during = f"{rss_mb(pid):.0f}, {files(pid)}"
    for writer in writers:
        writer.transport.abort()
    await asyncio.sleep(SETTLE_S)
    after = f"{rss_mb(pid):.0f}, {files(pid)}"
    return f"| {count} | {kind.name} | {before} | {during} | {served_s:.1f} | {after} |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--connections", type=int, default=1000)
    parser.add_argument("--limit", default="384MB", help="service.memory_limit")
    options = parser.parse_args()
    with limited(options.limit) as server:
        prepared = fill(server, SPANS)
        print(f"{machine()}; limit {options.limit}")
        print("| connections | which | RSS MB, files before | meanwhile | accepted after s | when they have gone |")
        print("|---|---|---|---|---|---|")
        for kind in kinds():
            count = int(options.connections * kind.share)
            print(asyncio.run(measure(server, kind, count, prepared[0])), flush=True)
        if server.process.poll() is not None or "Traceback" in server.log:
            raise RuntimeError("the server had a fault of its own")


if __name__ == "__main__":
    main()
