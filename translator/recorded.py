"""What a recorded answer says of its call: the model that gave it, its id, why it ended.

The answer is the provider's whole JSON or a framework's wrapping of it; only answers of model calls are read so, never
the outputs of chains and agents.
"""

from collections.abc import Callable
from typing import Any

from translator.answers import reasons
from translator.answers import response_id as known_id
from translator.usage import holders
from translator.values import text

_MODEL = ("model", "model_name", "modelVersion", "model_version", "modelId")
_CHOICES = ("choices", "candidates", "generations")
_REASON = ("finish_reason", "finishReason", "stop_reason", "stopReason")


def model(value: Any) -> str | None:
    """The model that answered."""
    return _first(value, _MODEL, text)


def response_id(value: Any) -> str | None:
    """The id of the provider's answer; ids of runs and messages within it are no answer's."""
    return _first(value, ("id",), known_id)


def _first(value: Any, names: tuple[str, ...], read: Callable[[Any], str | None]) -> str | None:
    for holder in holders(value):
        for name in names:
            found = read(holder.get(name))
            if found is not None:
                return found
    return None


def finish_reasons(value: Any) -> str | None:
    """The reasons of the choices in their order, else the answer's own, as a JSON list."""
    found = holders(value)
    of_choices = [_reason(choice) for key in _CHOICES for answer in found[:1] for choice in _flat(answer.get(key))]
    return reasons(of_choices) or reasons(_reason(holder) for holder in found)


def _flat(choices: Any) -> list[dict[str, Any]]:
    """The choices; LangChain nests them one level deeper."""
    if not isinstance(choices, list):
        return []
    inner = [item for choice in choices for item in (choice if isinstance(choice, list) else [choice])]
    return [item for item in inner if isinstance(item, dict)]


def _reason(choice: dict[str, Any]) -> Any:
    info = choice.get("generation_info")
    places = (choice, info) if isinstance(info, dict) else (choice,)
    return next((place[name] for place in places for name in _REASON if isinstance(place.get(name), str)), None)
