"""Reading by the API of Langfuse's Python SDKs, whose parts have other names in each version."""

import json
from collections.abc import Iterable
from typing import Any

GROUPS = "core,basic,io,model,usage,metadata"
"""Fields of observations that the second API tells where they are asked for."""


def plain(records: Iterable[Any]) -> list[dict[str, Any]]:
    """As they stand in the answers; the second API of 3 hands them over as they are."""
    return [record if isinstance(record, dict) else json.loads(record.json()) for record in records]


def read_all(api: object, *names: str, **query: Any) -> list[dict[str, Any]]:
    """What each of these parts of the API gives, where the version has it."""
    found = []
    for name in names:
        *holders, method = name.split(".")
        place = api
        for holder in holders:
            place = getattr(place, holder, None)
        if hasattr(place, method):
            found += plain(getattr(place, method)(**query).data)
    return found


def read_observations(api: object, **query: Any) -> list[dict[str, Any]]:
    """By the first API and the second: 2 and 3 call the first one what 4 and 5 call the second."""
    second = "observations_v_2" if hasattr(api, "observations_v_2") else "observations"
    first = "legacy.observations_v1" if second == "observations" and hasattr(api, "scores") else "observations"
    found = read_all(api, f"{second}.get_many", fields=GROUPS, **query) if second != first else []
    return found + read_all(api, f"{first}.get_many", **query)
