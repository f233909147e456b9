"""`auth.projects`: what a project's entry may hold, checked before anything is bound."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Any

import yaml

from contract.access import OWN_SCOPES, SCOPES
from service.quantities import count, described, no_mask, or_none, seconds
from storage.retention import Limits

FIELDS = ("name", "public_key", "secret_key", "scopes", "retention")
RETENTION = {"max_age": ("max_age_s", or_none(seconds, unit=True)), "max_rows": ("max_rows", or_none(count))}
"""Field of a project's retention -> field of `Limits`, and its parser."""


@dataclass(frozen=True, slots=True)
class Project:
    """One pair of keys. The secret is left out of `repr`, so that it cannot reach a log."""

    name: str
    public_key: str
    secret_key: str = field(repr=False)
    scopes: frozenset[str] = OWN_SCOPES
    retention: Limits = field(default_factory=Limits)


def projects(value: Any) -> tuple[Project, ...]:
    """The projects of a list of mappings, or of the same as YAML or JSON text; ValueError names the entry."""
    if isinstance(value, str):
        try:
            value = yaml.safe_load(value) or []
        except yaml.YAMLError:
            raise ValueError("expected a list as YAML or JSON text") from None
    if not isinstance(value, list):
        raise ValueError(f"expected a list, got {described(value)}")
    entries = tuple(project(entry, f"entry {place}") for place, entry in enumerate(value, start=1))
    for name in ("public_key", "secret_key"):
        keys = [getattr(entry, name) for entry in entries]
        if len(set(keys)) != len(keys):
            raise ValueError(f"two projects have the same {name}")
    limits = _limits_by_name(entries)
    return tuple(replace(entry, retention=limits[entry.name]) for entry in entries)


def _limits_by_name(entries: Iterable[Project]) -> dict[str, Limits]:
    """A project may have several entries, for its keys: those that say a retention say the same; it holds for all."""
    limits: dict[str, Limits] = {}
    for entry in entries:
        said = limits.setdefault(entry.name, entry.retention)
        if said == Limits():
            limits[entry.name] = entry.retention
        elif entry.retention not in (said, Limits()):
            raise ValueError(f"project {entry.name!r} has two retentions")
    return limits


def project(entry: Any, place: str) -> Project:
    """One project; ValueError names the field, never a key's value."""
    if not isinstance(entry, dict):
        raise ValueError(f"{place}: expected a mapping with {', '.join(FIELDS)}")
    for name in entry:
        if name not in FIELDS:
            raise ValueError(f"{place}: unknown field {name!r}; a project has {', '.join(FIELDS)}")
    return Project(
        **{name: _key(entry.get(name), f"{place}: {name}") for name in ("name", "public_key", "secret_key")},
        scopes=_scopes(entry.get("scopes"), place),
        retention=_retention(entry.get("retention"), place),
    )


def _key(value: Any, what: str) -> str:
    if value is None or value == "":
        raise ValueError(f"{what} is missing")
    if not isinstance(value, str) or not value.isascii() or not value.isprintable():
        raise ValueError(f"{what} must be printable ASCII text (quote it if YAML reads it as a number)")
    if what.endswith("public_key") and ":" in value:
        raise ValueError(f"{what} must not contain a colon: Basic credentials end the user name with it")
    return no_mask(value, what)


def _scopes(value: Any, place: str) -> frozenset[str]:
    if value is None:
        return OWN_SCOPES
    if not isinstance(value, list) or not value or not set(map(str, value)) <= SCOPES:
        raise ValueError(f"{place}: scopes must be a list of {', '.join(sorted(SCOPES))}")
    return frozenset(value)


def _retention(value: Any, place: str) -> Limits:
    if value is None:
        return Limits()
    if not isinstance(value, dict) or not value.keys() <= RETENTION.keys():
        raise ValueError(f"{place}: retention must be a mapping with {' or '.join(RETENTION)}")
    limits = {}
    for name, written in value.items():
        field_name, parse = RETENTION[name]
        try:
            limits[field_name] = parse(written)
        except ValueError as error:
            raise ValueError(f"{place}: retention: {name}: {error}") from error
    return Limits(**limits)
