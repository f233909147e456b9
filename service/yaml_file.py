"""The configuration file: YAML text to one value for each key, with the traps of YAML turned into clear errors."""

import re
from collections.abc import Hashable, Iterable, Mapping
from difflib import get_close_matches
from typing import Any

import yaml

ENVIRONMENT_REFERENCE = re.compile(r"\$\$|\$\{env:([A-Za-z_][A-Za-z0-9_]*)(?::-([^}]*))?\}")
"""`${env:NAME}` and `${env:NAME:-default}` as in the Collector (docs/rfcs/env-vars.md); `$$` is a dollar sign."""


MERGE_TAG = "tag:yaml.org,2002:merge"


class ConfigError(Exception):
    """The configuration cannot be used; `str()` names the key, where it stands, and the cure."""


class StrictLoader(yaml.SafeLoader):
    """SafeLoader keeps the last of two equal keys without a word; this one refuses."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        """As SafeLoader does it; raises ConstructorError for a key that stands twice."""
        seen = set()
        for key_node, _ in node.value:
            if key_node.tag == MERGE_TAG:
                continue
            key = self.construct_object(key_node, deep=True)
            if isinstance(key, Hashable) and key in seen:
                raise yaml.constructor.ConstructorError(None, None, f"duplicate key {key!r}", key_node.start_mark)
            seen.add(key)
        return super().construct_mapping(node, deep)


def values(text: str, file_name: str, paths: Iterable[str], environ: Mapping[str, str]) -> dict[str, Any]:
    """Path -> value for every key that the file sets. Raises `ConfigError`."""
    try:
        document = yaml.load(text, Loader=StrictLoader)  # a subclass of SafeLoader
    except yaml.YAMLError as error:
        raise ConfigError(f"{file_name}{_syntax_error(error)}") from error
    if document is None:
        return {}
    if not isinstance(document, dict):
        raise ConfigError(f"{file_name}: expected keys such as `storage:` at the top level")
    known = tuple(paths)
    return {
        path: _substituted(value, path, file_name, environ) for path, value in _flat(document, "", known, file_name)
    }


def nearest(name: str, names: Iterable[str]) -> str:
    """`; did you mean X?` or nothing, to be put at the end of an error message."""
    close = get_close_matches(name, list(names), n=1, cutoff=0.6)
    return f"; did you mean {close[0]}?" if close else ""


def _flat(branch: dict[Any, Any], prefix: str, known: tuple[str, ...], file_name: str) -> Iterable[tuple[str, Any]]:
    for key, value in branch.items():
        path = f"{prefix}{key}"
        if path in known:
            yield path, value
        elif not any(one.startswith(f"{path}.") for one in known):
            raise ConfigError(f"{file_name}: unknown key {path}{_nearest_key(path, prefix, known)}")
        elif isinstance(value, dict):
            yield from _flat(value, f"{path}.", known, file_name)
        elif value is not None:
            raise ConfigError(f"{file_name}: {path} holds further keys, not a value")


def _nearest_key(path: str, prefix: str, known: tuple[str, ...]) -> str:
    """The nearest sibling first (a slip of the pen), then the nearest whole path (a key in the wrong place)."""
    siblings = {prefix + one[len(prefix) :].split(".")[0] for one in known if one.startswith(prefix)}
    last = path.rpartition(".")[2]
    same_name = [one for one in known if one.rpartition(".")[2] == last]
    return nearest(path, siblings) or (f"; did you mean {same_name[0]}?" if same_name else nearest(path, known))


def _substituted(value: Any, path: str, file_name: str, environ: Mapping[str, str]) -> Any:
    if isinstance(value, list):
        return [_substituted(item, path, file_name, environ) for item in value]
    if isinstance(value, dict):
        return {key: _substituted(item, path, file_name, environ) for key, item in value.items()}
    if not isinstance(value, str):
        return value

    def replaced(match: re.Match[str]) -> str:
        if match[0] == "$$":
            return "$"
        found = environ.get(match[1]) or match[2]  # an empty variable counts as unset, as `:-` means in a shell
        if found is None:
            raise ConfigError(
                f"{file_name}: {path}: the variable {match[1]} is not set; write ${{env:{match[1]}:-default}}"
            )
        return found

    return ENVIRONMENT_REFERENCE.sub(replaced, value)


def _syntax_error(error: yaml.YAMLError) -> str:
    """What follows the file's name. A ConstructorError is about YAML that reads well and says what it must not."""
    if isinstance(error, yaml.MarkedYAMLError) and error.problem_mark is not None:
        is_yaml = isinstance(error, yaml.constructor.ConstructorError)
        where = f"line {error.problem_mark.line + 1}: {error.problem}"
        return f": {where}" if is_yaml else f" is not valid YAML: {where}"
    return f" is not valid YAML: {getattr(error, 'reason', 'it cannot be read')}"
