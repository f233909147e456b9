"""Media that lies apart from its span (docs/adr/0013), as messages show it: where it is, not what it is."""

from collections.abc import Mapping
from typing import Any

from contract.formats import CONTENT_PATH


def by_reference(value: Any, media: Mapping[str, int]) -> Any:
    """Messages (or any JSON) whose blobs with content from `media` (content id -> bytes) say `uri` and `size_bytes`.

    Only an id of the span's own media counts: text that looks like one is text.
    """
    if isinstance(value, list):
        return [by_reference(item, media) for item in value]
    if not isinstance(value, dict):
        return value
    content = value.get("content")
    size = media.get(content.removeprefix(CONTENT_PATH)) if isinstance(content, str) else None
    if value.get("type") == "blob" and size is not None:
        kept = {key: item for key, item in value.items() if key != "content"}
        return kept | {"size_bytes": size, "uri": content}
    return {key: by_reference(item, media) for key, item in value.items()}
