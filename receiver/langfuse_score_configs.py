"""Scores that name a configuration, held to it.

Source: langfuse/langfuse `packages/shared/src/server/ingestion/validateAndInflateScore.ts`. Langfuse checks after it
has answered and lets wrong scores go silently; here they are refused.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from contract.errors import Refused
from contract.scoring import ScoreConfig, ScoreConfigs
from contract.span import Score
from receiver.langfuse_events import Events, Fault
from receiver.langfuse_values import BadEvent

CONFIGS_AT_MOST = 100
"""Different ones that the scores of one request may name: each is a question to the store."""

TEXT_AT_MOST = 500
"""Characters of a score of type TEXT (Langfuse's `TEXT_SCORE_MAX_LENGTH`)."""

SAID_FOR = {"NUMERIC": ("NUMERIC", "BOOLEAN"), "CATEGORICAL": ("CATEGORICAL", "TEXT")}
"""Type that follows from a value where none is said -> types of configurations that such a score may have."""


async def hold_to_configs(events: Events, project: str, find: ScoreConfigs) -> None:
    """Scores have the name, type and number of the configurations they name; those that do not fit become faults.

    A configuration that there is not (as of scores brought from another server) holds nobody to anything. Raises
    `Refused`, and what `find` raises.
    """
    ids = {score.said["config_id"] for score in events.scores if "config_id" in score.said}
    if not ids:
        return
    if len(ids) > CONFIGS_AT_MOST:
        raise Refused(f"the scores name more than {CONFIGS_AT_MOST} configurations", kind="too_large")
    configs = await find(project, ids)
    scores, events.scores = events.scores, []
    for score in scores:
        config = configs.get(score.said.get("config_id", ""))
        try:
            events.scores.append(score if config is None else held_to(score, config))
        except BadEvent as error:
            events.accepted.remove(score.revision.event_id)
            events.faults.append(Fault(score.revision.event_id, str(error)))


def held_to(score: Score, config: ScoreConfig) -> Score:
    """Raises `BadEvent`."""
    if config.is_archived:
        raise BadEvent("the configuration is archived: no score can be made by it")
    data_type = score.said["data_type"]
    if config.data_type not in SAID_FOR.get(data_type, (data_type,)):
        raise BadEvent(f"the configuration is of the dataType {config.data_type}")
    return replace(score, said={**score.said, "name": config.name, **VALUES[config.data_type](score.said, config)})


def number(said: dict[str, Any], config: ScoreConfig) -> dict[str, Any]:
    if config.most is not None and said["value"] > config.most:
        raise BadEvent(f"value is above the configuration's maxValue {config.most}")
    if config.least is not None and said["value"] < config.least:
        raise BadEvent(f"value is below the configuration's minValue {config.least}")
    return {}


def boolean(said: dict[str, Any], _config: ScoreConfig) -> dict[str, Any]:
    if said["value"] not in (0, 1):
        raise BadEvent("value must be 0 or 1 by the configuration")
    return {"string_value": "True" if said["value"] else "False", "data_type": "BOOLEAN"}


def category(said: dict[str, Any], config: ScoreConfig) -> dict[str, Any]:
    if said["string_value"] not in config.categories:
        raise BadEvent("value is none of the configuration's categories")
    return {"value": float(config.categories[said["string_value"]])}


def words(said: dict[str, Any], _config: ScoreConfig) -> dict[str, Any]:
    if not 1 <= len(said["string_value"]) <= TEXT_AT_MOST:
        raise BadEvent(f"value must have 1 to {TEXT_AT_MOST} characters by the configuration")
    return {"data_type": "TEXT"}


VALUES: dict[str, Callable[[dict[str, Any], ScoreConfig], dict[str, Any]]] = {
    "NUMERIC": number,
    "BOOLEAN": boolean,
    "CATEGORICAL": category,
    "TEXT": words,
}
"""Type of a configuration -> what a score by it has, besides what it says."""
