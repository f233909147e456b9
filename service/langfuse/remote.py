"""JSON over HTTP with a server that may be busy: what may be asked again is, after the pause that it asks for.

Langfuse answers 429 with `Retry-After` where a plan's requests a minute are used up
(langfuse/langfuse `web/src/features/public-api/server/RateLimitService.ts`).
"""

import asyncio
import random
from collections.abc import Callable, Mapping
from typing import Any, Protocol

import aiohttp
import orjson

from service.client import RequestFailed

TIMEOUT = aiohttp.ClientTimeout(total=300, sock_connect=20, sock_read=120)
BUSY = 429
RETRIED = frozenset({408, BUSY, 500, 502, 503, 504, 520, 522, 524, 529})
TRIES = 4
"""Of a request that fails otherwise: 7 seconds of pauses."""
TRIES_WHILE_BUSY = 60
"""Of a request that is told to wait: an hour at the longest pause."""
FIRST_PAUSE_S, LONGEST_PAUSE_S = 1.0, 60.0
ANSWER_AT_MOST_BYTES = 64 << 20
"""A page of 100 records with 600 kB each; a larger page is asked for in smaller ones."""
NO_ANSWER, UNREADABLE = 0, -1
ABSENT = frozenset({404, 410})
"""What a server answers that has no such thing, or has it no more."""


class Refusal(RequestFailed):
    """What a server answered in the place of what was wanted, after all tries.

    `status` is that of HTTP; `NO_ANSWER` where there was none, `UNREADABLE` where it is no JSON or too much of it.
    """

    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status = status


class Asks(Protocol):
    """Asks one server; paths begin behind its address. Raises `Refusal` where the answer is no success."""

    async def json(self, method: str, path: str, body: Any = None, **asked: Any) -> Any:
        """The JSON that it answers; parameters that are None are left out, those that are lists repeated."""

    async def content(self, url: str, at_most_bytes: int) -> bytes:
        """The bytes of an address that it has named, which gets no key."""

    async def put(self, url: str, data: bytes, headers: Mapping[str, str]) -> None:
        """Bytes to an address that it has named, which gets no key."""


class Site:
    """`Asks` over aiohttp; `session` has no key of its own."""

    def __init__(
        self, session: aiohttp.ClientSession, url: str, keys: tuple[str, str] | None, tell: Callable[[str], None]
    ) -> None:
        self.url = url.rstrip("/")
        self._session, self._tell = session, tell
        self._headers = {"Authorization": aiohttp.encode_basic_auth(*keys)} if keys else {}

    async def json(self, method: str, path: str, body: Any = None, **asked: Any) -> Any:
        headers = {"Content-Type": "application/json", **self._headers}
        data = None if body is None else body if isinstance(body, bytes) else orjson.dumps(body)
        params = [
            (name, str(each))
            for name, value in asked.items()
            for each in (value if isinstance(value, list) else [value])
            if each is not None
        ]
        return await self._answer(method, f"{self.url}/{path}", _parsed, data=data, headers=headers, params=params)

    async def content(self, url: str, at_most_bytes: int) -> bytes:
        return bytes(await self._answer("GET", url, bytes, at_most_bytes=at_most_bytes))

    async def put(self, url: str, data: bytes, headers: Mapping[str, str]) -> None:
        await self._answer("PUT", url, bytes, data=data, headers=headers)

    async def _answer(self, method: str, url: str, parse: Callable[[bytes], Any], **request: Any) -> Any:
        """The body of a success, parsed."""
        tries = 0
        while True:
            tries += 1
            try:
                return await self._once(method, url, parse, **request)
            except _Again as again:
                if tries >= (TRIES_WHILE_BUSY if again.refusal.status == BUSY else TRIES):
                    raise again.refusal from again
                pause_s = again.pause_s or min(FIRST_PAUSE_S * 2 ** (tries - 1), LONGEST_PAUSE_S)
                if pause_s >= LONGEST_PAUSE_S / 4:
                    self._tell(f"{again.refusal}; goes on in {pause_s:.0f} s")
            await asyncio.sleep(pause_s * random.uniform(1.0, 1.2))

    async def _once(
        self,
        method: str,
        url: str,
        parse: Callable[[bytes], Any],
        *,
        at_most_bytes: int = ANSWER_AT_MOST_BYTES,
        **request: Any,
    ) -> Any:
        what = f"{method} {url.partition('?')[0]}"
        try:
            async with self._session.request(method, url, allow_redirects=False, timeout=TIMEOUT, **request) as answer:
                text = await _read(answer, at_most_bytes, what)
                status, retry_after = answer.status, answer.headers.get("Retry-After", "")
        except (aiohttp.ClientPayloadError, aiohttp.ServerDisconnectedError) as error:
            raise _Again(Refusal(UNREADABLE, f"{what} was not answered to the end: {error}")) from error
        except (aiohttp.ClientConnectionError, TimeoutError, OSError) as error:
            raise _Again(Refusal(NO_ANSWER, f"{what} is not answered: {error or type(error).__name__}")) from error
        except (aiohttp.ClientError, ValueError) as error:
            raise Refusal(NO_ANSWER, f"{what} cannot be asked: {error}") from error
        if status in RETRIED:
            raise _Again(Refusal(status, f"{what} answered {status}"), seconds(retry_after))
        if not 200 <= status < 300:
            raise Refusal(status, f"{what} answered {status}: {text[:200].decode(errors='replace')}")
        try:
            return parse(text)
        except orjson.JSONDecodeError as error:
            raise _Again(Refusal(UNREADABLE, f"{what} did not answer JSON: {error}")) from error


class _Again(Exception):
    """A refusal that another try may change, and the pause that was asked for (0: none)."""

    def __init__(self, refusal: Refusal, pause_s: float = 0) -> None:
        super().__init__(str(refusal))
        self.refusal, self.pause_s = refusal, pause_s


async def _read(answer: aiohttp.ClientResponse, at_most_bytes: int, what: str) -> bytes:
    text = bytearray()
    async for piece in answer.content.iter_chunked(1 << 16):
        text += piece
        if len(text) > at_most_bytes:
            raise Refusal(UNREADABLE, f"{what} answered more than {at_most_bytes} bytes")
    return bytes(text)


def _parsed(text: bytes) -> Any:
    return orjson.loads(text) if text else None


def seconds(retry_after: str) -> float:
    """Of a `Retry-After` in seconds; 0 where it is none."""
    return min(float(retry_after), LONGEST_PAUSE_S) if retry_after.isascii() and retry_after.isdigit() else 0.0
