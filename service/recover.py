"""`tracepond recover`: a file that can be read in the place of a damaged one, while no server runs on it."""

import os

from contract.errors import Refused
from service.config import Config
from service.offline import opened
from storage.salvage import Salvaged, salvage


def run(config: Config) -> Salvaged:
    """See `storage.salvage.salvage`; what a killed server had acknowledged is in the tables, too.

    Raises `Refused` when the file is not there or another process has it.
    """
    path = config.storage.path
    if not os.path.isfile(path):
        raise Refused(f"{path} is no file; name the database with --db", reason="database")
    done = salvage(path, memory_limit_bytes=config.storage.memory_limit_bytes, threads=config.storage.threads)
    with opened(config):
        return done


def report(path: str, done: Salvaged) -> list[str]:
    """Lines for a person."""
    if not done.damaged:
        return [f"{path}: all of it can be read, nothing was changed"]
    lines = [f"{path}: a new file; the damaged one is kept as {' and '.join(sorted(done.kept))}"]
    if done.headers:
        lines.append("the file's header was damaged and was made anew: what it said last may be missing")
    if done.cut_bytes:
        lines.append(f"the last {done.cut_bytes:,} bytes of the write-ahead log cannot be read")
    for table in sorted(done.rows.keys() | done.lost.keys()):
        rows, lost = done.rows.get(table, 0), done.lost.get(table, 0)
        if rows or lost:
            lines.append(f"{table}: {rows:,} rows saved, {lost:,} cannot be read")
    return lines
