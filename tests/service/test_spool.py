"""Requests on disk: in order, bounded, still there after a restart."""

from pathlib import Path

from service.spool import Spool, Waiting


def opened(folder: Path, max_bytes: int = 100) -> Spool:
    spool = Spool(folder / "spool", max_bytes)
    spool.open()
    return spool


def taken(spool: Spool) -> Waiting:
    request = spool.take()
    assert request is not None
    return request


def test_requests_come_out_in_the_order_they_went_in(tmp_path: Path) -> None:
    spool = opened(tmp_path)
    assert spool.put("traces", "protobuf", b"one")
    assert spool.put("logs", "json", b"three")
    first = taken(spool)
    assert (first.signal, first.content, spool.read(first), len(spool)) == ("traces", "protobuf", b"one", 1)
    spool.put_back(first)
    assert taken(spool) == first


def test_what_was_not_settled_is_found_again_and_numbers_go_on(tmp_path: Path) -> None:
    before = opened(tmp_path)
    for body in (b"a", b"bb", b"ccc"):
        before.put("traces", "protobuf", body)
    before.remove(taken(before))
    taken(before)
    (tmp_path / "spool" / "0000000000000009-traces-json.part").write_bytes(b"half")
    after = opened(tmp_path)
    assert (len(after), after.size_bytes) == (2, 5)
    assert after.put("logs", "json", b"d")
    assert [after.read(taken(after)) for _ in range(3)] == [b"bb", b"ccc", b"d"]
    assert not list(tmp_path.rglob("*.part"))


def test_who_sent_it_on_before_is_still_known_after_a_restart(tmp_path: Path) -> None:
    before = opened(tmp_path)
    before.put("traces", "protobuf", b"a", ("0123456789abcdef", "fedcba9876543210"))
    before.put("logs", "json", b"b")
    after = opened(tmp_path)
    assert [taken(after).hops for _ in range(2)] == [("0123456789abcdef", "fedcba9876543210"), ()]


def test_beyond_its_size_nothing_is_taken_until_something_is_settled(tmp_path: Path) -> None:
    spool = opened(tmp_path, 10)
    assert spool.put("traces", "protobuf", b"x" * 6)
    assert not spool.put("traces", "protobuf", b"x" * 5)
    spool.remove(taken(spool))
    assert spool.put("traces", "protobuf", b"x" * 5)


def test_an_empty_folder_is_not_left_behind(tmp_path: Path) -> None:
    spool = opened(tmp_path)
    spool.put("traces", "protobuf", b"x")
    spool.close()
    assert list(tmp_path.iterdir()) == [tmp_path / "spool"]
    spool.remove(taken(spool))
    spool.close()
    assert list(tmp_path.iterdir()) == []
