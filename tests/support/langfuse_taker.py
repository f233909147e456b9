"""A server that takes what is imported, in memory."""

import json
from typing import Any

from service.langfuse.remote import Refusal
from service.langfuse.target import BATCH_BYTES
from tests.support.langfuse_elsewhere import PIXEL_ID


class Taker:
    """Takes events of up to so many bytes a request, but for some, and files."""

    def __init__(self, at_most_bytes: int = 10 * BATCH_BYTES, refused: tuple[str, ...] = ()) -> None:
        self.at_most_bytes, self.refused = at_most_bytes, refused
        self.batches: list[list[str]] = []
        self.announced: list[Any] = []
        self.files: list[bytes] = []
        self.known: set[str] = set()
        """Ids of what applications have sent."""
        self.questions: list[Any] = []

    async def json(self, method: str, path: str, body: Any = None, **asked: Any) -> Any:
        if path.startswith("api/v1/"):
            [name] = asked.keys() - {"io", "limit", "scope_version__ne"}
            self.questions.append((path, asked[name]))
            return {"data": [{name: each} for each in asked[name] if each in self.known]}
        if path == "api/public/media":
            self.announced.append(body)
            return {"mediaId": PIXEL_ID, "uploadUrl": None if self.files else "http://here/upload"}
        assert (method, path) == ("POST", "api/public/ingestion")
        if len(body) > self.at_most_bytes:
            raise Refusal(413, "too large")
        ids = [each["id"] for each in json.loads(body)["batch"]]
        self.batches.append(ids)
        errors = [{"id": each, "status": 400, "error": "odd"} for each in ids if each in self.refused]
        return {"successes": [{"id": each} for each in ids if each not in self.refused], "errors": errors}

    async def put(self, url: str, data: bytes, headers: Any) -> None:
        self.files.append(data)

    async def content(self, url: str, at_most_bytes: int) -> bytes:
        raise AssertionError("nothing is fetched from the target")
