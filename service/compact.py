"""`tracepond compact`: the file without its free space, while no server runs on it."""

from service import offline
from service.config import Config
from storage.compact import Compacted, compact


def run(config: Config) -> Compacted:
    """See `storage.compact.compact`. Raises `Refused` when the file is not there or another process has it."""
    with offline.opened(config) as database:
        path = database.path
    return compact(path, memory_limit_bytes=config.storage.memory_limit_bytes, threads=config.storage.threads)


def report(done: Compacted) -> str:
    """One line for a person."""
    return f"{done.before_bytes / 1e6:,.1f} MB before, {done.after_bytes / 1e6:,.1f} MB now"
