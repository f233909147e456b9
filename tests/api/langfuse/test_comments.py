"""Comments."""

from tests.support.langfuse_api import Talk, talking

COMMENT = {"projectId": "p", "objectType": "TRACE", "objectId": "t", "content": "good", "authorUserId": None}


def test_a_comment_is_found_by_its_id_and_by_what_it_is_about() -> None:
    async def talk(ask: Talk) -> None:
        _, made = await ask("POST", "/api/public/comments", COMMENT)
        _, other = await ask("POST", "/api/public/comments", {**COMMENT, "objectId": "t2"})
        found = await ask.get(f"comments/{made['id']}")
        assert (found["content"], found["objectType"], found["projectId"]) == ("good", "TRACE", "default")
        for params, expected in (({"objectId": "t"}, [made]), ({}, [other, made]), ({"objectType": "PROMPT"}, [])):
            body = await ask.get("comments", **params)
            assert [each["id"] for each in body["data"]] == [each["id"] for each in expected]
        assert (await ask("GET", "/api/public/comments/nope"))[0] == 404

    talking(talk)


def test_what_is_no_comment_is_400() -> None:
    async def talk(ask: Talk) -> None:
        for wrong in ({"objectType": "x"}, {"objectId": ""}, {"content": "x" * 5001}, {"content": None}):
            assert (await ask("POST", "/api/public/comments", {**COMMENT, **wrong}))[0] == 400

    talking(talk)
