"""Files beside spans, as Langfuse's SDKs send them: announced with a key, uploaded and fetched by a signed address.

An SDK announces a file by its SHA-256, PUTs its bytes to the address it is given, without credentials, and says how
that went; where the bytes are here already it is given no address. Sources: langfuse/langfuse
`web/src/pages/api/public/media`, langfuse-python `langfuse/_task_manager/media_manager.py` (the id must be the one
that the SDK has made itself).
"""

import base64
import binascii
import hashlib
import hmac
import os
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import urlencode

from aiohttp import web

from contract.access import Identity
from contract.errors import Forbidden, NotFound, Refused
from contract.media import Media, MediaStore, MediaUse
from receiver.admission import Admission
from receiver.body import read_body, too_large
from receiver.intake import require_ingest
from receiver.langfuse_answers import at, json_response, status_response
from receiver.langfuse_values import BadEvent, identifier
from receiver.limits import Limits
from receiver.otlp_json_values import load
from receiver.status import WireStatus

ID_CHARACTERS = 22
VALID_S = 3600
"""How long an address may be used."""
FIELDS = ("input", "output", "metadata")
JSON_AT_MOST_BYTES = 64 << 10
"""Of an announcement or a report, which are read on the event loop; those of the SDKs have 300."""
SHOWN = ("image/png", "image/jpeg", "image/gif", "image/webp", "image/avif", "audio/", "video/")
"""Types that a browser may show: none of them runs as a page."""
HARMLESS = {
    "Content-Security-Policy": "default-src 'none'; sandbox",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "private, no-store",
}
"""On the bytes: they are somebody's input, and the address is that of the API."""
UPLOAD, DOWNLOAD = "upload", "download"
UPLOAD_PATH, DOWNLOAD_PATH = at("media/{media_id}/upload"), at("media/{media_id}/download")
"""Answered without credentials: the address is signed."""


def media_id_of(sha256: bytes) -> str:
    """The beginning of the digest in base64, as SDKs make it and insist on."""
    return base64.urlsafe_b64encode(sha256).decode()[:ID_CHARACTERS]


@dataclass(frozen=True)
class MediaRoutes:
    """Handlers of the routes; each raises what the client is to be told."""

    store: MediaStore
    admission: Admission
    limits: Limits
    clock_s: Callable[[], float] = time.time
    secret: bytes = field(default_factory=lambda: os.urandom(32))
    """Of this process: addresses do not outlive it."""

    async def announce(self, request: web.Request, identity: Identity) -> tuple[int, dict[str, Any]]:
        """201 with the file's id, and the address for its bytes where they are not here."""
        require_ingest(identity)
        media, use = announced(await self._json(request), self.limits.max_body_bytes)
        known = await self.store.announce(identity.project, media, use)
        url = None if known.uploaded_ns else self._url(request, identity.project, media.media_id, UPLOAD)
        return 201, {"mediaId": media.media_id, "uploadUrl": url}

    async def report(self, request: web.Request, identity: Identity) -> tuple[int, dict[str, Any]]:
        """How the upload went, in the words of the SDK: what is here tells more."""
        require_ingest(identity)
        await self._json(request)
        await self._found(identity.project, request)
        return 200, {}

    async def describe(self, request: web.Request, identity: Identity) -> tuple[int, dict[str, Any]]:
        """The file and the address of its bytes; 404 while they are not here."""
        if "read" not in identity.scopes:
            raise Forbidden("this key may not read (scope read)")
        media = await self._found(identity.project, request)
        if media.uploaded_ns is None:
            raise NotFound(f"media {media.media_id} is announced and was not uploaded")
        return 200, {
            "mediaId": media.media_id,
            "contentType": media.content_type,
            "contentLength": media.size_bytes,
            "uploadedAt": moment(media.uploaded_ns / 1e9),
            "url": self._url(request, identity.project, media.media_id, DOWNLOAD),
            "urlExpiry": moment(self.clock_s() + VALID_S),
        }

    async def upload(self, request: web.Request) -> web.Response:
        """The bytes of a file, kept if they are the announced ones."""
        project = self._signed(request, UPLOAD)
        media = await self._found(project, request)
        with self.admission.hold() as hold:
            data = await read_body(request.content, request.content_length, self.limits, hold)
            if hashlib.sha256(data).hexdigest() != media.sha256 or len(data) != media.size_bytes:
                raise Refused("these are not the bytes that were announced")
            await self.store.put(project, media.media_id, data)
        return web.Response(status=200)

    async def download(self, request: web.Request) -> web.Response:
        """The bytes; as a file to be saved where a browser could take them for a page."""
        project = self._signed(request, DOWNLOAD)
        media = await self._found(project, request)
        data = await self.store.read(project, media.media_id)
        if data is None:
            raise NotFound(f"media {media.media_id} was not uploaded")
        shown = media.content_type.startswith(SHOWN)
        headers = {
            **HARMLESS,
            "Content-Disposition": "inline" if shown else "attachment",
            "Content-Type": media.content_type.partition(";")[0] if shown else "application/octet-stream",
        }
        return web.Response(body=data, headers=headers)

    async def _json(self, request: web.Request) -> Mapping[str, Any]:
        limits = replace(self.limits, max_body_bytes=min(self.limits.max_body_bytes, JSON_AT_MOST_BYTES))
        with self.admission.hold() as hold:
            text = await read_body(request.content, request.content_length, limits, hold)
            body = load(text, limits.max_objects)
        if not isinstance(body, dict):
            raise Refused("the body must be a JSON object")
        return body

    async def _found(self, project: str, request: web.Request) -> Media:
        media_id = request.match_info["media_id"]
        media = await self.store.find(project, media_id)
        if media is None:
            raise NotFound(f"no media {media_id[:100]!r}")
        return media

    def _url(self, request: web.Request, project: str, media_id: str, action: str) -> str:
        """The address of the bytes for an hour, below the path by which the client came."""
        expires = int(self.clock_s()) + VALID_S
        asked = {"project": project, "expires": expires}
        signature = self._signature(action, project, media_id, str(expires))
        scheme = request.headers.get("X-Forwarded-Proto", "")
        base = f"{scheme if scheme in ('http', 'https') else request.scheme}://{request.host}"
        prefix = request.path.partition("api/public/")[0].rstrip("/")
        query = urlencode(asked | {"signature": signature})
        return f"{base}{prefix}/api/public/media/{media_id}/{action}?{query}"

    def _signed(self, request: web.Request, action: str) -> str:
        """The project of a signed address. Raises `Forbidden` for one that is not signed for this, or not any more."""
        project, expires, signature = (request.query.get(name, "") for name in ("project", "expires", "signature"))
        known = self._signature(action, project, request.match_info["media_id"], expires)
        if not hmac.compare_digest(known, signature.encode("ascii", "replace").decode()):
            raise Forbidden("the address is not signed for this")
        if int(expires) < self.clock_s():
            raise Forbidden("the address has expired")
        return project

    def _signature(self, *parts: str) -> str:
        text = "\n".join(parts).encode(errors="surrogatepass")
        return hmac.new(self.secret, text, hashlib.sha256).hexdigest()


