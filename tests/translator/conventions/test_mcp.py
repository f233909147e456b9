"""Model Context Protocol."""

from tests.support.spans import seen


def test_only_tool_calls_are_tools() -> None:
    assert seen({"mcp.method.name": "tools/call"})["kind"] == "tool"
    assert seen({"mcp.method.name": "tools/list"})["kind"] == "span"
