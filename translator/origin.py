"""What a resource says of every span below it, read once per resource and batch."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from contract.span import Resource
from translator import encode
from translator.values import text

ENVIRONMENT = ("langfuse.environment", "deployment.environment.name", "deployment.environment", "gen_ai.environment")
"""In this order of keys, whichever of span and resource holds them."""
RELEASE = ("langfuse.release",)
VERSION = ("langfuse.version", "service.version")


class Origin(NamedTuple):
    raw: str | None
    service_name: str | None
    environment: str | None
    release: str | None
    version: str | None


def origin_of(resource: Resource) -> Origin:
    """The columns that a resource fills where the span says nothing."""
    sent = resource.attributes
    return Origin(
        encode.resource(resource),
        text(sent.get("service.name")),
        _first(ENVIRONMENT, sent),
        _first(RELEASE, sent),
        _first(VERSION, sent),
    )


def environment(span: Mapping[str, Any], resource: Mapping[str, Any]) -> str | None:
    """The environment where both the span and its resource name one."""
    return _first(ENVIRONMENT, span, resource)


def _first(keys: tuple[str, ...], *places: Mapping[str, Any]) -> str | None:
    for key in keys:
        for sent in places:
            found = text(sent.get(key))
            if found is not None:
                return found
    return None
