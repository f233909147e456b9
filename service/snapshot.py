"""`tracepond snapshot FILE`: a consistent copy of the database, of the server that runs on it or of the file itself."""

import os

from contract.errors import Refused
from service import client
from service.config import Config
from service.offline import opened
from storage.snapshot import copy, make_its_own, open_source, publish, remove

PART = ".part"


def run(config: Config, target: str) -> int:
    """The copy stands at `target`; its size in bytes. Nothing is replaced.

    Raises `Refused` or `RequestFailed`, with nothing left at `target`.
    """
    target = os.path.abspath(target)
    if os.path.exists(target):
        raise Refused(f"{target} exists; nothing is replaced", reason="exists")
    part = target + PART
    remove(part)
    try:
        take(config, part)
        size = os.path.getsize(part)
        publish(part, target)
    except OSError as error:
        raise Refused(f"{target} cannot be written: {error.strerror}", reason="disk") from error
    finally:
        remove(part)
    return size


def take(config: Config, part: str) -> None:
    """From the file where no server has it, else from the server at the configured address."""
    try:
        copy_closed(config, part)
    except Refused:
        client.fetch_snapshot(config, part)
        return
    make_its_own(part)


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
