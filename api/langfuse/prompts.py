"""Prompts by name and version; a label points to one version, `latest` always to the newest.

Source: langfuse.com documentation "Prompt Management", the published SDKs 2.60.10 to 5.0.4.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

from aiohttp import web

from api.langfuse.handling import Langfuse, answer, json_object, optional_text, project_of, text_in, texts_in
from api.langfuse.parameters import given, parse_moment, parse_page
from api.langfuse.prompt_references import Resolver
from api.langfuse.records import iso
from api.langfuse.stored import Kept, json_text, kept, read_one, read_page
from contract.documents import Change, Document
from contract.errors import BadQuery, NotFound

COLLECTION = "prompt"
LATEST, PRODUCTION = "latest", "production"
TYPES = ("text", "chat")
WITHOUT_TEXT = '{"prompt":null}'


async def create_prompt(langfuse: Langfuse, request: web.Request) -> web.Response:
    """The next version of the prompt is stored; labels that it names leave the versions that had them."""
    body = await json_object(langfuse, request)
    project, name, now_ns = project_of(request), text_in(body, "name"), langfuse.api.now_ns()
    said, tags, number = prompt_body(body), texts_in(body, "tags"), given_version(body)
    decide = partial(with_next_version, name, said, tags, now_ns, number=number)
    made = await langfuse.documents.change(project, COLLECTION, decide, parent=name)
    return answer(shown(made, project), 201)


def prompt_body(body: Mapping[str, Any]) -> dict[str, Any]:
    """What a new version holds. Raises `BadQuery`."""
    kind, prompt = body.get("type") or "text", body.get("prompt")
    if kind not in TYPES:
        raise BadQuery(f"type must be one of {', '.join(TYPES)}", parameter="type")
    if kind == "text" and not isinstance(prompt, str):
        raise BadQuery("prompt must be a text; give type chat for a list of messages", parameter="prompt")
    return {
        "type": kind,
        "prompt": prompt if kind == "text" else [message(each) for each in messages_in(prompt)],
        "config": body.get("config") if body.get("config") is not None else {},
        "labels": [label for label in texts_in(body, "labels") or [] if label != LATEST],
        "commitMessage": optional_text(body, "commitMessage"),
    }


def given_version(body: Mapping[str, Any]) -> int | None:
    """The number that a prompt had where it comes from (ours: Langfuse always counts on). Raises `BadQuery`."""
    number = body.get("version")
    if number is not None and (isinstance(number, bool) or not isinstance(number, int) or not 0 < number < 10**9):
        raise BadQuery("version must be a whole number from 1", parameter="version")
    return number


def messages_in(prompt: Any) -> list[dict[str, Any]]:
    if not isinstance(prompt, list) or not all(isinstance(each, dict) for each in prompt):
        raise BadQuery("prompt of type chat must be a list of messages", parameter="prompt")
    return prompt


def message(given_message: Mapping[str, Any]) -> dict[str, Any]:
    """A chat message, or a placeholder for some; SDK 2 sends no type, SDKs 3 to 5 insist on one."""
    if given_message.get("type") == "placeholder":
        return {"type": "placeholder", "name": text_in(given_message, "name")}
    if not isinstance(given_message.get("content"), str):
        raise BadQuery("content of a message must be a text", parameter="prompt")
    role = text_in(given_message, "role")
    return {**given_message, "type": "chatmessage", "role": role}


def with_next_version(
    name: str,
    body: Mapping[str, Any],
    tags: Sequence[str] | None,
    now_ns: int,
    known: Sequence[Document],
    *,
    number: int | None = None,
) -> tuple[Change, Kept]:
    """Tags are those of all versions: what is given replaces them, else they stay. Raises `BadQuery` where there is a
    version of this number."""
    versions = [kept(each) for each in known]
    stays = versions[-1].body["tags"] if versions else []
    version = 1 + newest(versions) if number is None else number
    if any(each.body["version"] == version for each in versions):
        raise BadQuery(f"there is a version {version} of the prompt {name[:100]!r}", parameter="version")
    all_tags = stays if tags is None else list(tags)
    body = {**body, "version": version, "tags": all_tags}
    made = Kept(f"{name}:{version}", name, body, now_ns, now_ns)
    changed = relabelled([each._replace(body={**each.body, "tags": all_tags}) for each in versions], made, now_ns)
    return Change([*changed_only(versions, changed), stored(made)]), labelled(made, latest=version > newest(versions))


def relabelled(versions: Sequence[Kept], owner: Kept, now_ns: int) -> list[Kept]:
    """The other versions without the labels that this one has."""
    taken = set(owner.body["labels"])
    return [
        each._replace(
            body={**each.body, "labels": [label for label in each.body["labels"] if label not in taken]},
            updated_ns=now_ns if taken & set(each.body["labels"]) else each.updated_ns,
        )
        for each in versions
        if each.id != owner.id
    ]


def changed_only(before: Sequence[Kept], after: Sequence[Kept]) -> list[Document]:
    known = {each.id: each for each in before}
    return [stored(each) for each in after if known[each.id] != each]


def stored(version: Kept) -> Document:
    body = json_text(version.body)
    return Document(COLLECTION, version.id, version.parent, body, version.created_ns, version.updated_ns)


async def update_labels(langfuse: Langfuse, request: web.Request) -> web.Response:
    """The version has these labels too, and no other version has them any more."""
    project, name = project_of(request), request.match_info["name"]
    version = version_number(request.match_info["version"])
    labels = texts_in(await json_object(langfuse, request), "newLabels") or []
    if LATEST in labels:
        raise BadQuery("the label latest always belongs to the newest version", parameter="newLabels")
    decide = partial(with_labels, name, version, labels, langfuse.api.now_ns())
    changed = await langfuse.documents.change(project, COLLECTION, decide, parent=name)
    return answer(shown(changed, project))


def with_labels(
    name: str, version: int, labels: Sequence[str], now_ns: int, known: Sequence[Document]
) -> tuple[Change, Kept]:
    versions = [kept(each) for each in known]
    owner = next((each for each in versions if each.body["version"] == version), None)
    if owner is None:
        raise NotFound(f"no version {version} of the prompt {name[:100]!r}")
    union = list(dict.fromkeys([*owner.body["labels"], *labels]))
    owner = owner._replace(body={**owner.body, "labels": union}, updated_ns=now_ns)
    others = changed_only(versions, relabelled(versions, owner, now_ns))
    return Change([*others, stored(owner)]), labelled(owner, latest=owner.body["version"] == newest(versions))


async def get_prompt(langfuse: Langfuse, request: web.Request) -> web.Response:
    """The version that is asked for by number or label, `production` where neither is; references are resolved."""
    project, name = project_of(request), request.match_info["name"]
    version, label = given(request, "version"), given(request, "label")
    if version and label:
        raise BadQuery("give version or label, not both", parameter="label")
    found = await find(langfuse, project, name, "version" if version else "label", version or label or PRODUCTION)
    if found is None:
        asked = version or label or PRODUCTION
        raise NotFound(f"no prompt {name[:100]!r} with the version or label {asked[:60]!r}")
    if given(request, "resolve") == "false":
        return answer(shown(found, project))
    resolver = Resolver(partial(find, langfuse, project))
    whole = {**found.body, "prompt": await resolver.prompt(found)}
    return answer({**shown(found._replace(body=whole), project), "resolutionGraph": resolver.graph(found)})


async def find(langfuse: Langfuse, project: str, name: str, by: str, value: str) -> Kept | None:
    """A version whole, by its number or one of its labels; the texts of the others are not read."""
    versions, _ = await read_page(langfuse, project, COLLECTION, parent=name, without=WITHOUT_TEXT)
    fits = by_number(version_number(value)) if by == "version" else by_label(value)
    found = next((each for each in with_latest(versions) if fits(each)), None)
    whole = await read_one(langfuse, project, COLLECTION, found.id) if found else None
    return whole._replace(body={**whole.body, "labels": found.body["labels"]}) if found and whole else None


def by_number(number: int) -> Callable[[Kept], bool]:
    return lambda version: bool(version.body["version"] == number)


def by_label(label: str) -> Callable[[Kept], bool]:
    return lambda version: label in version.body["labels"]


def with_latest(versions: Sequence[Kept]) -> list[Kept]:
    """All of a name, the newest with the label `latest`."""
    last = newest(versions)
    return [labelled(each, latest=each.body["version"] == last) for each in versions]


def chosen(request: web.Request, versions: Sequence[Kept]) -> list[Kept]:
    """The versions that the query string names, all of them where it names none."""
    version, label = given(request, "version"), given(request, "label")
    found = with_latest(versions)
    if version:
        found = list(filter(by_number(version_number(version)), found))
    return list(filter(by_label(label), found)) if label else found


def newest(versions: Sequence[Kept]) -> int:
    return max((int(each.body["version"]) for each in versions), default=0)


def labelled(version: Kept, *, latest: bool) -> Kept:
    """With the label that is stored nowhere, since it follows from the numbers."""
    labels = [*version.body["labels"], *([LATEST] if latest else [])]
    return version._replace(body={**version.body, "labels": labels})


def version_number(text: str) -> int:
    if not (text.isascii() and text.isdigit()) or len(text) > 9:
        raise BadQuery(f"version must be a number, not {text[:60]!r}", parameter="version")
    return int(text)


def shown(version: Kept, project: str) -> dict[str, Any]:
    """A version as the SDKs read it."""
    return {
        "id": version.id,
        "projectId": project,
        "name": version.parent,
        **version.body,
        "createdBy": "API",
        "resolutionGraph": None,
        **version.times,
    }


async def delete_prompt(langfuse: Langfuse, request: web.Request) -> web.Response:
    """The versions that the query string names are gone, all where it names none."""

    def decide(known: Sequence[Document]) -> tuple[Change, int]:
        found = chosen(request, [kept(each) for each in known])
        return Change(gone=[each.id for each in found]), len(found)

    name = request.match_info["name"]
    if not await langfuse.documents.change(project_of(request), COLLECTION, decide, parent=name):
        raise NotFound(f"no such version of a prompt {name[:100]!r}")
    return web.Response(status=204)


async def list_prompts(langfuse: Langfuse, request: web.Request) -> web.Response:
    """`{"data": [...], "meta": {...}}`: prompts with their versions, the last changed first."""
    page, now_ns = parse_page(request.query), langfuse.api.now_ns()
    versions, _ = await read_page(langfuse, project_of(request), COLLECTION, without=WITHOUT_TEXT)
    fits = version_filter(request, now_ns)
    names: dict[str, list[Kept]] = {}
    for version in versions:
        names.setdefault(version.parent, []).append(version)
    found = []
    for of_name in names.values():
        if fitting := [each for each in with_latest(of_name) if fits(each)]:
            found.append(listed(fitting))
    found.sort(key=lambda each: (each["lastUpdatedAt"], each["name"]), reverse=True)
    return answer({"data": page.of(found), "meta": page.meta(len(found))})


def version_filter(request: web.Request, now_ns: int) -> Callable[[Kept], bool]:
    """What `name`, `label`, `tag`, `fromUpdatedAt`, `toUpdatedAt` leave of the versions."""
    name, label, tag = (given(request, each) for each in ("name", "label", "tag"))
    from_ns = parse_moment(request.query, "fromUpdatedAt", now_ns)
    to_ns = parse_moment(request.query, "toUpdatedAt", now_ns)

    def fits(version: Kept) -> bool:
        return (
            (name is None or version.parent == name)
            and (label is None or label in version.body["labels"])
            and (tag is None or tag in version.body["tags"])
            and (from_ns is None or version.updated_ns >= from_ns)
            and (to_ns is None or version.updated_ns < to_ns)
        )

    return fits


def listed(versions: Sequence[Kept]) -> dict[str, Any]:
    """A prompt of the list: its versions in order, what they have together."""
    in_order = sorted(versions, key=lambda each: each.body["version"])
    last = in_order[-1]
    return {
        "name": last.parent,
        "type": last.body["type"],
        "versions": [each.body["version"] for each in in_order],
        "labels": sorted({label for each in in_order for label in each.body["labels"]}),
        "tags": last.body["tags"],
        "lastUpdatedAt": iso(max(each.updated_ns for each in in_order)),
        "lastConfig": last.body["config"],
    }
