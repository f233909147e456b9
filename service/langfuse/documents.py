"""Prompts with all versions and labels, data sets with items and runs: what is here already and equal is left alone.

Source: langfuse/langfuse `fern/apis/server/definition/{prompts,prompt-version,datasets,dataset-items,
dataset-run-items,experiments}.yml`.
"""

from collections.abc import AsyncIterator, Awaitable, Mapping
from typing import Any
from urllib.parse import quote

from service.langfuse.events import media_ids
from service.langfuse.lists import Record, data_of
from service.langfuse.remote import ABSENT, NO_ANSWER, Asks, Refusal
from service.langfuse.tally import Tally

PUBLIC = "api/public"
LATEST = "latest"
PAGE = 50
PROMPT_MEMBERS = ("type", "prompt", "config", "tags", "commitMessage")
DATASET_MEMBERS = ("description", "metadata", "inputSchema", "expectedOutputSchema")
ITEM_MEMBERS = ("input", "expectedOutput", "metadata", "sourceTraceId", "sourceObservationId", "status")
LINK = ("datasetItemId", "traceId", "observationId")
"""What makes an item of a run the same."""
LONG_AGO = "1970-01-02T00:00:00.000Z"
REFUSED_ALL = frozenset({NO_ANSWER, 401, 403})
"""Faults of the server, not of one record."""


def part(name: str) -> str:
    """A name as one part of a path."""
    return quote(name, safe="")


