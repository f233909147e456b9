"""What arrives is also sent to another OTLP endpoint, unchanged, after it is committed here (`exporters.otlp`).

It never delays or fails what arrives: a request that finds no room is counted and left out. Status codes as in the OTLP
specification, "OTLP/HTTP Response": 429, 502, 503 and 504 are tried again, with the pause that the answer asks for.

Servers that send on to each other end the round by the header `Via` (RFC 9110, section 7.6.3): each adds its own id,
and one that finds its id there, or too many others, keeps the request to itself.
"""

import asyncio
import logging
import random
import re
import secrets
from collections import Counter, deque
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any, TypeVar

import aiohttp

from contract.stats import Sample
from service.spool import Spool, Waiting

LOGGER = logging.getLogger(__name__)

IN_MEMORY_BYTES = 32 << 20
"""Requests on their way to the disk; more come only where the disk is slower than the network."""
SENDERS = 4
TIMEOUT_S = 30.0
FIRST_PAUSE_S, LONGEST_PAUSE_S = 1.0, 60.0
RETRIED = frozenset({429, 502, 503, 504})
MOST_HOPS = 8
"""Servers that a request may have passed: more than chains have, and an end where ids change with restarts."""
HOP = re.compile(r"\btracepond-([0-9a-f]{16})\b")
WITHOUT_TLS = re.compile(r" ssl:(default|<[^>]*>)")
"""In aiohttp's words for every connection that fails, also of `http://`."""
Result = TypeVar("Result")
CONTENT_TYPES = {"protobuf": "application/x-protobuf", "json": "application/json"}