def routes(media: MediaRoutes, failure: Callable[[Exception], WireStatus]) -> list[web.RouteDef]:
    """The routes; `failure` says what is answered to an error (`Intake.failure`)."""

    def handler(handle: Callable[[web.Request], Awaitable[web.Response]]) -> Any:
        async def answered(request: web.Request) -> web.Response:
            try:
                return await handle(request)
            except Exception as error:
                return status_response(failure(error))

        return answered

    def with_key(handle: Callable[[web.Request, Identity], Awaitable[tuple[int, dict[str, Any]]]]) -> Any:
        async def answered(request: web.Request) -> web.Response:
            status, body = await handle(request, request.get("identity") or Identity())
            return json_response(body, status)

        return handler(answered)

    return [
        web.post(at("media"), with_key(media.announce)),
        web.patch(at("media/{media_id}"), with_key(media.report)),
        web.get(at("media/{media_id}"), with_key(media.describe)),
        web.put(UPLOAD_PATH, handler(media.upload)),
        web.get(DOWNLOAD_PATH, handler(media.download)),
    ]


def announced(body: Mapping[str, Any], max_bytes: int) -> tuple[Media, MediaUse]:
    """The file and where it is used. Raises `Refused`."""
    digest = _digest(body.get("sha256Hash"))
    content_type, size = body.get("contentType"), body.get("contentLength")
    if not isinstance(content_type, str) or not content_type.isprintable() or "/" not in content_type:
        raise Refused("contentType must be a media type, such as image/png")
    if not isinstance(size, int) or isinstance(size, bool) or size <= 0:
        raise Refused("contentLength must be a number of bytes")
    if size > max_bytes:
        raise too_large(max_bytes, "media")
    return Media(media_id_of(digest), content_type, size, digest.hex()), _use(body)


def _digest(text: Any) -> bytes:
    try:
        digest = base64.b64decode(text, validate=True) if isinstance(text, str) else b""
    except (binascii.Error, ValueError):
        digest = b""
    if len(digest) != hashlib.sha256().digest_size:
        raise Refused("sha256Hash must be a SHA-256 in base64")
    return digest


def _use(body: Mapping[str, Any]) -> MediaUse:
    if body.get("field") not in FIELDS:
        raise Refused(f"field must be one of {', '.join(FIELDS)}")
    try:
        trace_id = identifier(body.get("traceId"), "traceId")
        span_id = identifier(body.get("observationId"), "observationId")
    except BadEvent as error:
        raise Refused(str(error)) from None
    return MediaUse(trace_id or "", span_id, body["field"])


def moment(seconds: float) -> str:
    """ISO 8601 in UTC with milliseconds."""
    whole = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(seconds))
    return f"{whole}.{int(seconds * 1000) % 1000:03d}Z"
