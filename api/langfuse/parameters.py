"""Query strings of Langfuse's list routes: pages, times, order; unknown parameters are left alone, as Langfuse does."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from aiohttp import web

from api.errors import unknown
from api.parameters import parse_limit
from api.times import parse_time
from contract.errors import BadQuery

PAGE_LIMIT, PAGE_LIMIT_AT_MOST = 50, 100
PAGE_AT_MOST = 1_000_000
PAGE_DIGITS = 9


class Page(NamedTuple):
    number: int
    limit: int

    @property
    def skip(self) -> int:
        return (self.number - 1) * self.limit

    def meta(self, total: int) -> dict[str, int]:
        """The `meta` of a list: as Langfuse has it, no page where there is nothing."""
        pages = -(-total // self.limit)
        return {"page": self.number, "limit": self.limit, "totalItems": total, "totalPages": pages}

    def of(self, found: Sequence[Any]) -> Sequence[Any]:
        """The page's part of a list that is known whole."""
        return found[self.skip : self.skip + self.limit]


def parse_page(query: Mapping[str, str], most: int = PAGE_LIMIT_AT_MOST) -> Page:
    """`page` from 1, `limit` 50 where not given. Raises `BadQuery`."""
    page = query.get("page", "1")
    is_number = page.isascii() and page.isdigit() and len(page) <= PAGE_DIGITS
    if not is_number or not 1 <= int(page) <= PAGE_AT_MOST:
        raise BadQuery(f"page must be a number from 1 to {PAGE_AT_MOST}, not {page[:60]!r}", parameter="page")
    return Page(int(page), parse_limit(query.get("limit"), PAGE_LIMIT, most))


def parse_moment(query: Mapping[str, str], name: str, now_ns: int) -> int | None:
    """A time in ns; null where it is not given. Raises `BadQuery`."""
    text = query.get(name)
    return parse_time(text, now_ns, name) if text else None


def parse_order(text: str | None, names: Mapping[str, str], default: str) -> tuple[str, bool]:
    """`timestamp.desc` -> the value to order by, and whether downwards. Raises `BadQuery`."""
    name, _, direction = (text or default).rpartition(".")
    if direction.lower() not in ("asc", "desc"):
        raise BadQuery("orderBy takes a field, a dot, and asc or desc", parameter="orderBy")
    if name not in names:
        raise unknown("field of orderBy", name, names)
    return names[name], direction.lower() == "desc"


def parse_groups(text: str | None, groups: Sequence[str]) -> frozenset[str]:
    """The groups of fields that are asked for, all where none is named. Raises `BadQuery`."""
    asked = [word.strip() for word in (text or "").split(",") if word.strip()]
    for word in asked:
        if word not in groups:
            raise unknown("group of fields", word, groups)
    return frozenset(asked or groups)


def parse_flag(text: str, name: str) -> bool:
    """Raises `BadQuery` for what is neither true nor false."""
    if text.lower() not in ("true", "false"):
        raise BadQuery(f"{name} is true or false, not {text[:60]!r}", parameter=name)
    return text.lower() == "true"


def given(request: web.Request, name: str) -> str | None:
    """A parameter with something in it; SDKs leave others out, forms send them empty."""
    return request.query.get(name) or None


def all_given(request: web.Request, name: str) -> tuple[str, ...]:
    """A parameter that may be repeated; a single one may hold several values with commas, as JS SDK 3 sends a list.

    Source: langfuse/langfuse `web/src/features/public-api/server/filter-builder.ts`.
    """
    values = request.query.getall(name, ())
    return tuple(value for value in (values[0].split(",") if len(values) == 1 else values) if value)