class Documents:
    """`move` once; `run_ids` is filled then: run of a data set there -> here."""

    def __init__(self, source: Asks, target: Asks, tally: Tally) -> None:
        self._source, self._target, self._tally = source, target, tally
        self.run_ids: dict[str, str] = {}
        self._experiments: dict[str, list[Record]] | None = None

    async def move(self) -> None:
        """All are here, or named as faults. Raises `Refusal` where a server does not answer at all."""
        async for prompt in self._all("v2/prompts", "prompts"):
            for version in sorted(each for each in prompt.get("versions") or [] if isinstance(each, int)):
                await self._one(
                    "prompts", f"{prompt['name']}, version {version}", self._prompt(prompt["name"], version)
                )
        async for dataset in self._all("v2/datasets", "data sets"):
            await self._dataset(dataset)

    async def _dataset(self, dataset: Record) -> None:
        name = dataset["name"]
        await self._one("data sets", name, self._describe(name, dataset))
        async for item in self._all("dataset-items", "items", datasetName=name):
            await self._one("items", f"{item['id']} of {name}", self._item(name, item))
        async for run in self._runs(dataset):
            await self._one("runs", f"{run['name']} of {name}", self._run(name, run))

    async def _one(self, kind: str, name: str, moving: Awaitable[None]) -> None:
        """Count one document, whatever becomes of it."""
        self._tally.read[kind] += 1
        try:
            await moving
        except Refusal as error:
            if error.status in REFUSED_ALL:
                raise
            self._tally.fault(f"{kind}: {name}: {error}")
        except (KeyError, TypeError) as error:
            self._tally.fault(f"{kind}: {name}: the answer lacks {error}")
        else:
            self._tally.stored[kind] += 1

    async def _all(self, path: str, kind: str, **asked: Any) -> AsyncIterator[Record]:
        """Every record of a list, the oldest first: lists show the newest first here as there."""
        try:
            first = await self._source.json("GET", f"{PUBLIC}/{path}", **asked, page=1, limit=PAGE)
            pages = first["meta"]["totalPages"] if data_of(first) else 0
            for number in range(pages, 0, -1):
                answer = await self._source.json("GET", f"{PUBLIC}/{path}", **asked, page=number, limit=PAGE)
                for record in reversed(data_of(answer)):
                    yield record
        except Refusal as error:
            if error.status in REFUSED_ALL:
                raise
            self._tally.fault(f"{kind}: {error}")

    async def _here(self, path: str, **asked: Any) -> Record | None:
        """The record that is here; null where there is none."""
        try:
            found = await self._target.json("GET", f"{PUBLIC}/{path}", **asked)
        except Refusal as error:
            if error.status not in ABSENT:
                raise
            return None
        return found if isinstance(found, dict) else None

    async def _prompt(self, name: str, version: int) -> None:
        path = f"v2/prompts/{part(name)}"
        there = await self._source.json("GET", f"{PUBLIC}/{path}", version=version, resolve="false")
        labels = [label for label in there.get("labels") or [] if label != LATEST]
        here = await self._here(path, version=version, resolve="false")
        if here is None:
            said = {member: there.get(member) for member in PROMPT_MEMBERS}
            body = {"name": name, "version": version, "labels": labels, **said}
            await self._target.json("POST", f"{PUBLIC}/v2/prompts", body)
        elif prompt_text(here) != prompt_text(there):
            raise Refusal(409, "another text has this version here")
        elif not set(labels) <= set(here.get("labels") or []):
            await self._target.json("PATCH", f"{PUBLIC}/{path}/versions/{version}", {"newLabels": labels})

    async def _describe(self, name: str, there: Record) -> None:
        here = await self._here(f"v2/datasets/{part(name)}")
        if here is None or differs(here, there, DATASET_MEMBERS):
            said = {member: there.get(member) for member in DATASET_MEMBERS}
            await self._target.json("POST", f"{PUBLIC}/v2/datasets", {"name": name, **said})

    async def _item(self, name: str, there: Record) -> None:
        here = await self._here(f"dataset-items/{part(there['id'])}")
        if here is None or differs(here, there, ITEM_MEMBERS):
            said = {member: there.get(member) for member in ITEM_MEMBERS}
            body = {"id": there["id"], "datasetName": name, **said}
            await self._target.json("POST", f"{PUBLIC}/dataset-items", body)
        for media_id in media_ids([there.get(member) for member in ITEM_MEMBERS]):
            self._tally.fault(f"media: {media_id} of the item {there['id']}: files of items are not moved")

    async def _runs(self, dataset: Record) -> AsyncIterator[Record]:
        """Runs; of a server that has none, its experiments."""
        path = f"datasets/{part(dataset['name'])}/runs"
        try:
            await self._source.json("GET", f"{PUBLIC}/{path}", page=1, limit=1)
        except Refusal as error:
            if error.status not in ABSENT:
                raise
            for experiment in await self._experiments_of(dataset["id"]):
                yield experiment
            return
        async for run in self._all(path, "runs"):
            yield run

    async def _experiments_of(self, dataset_id: str) -> list[Record]:
        if self._experiments is None:
            self._experiments = {}
            asked = {"fromStartTime": LONG_AGO, "fields": "core,metadata"}
            async for each in self._by_cursor("experiments", **asked):
                self._experiments.setdefault(str(each.get("datasetId")), []).append(each)
        return self._experiments.get(dataset_id, [])

    async def _by_cursor(self, path: str, **asked: Any) -> AsyncIterator[Record]:
        cursor: str | None = None
        while True:
            answer = await self._source.json("GET", f"{PUBLIC}/{path}", **asked, cursor=cursor, limit=PAGE)
            for record in data_of(answer):
                yield record
            cursor = answer["meta"].get("cursor")
            if not cursor:
                return

    async def _run(self, name: str, there: Record) -> None:
        here = await self._here(f"datasets/{part(name)}/runs/{part(there['name'])}")
        known = {link(each) for each in (here or {}).get("datasetRunItems", [])}
        if here is not None:
            self.run_ids[there["id"]] = here["id"]
        async for item in self._links(name, there):
            if link(item) not in known:
                said = {"runName": there["name"], "runDescription": there.get("description")}
                body = {**said, "metadata": there.get("metadata"), **{member: item.get(member) for member in LINK}}
                made = await self._target.json("POST", f"{PUBLIC}/dataset-run-items", body)
                self.run_ids[there["id"]] = made["datasetRunId"]

    async def _links(self, name: str, run: Record) -> AsyncIterator[Record]:
        """Which trace answered which item, the oldest first."""
        if self._experiments is None:
            whole = await self._source.json("GET", f"{PUBLIC}/datasets/{part(name)}/runs/{part(run['name'])}")
            for item in reversed(whole["datasetRunItems"]):
                yield item
            return
        asked = {"fromStartTime": LONG_AGO, "experimentId": run["id"]}
        async for item in self._by_cursor("experiment-items", **asked):
            yield {"datasetItemId": item["experimentItemId"], "traceId": item["traceId"]}


def differs(here: Record, there: Record, members: tuple[str, ...]) -> bool:
    return any(there.get(member) not in (None, here.get(member)) for member in members)


def link(item: Mapping[str, Any]) -> tuple[Any, ...]:
    return tuple(item.get(member) for member in LINK)


def prompt_text(prompt: Record) -> tuple[Any, Any, Any]:
    """What makes two versions the same; some servers leave the type of messages out."""
    text = prompt.get("prompt")
    if isinstance(text, list):
        text = [
            {name: value for name, value in each.items() if (name, value) != ("type", "chatmessage")} for each in text
        ]
    return prompt.get("type") or "text", text, prompt.get("config") or {}
