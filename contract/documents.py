"""Small records that clients keep here and fetch again: prompts, data sets. Content is theirs, kept as JSON text."""

from collections.abc import Callable, Sequence
from typing import NamedTuple, Protocol, TypeVar

Result = TypeVar("Result")


class Document(NamedTuple):
    """A record that `collection` and `id` name in a project; `parent` is what it belongs to. Times: ns since 1970."""

    collection: str
    id: str
    parent: str
    body: str
    """JSON text."""
    created_ns: int
    updated_ns: int


class Change(NamedTuple):
    """Documents to be kept in the place of those with the same id, and ids of those to be gone.

    What is kept may belong to another collection than the one that was asked for: it is changed in the same step.
    """

    kept: Sequence[Document] = ()
    gone: Sequence[str] = ()


class Documents(Protocol):
    """Decides about one collection at a time; what was changed is durable and visible on return. Read by queries."""

    async def change(
        self,
        project: str,
        collection: str,
        decide: Callable[[Sequence[Document]], tuple[Change, Result]],
        *,
        parent: str | None = None,
        id: str | None = None,  # noqa: A002 - the field of a document
    ) -> Result:
        """Give `decide` the documents of that parent or id, oldest first, and keep to what it says, as one step.

        `decide` is pure and runs in another thread; what it raises is raised here and nothing is changed. Raises
        `Unavailable` when the store cannot do it now.
        """
        ...
