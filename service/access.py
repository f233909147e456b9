"""Who asks: one function for every HTTP route (`service/application.py`) and every gRPC call (`receiver/otlp_grpc.py`).

CVE-2026-2652 (MLflow) is the reason for "one": there the OTLP path had been forgotten.
"""

import base64
import binascii
import hashlib
import hmac
from collections.abc import Mapping

from contract.access import SCORE, Identity
from contract.errors import Unauthorized
from service.config import Auth
from service.projects import Project


class Access:
    """`contract.access.Authenticate` by the configuration's `auth:` block."""

    def __init__(self, auth: Auth) -> None:
        self._projects = auth.projects if auth.mode == "keys" else ()
        self._open = auth.mode == "none"

    def __call__(self, headers: Mapping[str, str]) -> Identity:
        """The project that the credentials open; with mode `none` the default one. Raises `Unauthorized`."""
        if self._open:
            return Identity()
        public_key, secret_key = credentials(headers)
        found = None
        for project in self._projects:  # all of them, whatever is found: time must not tell which key was nearly right
            if matches(project, public_key, secret_key):
                found = project
        if found is None:
            return self._browser(public_key, secret_key)
        return Identity(found.name, found.scopes)

    def _browser(self, public_key: str | None, given: str) -> Identity:
        """A public key in the place of a secret one may post scores. Raises `Unauthorized` for all else."""
        for project in self._projects if public_key is None else ():
            if same(project.public_key, given) and "ingest" in project.scopes:
                return Identity(project.name, frozenset({SCORE}))
        raise Unauthorized("these credentials open no project")


def credentials(headers: Mapping[str, str]) -> tuple[str | None, str]:
    """(public key or None, secret key) out of `Authorization` (Basic, Bearer) or `x-api-key`. Raises `Unauthorized`."""
    authorization = headers.get("authorization", "").strip()
    scheme, _, rest = authorization.partition(" ")
    rest = rest.strip()
    if scheme.lower() == "basic":
        return basic(rest)
    if scheme.lower() == "bearer" and rest:
        return None, rest
    if authorization:
        raise Unauthorized("the Authorization header must be `Basic` (public key as user, secret key) or `Bearer`")
    if api_key := headers.get("x-api-key", "").strip():
        return None, api_key
    raise Unauthorized(
        "credentials are needed: Basic with public and secret key, `Authorization: Bearer SECRET_KEY` or `x-api-key`"
    )


def basic(encoded: str) -> tuple[str, str]:
    """User and password of Basic credentials (RFC 7617). Raises `Unauthorized`."""
    try:
        user, colon, password = base64.b64decode(encoded, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError, ValueError):
        raise Unauthorized("the Basic credentials are not base64 of `public key:secret key`") from None
    if not colon:
        raise Unauthorized("the Basic credentials are not base64 of `public key:secret key`")
    return user, password


def matches(project: Project, public_key: str | None, secret_key: str) -> bool:
    """Whether the keys are the project's, in a time that does not depend on them."""
    public_fits = same(project.public_key, project.public_key if public_key is None else public_key)
    return same(project.secret_key, secret_key) & public_fits


def same(known: str, given: str) -> bool:
    """Equality of digests, so that neither length nor prefix shows in the time."""
    return hmac.compare_digest(digest(known), digest(given))


def digest(text: str) -> bytes:
    return hashlib.sha256(text.encode(errors="surrogateescape")).digest()
