"""Certificates of the two ports: named in the configuration, read at the start, checked before anything is stored.

Key names as in the OpenTelemetry Collector (configtls: `cert_file`, `key_file`, `client_ca_file`).
"""

import ssl
from dataclasses import dataclass


class Unusable(Exception):
    """The files are no certificate and key; `str()` names them and says why."""


@dataclass(frozen=True, slots=True)
class Tls:
    """Paths of PEM files. With `client_ca_file` a client must show a certificate that it has signed (mTLS)."""

    cert_file: str
    key_file: str
    client_ca_file: str | None = None


def chosen(cert_file: str | None, key_file: str | None, client_ca_file: str | None) -> Tls | None:
    """None where none of the three is named. Raises ValueError where some are missing."""
    if not (cert_file or key_file or client_ca_file):
        return None
    if not (cert_file and key_file):
        raise ValueError("cert_file and key_file must be set together")
    return Tls(cert_file, key_file, client_ca_file)


def server_context(tls: Tls) -> ssl.SSLContext:
    """For the HTTP port: TLS 1.2 at least. Raises `Unusable`."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    try:
        context.load_cert_chain(tls.cert_file, tls.key_file)
        if tls.client_ca_file:
            context.load_verify_locations(tls.client_ca_file)
            context.verify_mode = ssl.CERT_REQUIRED
    except (OSError, ssl.SSLError) as error:
        named = ", ".join(name for name in (tls.cert_file, tls.key_file, tls.client_ca_file) if name)
        raise Unusable(f"{named}: {error.strerror or error}") from error
    return context


def files(tls: Tls) -> tuple[bytes, bytes, bytes | None]:
    """Key, certificate chain and the clients' authority as PEM, for the gRPC port. Raises `Unusable`."""
    server_context(tls)  # gRPC only says that no address could be bound
    with open(tls.key_file, "rb") as key, open(tls.cert_file, "rb") as chain:
        pair = key.read(), chain.read()
    if not tls.client_ca_file:
        return *pair, None
    with open(tls.client_ca_file, "rb") as authority:
        return *pair, authority.read()


def client_context(tls: Tls) -> ssl.SSLContext:
    """For this program's own commands: they talk to the very certificate, under whatever name. Raises `Unusable`."""
    try:
        context = ssl.create_default_context(cafile=tls.cert_file)
        context.check_hostname = False
        context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
        if tls.client_ca_file:
            context.load_cert_chain(tls.cert_file, tls.key_file)
    except (OSError, ssl.SSLError) as error:
        raise Unusable(f"{tls.cert_file}: {error.strerror or error}") from error
    return context
