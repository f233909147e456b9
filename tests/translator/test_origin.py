"""What a resource says of the spans below it."""

from contract.span import Resource
from translator.origin import environment, origin_of


def test_columns_come_from_the_first_key_that_says_something() -> None:
    sent = {"service.name": "shop", "deployment.environment": "old", "deployment.environment.name": "new",
            "langfuse.release": "r", "langfuse.version": "", "service.version": "2"}  # fmt: skip
    origin = origin_of(Resource(sent))
    assert origin[1:] == ("shop", "new", "r", "2")


def test_an_empty_resource_says_nothing() -> None:
    assert origin_of(Resource()) == (None, None, None, None, None)


def test_environment_goes_by_key_before_place() -> None:
    assert environment({"gen_ai.environment": "a"}, {"deployment.environment": "b"}) == "b"
    assert environment({"deployment.environment": "a"}, {"deployment.environment": "b"}) == "a"
