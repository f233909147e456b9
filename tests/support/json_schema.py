"""What of a value is not as a schema of `/openapi.json` has it."""

from typing import Any

from api.langfuse.shapes import COMPONENTS as LANGFUSE
from api.schemas import COMPONENTS as OURS
from api.schemas import Schema

COMPONENTS = {**OURS, **LANGFUSE}

TYPES: dict[str, tuple[type, ...]] = {
    "string": (str,), "integer": (int,), "number": (int, float), "boolean": (bool,), "array": (list,),
    "object": (dict,), "null": (type(None),),
}  # fmt: skip


def faults(schema: Schema, value: Any, where: str = "") -> list[str]:
    """What of a value is not as the schema has it; the few words of JSON Schema that the document uses."""
    if "$ref" in schema:
        return faults(COMPONENTS[schema["$ref"].rpartition("/")[2]], value, where)
    if "anyOf" in schema:
        return min((faults(each, value, where) for each in schema["anyOf"]), key=len)
    kinds = schema.get("type", [])
    kinds = [kinds] if isinstance(kinds, str) else kinds
    if kinds and not any(isinstance(value, TYPES[kind]) for kind in kinds):
        return [f"{where}: {value!r} is none of {kinds}"]
    found = [] if value in schema.get("enum", [value]) else [f"{where}: {value!r} is no word of {schema['enum']}"]
    if isinstance(value, list):
        return found + [each for item in value for each in faults(schema.get("items", {}), item, f"{where}[]")]
    if not isinstance(value, dict):
        return found
    members = schema.get("properties", {})
    found += [f"{where}.{name} is missing" for name in schema.get("required", []) if name not in value]
    for name, item in value.items():
        if name not in members and schema.get("additionalProperties") is False:
            found.append(f"{where}.{name} is not in the schema")
        found += faults(members.get(name, {}), item, f"{where}.{name}")
    return found
