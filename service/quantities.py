"""From what a person writes (`256MB`, `10s`, `127.0.0.1:4318`) to the value the program uses.

Each function takes a YAML value or the text of a variable or flag, and raises ValueError saying what was expected.
"""

import re
from collections.abc import Callable
from typing import Any, NamedTuple
from urllib.parse import unquote, urlsplit

AUTO = "auto"
NONE = "none"
HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
"""A token of RFC 9110, section 5.6.2."""

SIZE_UNITS = {
    "b": 1,
    "kb": 1000, "mb": 1000**2, "gb": 1000**3, "tb": 1000**4,
    "kib": 1 << 10, "mib": 1 << 20, "gib": 1 << 30, "tib": 1 << 40,
    "k": 1 << 10, "m": 1 << 20, "g": 1 << 30, "t": 1 << 40,
    "ki": 1 << 10, "mi": 1 << 20, "gi": 1 << 30, "ti": 1 << 40,
}  # fmt: skip
"""KB is 1,000 bytes and KiB 1,024, as DuckDB reads them; `m` is docker's and `Mi` Kubernetes' way to write MiB."""

SECOND_UNITS = {"ms": 0.001, "s": 1, "m": 60, "h": 3600, "d": 86400}

QUANTITY = re.compile(r"\s*(\d+(?:\.\d+)?)\s*([A-Za-z]*)\s*")


UNIX = "unix://"


class Endpoint(NamedTuple):
    """Where to listen: host and port, or the path of a Unix domain socket. An empty host without a path is every
    interface, as in the Collector's `:4318`."""

    host: str
    port: int
    path: str = ""

    def __str__(self) -> str:
        if self.path:
            return f"{UNIX}{self.path}"
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


def endpoint(value: Any) -> Endpoint:
    """`HOST:PORT`, `[IPv6]:PORT` or `:PORT`, port 0 is any free one; or `unix:///PATH`."""
    wanted = "expected HOST:PORT such as 127.0.0.1:4318, or unix:///run/tracepond.sock"
    if not isinstance(value, str):
        raise ValueError(f"{wanted}, got {described(value)}")
    if value.startswith(UNIX):
        return _unix_endpoint(value)
    host, colon, port = value.strip().rpartition(":")
    if host.startswith("[") and host.endswith("]"):
        host = host[1:-1]
    elif ":" in host or "/" in host:
        raise ValueError(f"{wanted} (an IPv6 address in brackets, no http://), got {value!r}")
    if not colon or not (port.isascii() and port.isdigit()) or int(port) > 65535:
        raise ValueError(f"{wanted}, a port from 0 to 65535, got {value!r}")
    return Endpoint(host, int(port))


def _unix_endpoint(value: str) -> Endpoint:
    path = value.removeprefix(UNIX)
    if not path.startswith("/") or path.endswith("/"):
        raise ValueError(f"expected an absolute path, as in unix:///run/tracepond.sock, got {value!r}")
    return Endpoint("", 0, path)


def endpoint_or_off(value: Any) -> Endpoint | None:
    """As `endpoint`; empty switches it off."""
    return None if value in ("", None) else endpoint(value)


def count(value: Any) -> int:
    """A whole number above 0."""
    if isinstance(value, str) and value.strip().isascii() and value.strip().isdigit():
        value = int(value)
    if not isinstance(value, int) or isinstance(value, bool) or value < 1:
        raise ValueError(f"expected a whole number above 0, got {described(value)}")
    return value


def size(value: Any) -> int:
    """Bytes from `256MB`, `1.5GiB` or a plain number of bytes."""
    units = "expected a size such as 256MB or 1GiB"
    number, factor = _quantity(value, SIZE_UNITS, "b", units)
    total = int(number * factor)
    if total < 1:
        raise ValueError(f"{units}, got {described(value)}")
    return total


