"""How a limit is divided."""

import pytest

from service.memory import IDLE_BYTES, LEAST_BYTES, MIB, SHARES, divided, lines


def test_with_a_gib_and_more_every_size_is_at_its_largest() -> None:
    for limit_bytes in (1024 * MIB, 64 * 1024 * MIB):
        memory = divided(limit_bytes, "test", cpus=8)
        assert {share.name: getattr(memory, share.name) for share in SHARES} == {
            share.name: share.most for share in SHARES
        }


@pytest.mark.parametrize("limit_bytes", [LEAST_BYTES, 300 * MIB, 384_000_000, 600 * MIB, 1024 * MIB])
def test_what_is_there_all_the_time_fits_beside_the_idle_process(limit_bytes: int) -> None:
    """The engine, and either one large request or what ordinary requests take on their way to the tables."""
    memory = divided(limit_bytes, "test", cpus=8)
    unit = {share.name: share.unit_bytes for share in SHARES}
    on_their_way = (memory.queue_bytes * unit["queue_bytes"] + memory.group_bytes * unit["group_bytes"]) / 2
    assert IDLE_BYTES + memory.engine_bytes + on_their_way <= limit_bytes
    assert memory.body_bytes * unit["body_bytes"] <= (limit_bytes - IDLE_BYTES) / 2
    assert memory.checkpoint_wal_bytes <= memory.engine_bytes / 2
    assert memory.queue_bytes >= 0.75 * memory.group_bytes, "the next is gathered while one is stored"


def test_sizes_grow_with_the_limit() -> None:
    sizes = [divided(mib * MIB, "test", cpus=8) for mib in range(240, 1100, 20)]
    for share in SHARES:
        values = [getattr(memory, share.name) for memory in sizes]
        assert values == sorted(values)
        assert share.least <= values[0] <= values[-1] <= share.most


def test_too_little_is_refused_saying_how_much_is_needed() -> None:
    with pytest.raises(ValueError, match=r"^100 MiB of memory \(test\) are too little: at least 240 MiB"):
        divided(100 * MIB, "test", cpus=8)
    assert divided(LEAST_BYTES, "test", cpus=8).engine_bytes == 64 * MIB


def test_the_engine_has_no_more_threads_than_there_are_cpus() -> None:
    found = {(mib, cpus): divided(mib * MIB, "test", cpus=cpus).engine_threads for mib in (700, 730) for cpus in (1, 2)}
    assert found == {(700, 1): 1, (700, 2): 1, (730, 1): 1, (730, 2): 2}


def test_the_table_for_people_names_every_size() -> None:
    text = "\n".join(lines(divided(384_000_000, "file c.yaml", cpus=8)))
    assert text.startswith("service.memory_limit is 366 MiB (file c.yaml)")
    assert [share.name for share in SHARES if share.name not in text] == []
    assert "  engine_bytes           103 MiB" in text
    assert "  recent_spans            14,000" in text
