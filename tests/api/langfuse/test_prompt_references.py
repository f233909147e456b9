"""Prompts within prompts."""

import asyncio
from typing import Any

import pytest

from api.langfuse.prompt_references import REFERENCES_AT_MOST, Resolver
from api.langfuse.stored import Kept
from contract.errors import Refused


def version(name: str, prompt: Any, number: int = 1) -> Kept:
    return Kept(f"{name}:{number}", name, {"version": number, "prompt": prompt}, 1, 1)


def reference(name: str, by: str = "label=production") -> str:
    return f"@@@langfusePrompt:name={name}|{by}@@@"


def resolved(root: Kept, *others: Kept) -> tuple[Any, Any]:
    async def find(name: str, by: str, value: str) -> Kept | None:
        wanted = 1 if by == "label" else int(value)
        return next((each for each in others if (each.parent, each.body["version"]) == (name, wanted)), None)

    async def work() -> tuple[Any, Any]:
        resolver = Resolver(find)
        return await resolver.prompt(root), resolver.graph(root)

    return asyncio.run(work())


def test_references_are_replaced_by_what_they_stand_for_however_deep() -> None:
    root = version("root", f"A {reference('b', 'version=2')} C {reference('d e')}!")
    prompt, graph = resolved(root, version("b", f"B{reference('d e')}", 2), version("d e", "D"))
    assert prompt == "A BD C D!"
    assert graph["root"] == {"name": "root", "version": 1, "id": "root:1"}
    assert {parent: [each["id"] for each in needed] for parent, needed in graph["dependencies"].items()} == {
        "root:1": ["b:2", "d e:1"],
        "b:2": ["d e:1"],
    }


def test_messages_of_a_chat_are_resolved_one_by_one() -> None:
    messages = [{"role": "system", "content": reference("b")}, {"type": "placeholder", "name": "history"}]
    prompt, _ = resolved(version("root", messages), version("b", "B"))
    assert prompt == [{"role": "system", "content": "B"}, {"type": "placeholder", "name": "history"}]


def test_what_leads_nowhere_or_in_circles_stays_written() -> None:
    circle = version("b", f"B {reference('root')}")
    odd = f"{reference('nope')} {reference('chat')} {reference('b', 'version=x')} @@@langfusePrompt:x@@@"
    root = version("root", f"{reference('b')} {odd}")
    prompt, _ = resolved(root, circle, root, version("chat", [{"role": "user", "content": "x"}]))
    assert prompt == f"B {reference('root')} {odd}"


def test_no_reference_needs_no_graph() -> None:
    assert resolved(version("root", "Hello {{who}}")) == ("Hello {{who}}", None)


def test_few_prompts_cannot_stand_for_endless_text() -> None:
    levels = [version(f"l{n}", reference(f"l{n + 1}") * 10) for n in range(5)]
    with pytest.raises(Refused, match=f"more than {REFERENCES_AT_MOST}"):
        resolved(levels[0], *levels)
    with pytest.raises(Refused, match="characters"):
        resolved(version("root", reference("big") * 5), version("big", "x" * 10**6))