def or_auto(parse: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """As `parse`, or `auto` (None)."""

    def parse_or_auto(value: Any) -> Any:
        if value == AUTO:
            return None
        try:
            return parse(value)
        except ValueError as error:
            raise ValueError(str(error).replace("expected ", "expected auto or ", 1)) from error

    return parse_or_auto


def seconds(value: Any) -> float:
    """Seconds from `10s`, `500ms`, `2m` or a plain number of seconds."""
    number, factor = _quantity(value, SECOND_UNITS, "s", "expected a duration such as 10s, 500ms or 2m")
    return number * factor


def seconds_above_0(value: Any) -> float:
    """As `seconds`, and not none at all."""
    found = seconds(value)
    if not found:
        raise ValueError(f"expected a duration above 0, got {described(value)}")
    return found


def or_none(parse: Callable[[Any], Any], *, unit: bool = False) -> Callable[[Any], Any]:
    """As `parse`, above 0, or `none` (None). With `unit` it must have one: who writes 14 may mean days, not seconds."""

    def parse_limit(value: Any) -> Any:
        if value == NONE:
            return None
        if unit and str(value).replace(".", "", 1).isdigit():
            raise ValueError(f"expected none or a number with a unit, got {described(value)}")
        try:
            limit = parse(value)
        except ValueError as error:
            raise ValueError(str(error).replace("expected ", "expected none or ", 1)) from error
        if not limit:
            raise ValueError(f"expected none or more than 0, got {described(value)}")
        return limit

    return parse_limit


def text(value: Any) -> str:
    """Text that is not empty."""
    if not isinstance(value, str) or not value.strip():
        raise ValueError(f"expected text, got {described(value)}")
    return value


def path_or_none(value: Any) -> str | None:
    """A path, or `none` (None)."""
    return None if value == NONE else text(value)


def url_or_none(value: Any) -> str | None:
    """`http://HOST:PORT`, `https://...` with a path or without, or `none` (None)."""
    if value == NONE:
        return None
    try:
        parts = urlsplit(text(value).strip())
        parts.port  # noqa: B018 - says whether it is one
    except ValueError as error:
        raise ValueError(f"expected none or a URL such as http://collector:4318, got {described(value)}") from error
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment:
        raise ValueError(f"expected none or a URL such as http://collector:4318, got {described(value)}")
    return parts.geturl().rstrip("/")


MASK = "********"
"""What `config print` shows in the place of a secret."""


def no_mask(text: str, what: str) -> str:
    """The text; ValueError where it is the mask: somebody could come in who has read it."""
    if text == MASK:
        raise ValueError(f"{what} is what `config print` shows in the place of a secret: put the secret itself there")
    return text


def headers(value: Any) -> tuple[tuple[str, str], ...]:
    """`name=value` texts: a list, or with commas between them as in OTEL_EXPORTER_OTLP_HEADERS. Never shows a value."""
    given = [part for part in value.split(",") if part.strip()] if isinstance(value, str) else value
    if not isinstance(given, list) or not all(isinstance(each, str) and "=" in each for each in given):
        raise ValueError("expected a list of name=value")
    found = tuple((name.strip(), unquote(text.strip())) for name, _, text in (each.partition("=") for each in given))
    if not all(HEADER_NAME.fullmatch(name) and text.isprintable() for name, text in found):
        raise ValueError("expected header names, and values of printable characters")
    return tuple((name, no_mask(text, f"the value of {name}")) for name, text in found)


def names(value: Any) -> tuple[str, ...]:
    """Names: a list, or a text with commas between them (an empty one is none)."""
    given = [] if value == "" else value.split(",") if isinstance(value, str) else value
    if not isinstance(given, list) or not all(isinstance(name, str) and name.strip() for name in given):
        raise ValueError(f"expected a list of names, got {described(value)}")
    return tuple(name.strip() for name in given)


ORIGIN = re.compile(r"[a-z][a-z0-9+.-]*://[a-z0-9.*\[\]:_-]+")
"""Scheme, host and port, as browsers send them: no path, no slash at the end. `*` may stand in the host."""


def origins(value: Any) -> tuple[str, ...]:
    """Origins of web pages, in lower case, or `*`."""
    found = tuple(name.lower() for name in names(value))
    for origin in found:
        if origin not in ("*", "null") and not ORIGIN.fullmatch(origin):
            raise ValueError(f"expected origins such as https://shop.example, without a path, got {origin!r}")
    return found


def header_names(value: Any) -> tuple[str, ...]:
    """Names of HTTP headers in lower case, or `*`."""
    found = tuple(name.lower() for name in names(value))
    for name in found:
        if not re.fullmatch(r"[a-z0-9_-]+|\*", name):
            raise ValueError(f"expected names of headers such as x-tenant, got {name!r}")
    return found


def one_of(*choices: str) -> Callable[[Any], str]:
    """One of the words, in any case."""

    def parse(value: Any) -> str:
        word = value.strip().lower() if isinstance(value, str) else value
        if word not in choices:
            raise ValueError(f"expected one of {', '.join(choices)}, got {described(value)}")
        return str(word)

    return parse


def described(value: Any) -> str:
    """A value of the wrong type for an error message, with the cause when YAML is it."""
    if isinstance(value, bool):
        return (
            f"{str(value).lower()} (YAML reads on, off, yes and no as true and false; quote the word if you meant it)"
        )
    if isinstance(value, dict):
        return "a mapping"
    if isinstance(value, list):
        return "a list"
    if value is None:
        return "nothing"
    return repr(value)


def _quantity(value: Any, units: dict[str, Any], plain_unit: str, wanted: str) -> tuple[float, float]:
    if isinstance(value, bool) or not isinstance(value, (str, int, float)):
        raise ValueError(f"{wanted}, got {described(value)}")
    match = QUANTITY.fullmatch(str(value))
    unit = (match[2] or plain_unit).lower() if match else ""
    if match is None or unit not in units:
        raise ValueError(f"{wanted}, got {described(value)}")
    return float(match[1]), units[unit]
