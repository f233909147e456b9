"""Prompts within prompts: `@@@langfusePrompt:name=NAME|version=1@@@`, `...|label=LABEL@@@` stand for that text prompt.

Source: langfuse.com documentation "Prompt Composability".
"""

import re
from collections.abc import Awaitable, Callable
from typing import Any

from api.langfuse.stored import Kept
from contract.errors import Refused

REFERENCE = re.compile(r"@@@langfusePrompt:name=([^|@]+)\|(version(?==[0-9]{1,9}@)|label)=([^@|]+)@@@")

DEPTH_AT_MOST = 5
REFERENCES_AT_MOST = 100
CHARACTERS_AT_MOST = 4_500_000
"""Of what all references of an answer stand for."""

Find = Callable[[str, str, str], Awaitable[Kept | None]]
"""From a name, `version` or `label`, and its value to the prompt; null where there is none."""


class Resolver:
    """Puts prompts in the place of references, for one answer. What leads nowhere or round in circles stays written."""

    def __init__(self, find: Find) -> None:
        self._find = find
        self._references = 0
        self._characters = 0
        self._dependencies: dict[str, list[dict[str, Any]]] = {}

    async def prompt(self, owner: Kept) -> Any:
        """The prompt of that version with its references resolved. Raises `Refused` where they are too much."""
        prompt = owner.body["prompt"]
        if isinstance(prompt, str):
            return await self._text(prompt, (owner,))
        texts = [await self._text(message.get("content") or "", (owner,)) for message in prompt]
        return [
            {**message, "content": text} if "content" in message else message
            for message, text in zip(prompt, texts, strict=True)
        ]

    def graph(self, root: Kept) -> dict[str, Any] | None:
        """Which version needed which; null where none needed another."""
        return {"root": node(root), "dependencies": self._dependencies} if self._dependencies else None

    async def _text(self, text: str, above: tuple[Kept, ...]) -> str:
        parts, at = [], 0
        for match in REFERENCE.finditer(text):
            parts += [text[at : match.start()], await self._standing_for(match, above)]
            at = match.end()
        return "".join([*parts, text[at:]])

    async def _standing_for(self, match: re.Match[str], above: tuple[Kept, ...]) -> str:
        self._references += 1
        if self._references > REFERENCES_AT_MOST:
            raise Refused(f"the prompt has more than {REFERENCES_AT_MOST} references; ask with resolve=false")
        found = await self._find(*match.groups())
        circles = found is not None and found.id in {each.id for each in above}
        if found is None or circles or len(above) > DEPTH_AT_MOST or not isinstance(found.body["prompt"], str):
            return match[0]
        self._characters += len(found.body["prompt"])
        if self._characters > CHARACTERS_AT_MOST:
            raise Refused(f"its references stand for more than {CHARACTERS_AT_MOST} characters; ask with resolve=false")
        self._dependencies.setdefault(above[-1].id, []).append(node(found))
        return await self._text(found.body["prompt"], (*above, found))


def node(version: Kept) -> dict[str, Any]:
    return {"name": version.parent, "version": version.body["version"], "id": version.id}