class Forwarder:
    """`open`, `run` until cancelled, `close`; `offer` from the event loop. What was not sent by then is on disk."""

    def __init__(self, spool: Spool, endpoint: str, headers: Mapping[str, str]) -> None:
        self._spool = spool
        self._endpoint = endpoint.rstrip("/")
        self._headers = dict(headers)
        self._id = secrets.token_hex(8)
        self._incoming: deque[tuple[str, str, bytes, tuple[str, ...]]] = deque()
        self._incoming_bytes = 0
        self._arrived, self._stored = asyncio.Event(), asyncio.Event()
        self._disk = ThreadPoolExecutor(max_workers=1, thread_name_prefix="forward")
        self._fates: Counter[str] = Counter(dict.fromkeys(("sent", "rejected", "dropped", "returned"), 0))
        self._failures = 0
        self._last_error = ""

    def offer(self, signal: str, content: str, body: bytes, via: str = "") -> None:
        """`via` is the request's `Via` header. Never raises, never waits."""
        hops = tuple(HOP.findall(via))
        if self._id in hops or len(hops) >= MOST_HOPS:
            self._fates["returned"] += 1
            return
        if self._incoming_bytes + len(body) > IN_MEMORY_BYTES:
            self._drop("the disk does not keep up")
            return
        self._incoming.append((signal, content, body, (*hops, self._id)))
        self._incoming_bytes += len(body)
        self._arrived.set()

    def stats(self) -> list[Sample]:
        fates = [Sample("forwarded_requests_total", {"fate": fate}, count) for fate, count in self._fates.items()]
        return [*fates, Sample("forward_queue_bytes", {}, self._spool.size_bytes + self._incoming_bytes)]

    def report(self) -> dict[str, Any]:
        """For `/api/v1/status`."""
        waiting = len(self._spool) + len(self._incoming)
        return {
            "endpoint": self._endpoint,
            "waiting_requests": waiting,
            **self._fates,
            "last_error": self._last_error[:300],
        }

    async def open(self) -> None:
        """Before `run`. Raises OSError when the queue cannot be kept."""
        await self._on_disk(self._spool.open)

    async def run(self) -> None:
        """Bring to disk, send on; ends by being cancelled."""
        self._stored.set()
        timeout = aiohttp.ClientTimeout(total=TIMEOUT_S)
        session = aiohttp.ClientSession(timeout=timeout, headers=self._headers, trust_env=True)
        async with session, asyncio.TaskGroup() as tasks:
            tasks.create_task(self._keep())
            tasks.create_task(self._send(session))

    async def close(self) -> None:
        """What is still in memory is on disk."""
        await self._keep_all()
        if waiting := len(self._spool):
            LOGGER.info("forwarding to %s: %d requests wait on disk for the next start", self._endpoint, waiting)
        await self._on_disk(self._spool.close)
        self._disk.shutdown()

    async def _on_disk(self, work: Callable[[], Result]) -> Result:
        return await asyncio.get_running_loop().run_in_executor(self._disk, work)

    async def _keep(self) -> None:
        while True:
            await self._arrived.wait()
            self._arrived.clear()
            await self._keep_all()

    async def _keep_all(self) -> None:
        while self._incoming:
            signal, content, body, hops = self._incoming.popleft()
            try:
                if not await self._on_disk(partial(self._spool.put, signal, content, body, hops)):
                    self._drop("exporters.otlp.queue_mib is full")
            except OSError as error:
                self._drop(f"the queue cannot be written: {error.strerror}")
            finally:
                self._incoming_bytes -= len(body)  # until here it is in memory
            self._stored.set()

    async def _send(self, session: aiohttp.ClientSession) -> None:
        while True:
            await self._stored.wait()
            self._stored.clear()
            while len(self._spool):
                pauses_s = await asyncio.gather(*(self._send_next(session) for _ in range(SENDERS)))
                await asyncio.sleep(max(pauses_s))

    async def _send_next(self, session: aiohttp.ClientSession) -> float:
        """The oldest that waits, if any; seconds of pause that are due after it."""
        request = self._spool.take()
        if request is None:
            return 0
        try:
            pause_s = await self._posted(session, request)
        except FileNotFoundError:
            self._drop("its file is gone")
            pause_s = 0.0
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            self._tell(f"{type(error).__name__}: {WITHOUT_TLS.sub('', str(error))}")
            pause_s = self._pause_s()
        except BaseException:
            self._spool.put_back(request)
            raise
        if pause_s:
            self._spool.put_back(request)
        else:
            await self._settled(request)
        return pause_s

    async def _settled(self, request: Waiting) -> None:
        """A file that cannot be removed is sent again by the next run: the other side stores it once, as we do."""
        try:
            await self._on_disk(partial(self._spool.remove, request))
        except OSError as error:
            self._tell(f"the queue cannot be changed: {error.strerror}")

    async def _posted(self, session: aiohttp.ClientSession, request: Waiting) -> float:
        """0 when it is settled, else after how many seconds it may be sent again. Raises what aiohttp raises."""
        body = await self._on_disk(partial(self._spool.read, request))
        headers = {"Content-Type": CONTENT_TYPES[request.content], "Via": via(request.hops)}
        url = f"{self._endpoint}/v1/{request.signal}"
        async with session.post(url, data=body, headers=headers, allow_redirects=False) as answer:
            status, retry_after = answer.status, answer.headers.get("Retry-After", "")
        if status in RETRIED:
            self._tell(f"{url} answered {status}")
            return seconds(retry_after) or self._pause_s()
        if self._failures:
            self._works_again()
        self._fates["sent" if status < 300 else "rejected"] += 1
        if status >= 300:
            self._tell(f"{url} answered {status}: what it does not want is not sent again")
        return 0

    def _works_again(self) -> None:
        self._failures, self._last_error = 0, ""
        LOGGER.info("forwarding to %s: it answers again", self._endpoint)

    def _pause_s(self) -> float:
        """Twice as long after each round of failures, a little different each time."""
        self._failures += 1
        rounds = (self._failures - 1) // SENDERS
        return float(min(FIRST_PAUSE_S * 2 ** min(rounds, 10), LONGEST_PAUSE_S) * random.uniform(0.8, 1.2))

    def _drop(self, why: str) -> None:
        self._fates["dropped"] += 1
        self._tell(f"a request is not sent on: {why}")

    def _tell(self, what: str) -> None:
        """Logged when it is news; requests are counted."""
        if what != self._last_error:
            LOGGER.warning("forwarding to %s: %s", self._endpoint, what[:300])
        self._last_error = what


def via(hops: Iterable[str]) -> str:
    """The header that `HOP` reads: a pseudonym for each server, in the order in which they sent it on."""
    return ", ".join(f"1.1 tracepond-{hop}" for hop in hops)


def seconds(retry_after: str) -> float:
    """Of a `Retry-After` in seconds; 0 where it is none."""
    return min(float(retry_after), LONGEST_PAUSE_S) if retry_after.isascii() and retry_after.isdigit() else 0.0
