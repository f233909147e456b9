"""`tracepond snapshot FILE`: a consistent copy of the database, of the server that runs on it or of the file itself."""

import os

from contract.errors import Refused
from service import client
from service.config import Config
from service.offline import opened
from service.settings import FLAG_OF, STORAGE_PATH
from storage.engine_errors import IN_USE
from storage.snapshot import copy, make_its_own, open_source, publish, remove

PART = ".part"


def run(config: Config, target: str) -> tuple[int, str]:
    """The copy stands at `target`; its size in bytes, and of what it is a copy. Nothing is replaced.

    Raises `Refused` or `RequestFailed`, with nothing left at `target`.
    """
    target = os.path.abspath(target)
    if os.path.exists(target):
        raise Refused(f"{target} exists; nothing is replaced", reason="exists")
    part = target + PART
    remove(part)
    try:
        source = take(config, part)
        size = os.path.getsize(part)
        publish(part, target)
    except OSError as error:
        raise Refused(f"{target} cannot be written: {error.strerror}", reason="disk") from error
    finally:
        remove(part)
    return size, source


def take(config: Config, part: str) -> str:
    """From the file where no server has it, else from the server at the configured address; returns of what.

    That server must have this file, where it can be seen here: another one's copy would pass for it. A file that is not
    there is an error where it was named by a flag; else the server may be in another container, or on another host.
    """
    path = config.storage.path
    try:
        copy_closed(config, part)
    except Refused as error:
        is_named = config.values[STORAGE_PATH].origin == f"flag {FLAG_OF[STORAGE_PATH]}"
        if error.reason != IN_USE and (is_named or os.path.lexists(path)):
            raise
        served = client.fetch_snapshot(config, part)
        if is_another(served, path):
            raise Refused(
                f"{path} is in use, but {client.base(config)} has {served}. Name its own server's address with --http.",
                reason="database",
            ) from None
        return f"{served} at {client.base(config)}"
    make_its_own(part)
    return path


def is_another(served: str, path: str) -> bool:
    """Whether both files can be seen here, and are two."""
    return os.path.exists(path) and os.path.exists(served) and not os.path.samefile(served, path)


def copy_closed(config: Config, part: str) -> None:
    """Nobody else can open the file before it is copied. Raises `Refused` when somebody has it, or it is not there."""
    source = None
    try:
        with opened(config) as database:
            database.checkpoint()
            source = open_source(database.path)
            copy(source, part)
    finally:
        if source is not None:
            os.close(source)
