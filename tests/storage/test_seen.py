"""Which keys were ever stored: never a miss, few false hits."""

import pytest

from storage import seen as module
from storage.seen import SeenKeys

KEYS = 5000


def key(number: int) -> tuple[str, str]:
    return "default", f"{number:032x}"


@pytest.fixture
def small_layers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "FIRST_CAPACITY", 1 << 8)
    monkeypatch.setattr(module, "BULK", 100)


@pytest.mark.usefixtures("small_layers")
def test_a_key_that_was_added_is_never_missed_across_layers() -> None:
    seen = SeenKeys()
    for number in range(3000):  # layers of 256, 512, 1024, 2048
        seen.add([key(number)])
    assert len(seen._layers) == 4
    assert all(key(number) in seen for number in range(3000))


@pytest.mark.usefixtures("small_layers")
def test_a_key_is_new_once_and_takes_no_room_twice() -> None:
    seen = SeenKeys()
    fresh = [key(number) for number in range(200) if seen.is_new(key(number))]
    assert len(fresh) > 190  # the others' fingerprints were there
    assert not any(seen.is_new(each) for each in fresh * 3)
    assert len(seen._layers) == 1


@pytest.mark.usefixtures("small_layers")
def test_hardly_another_key_is_taken_for_seen() -> None:
    seen = SeenKeys()
    seen.add(key(number) for number in range(KEYS))
    false_hits = sum(key(number) in seen for number in range(1 << 20, (1 << 20) + KEYS))
    assert false_hits < KEYS / 500  # one in 5,000 by the formula for six layers


def test_nothing_is_in_an_empty_set() -> None:
    assert key(1) not in SeenKeys()


def test_projects_are_told_apart_and_any_text_is_a_key() -> None:
    seen = SeenKeys()
    seen.add([("a", "bt"), ("a", "\ud800 my trace")])
    assert ("a", "\ud800 my trace") in seen
    assert ("ab", "t") not in seen


@pytest.mark.usefixtures("small_layers")
def test_keys_that_come_together_are_never_missed_and_layers_stay_half_empty() -> None:
    seen = SeenKeys()
    seen.add(key(number) for number in range(3050))
    assert all(key(number) in seen for number in range(3050))
    assert all(sum(map(bool, slots)) <= len(slots) // 2 for slots in seen._layers)
    assert sum(key(number) in seen for number in range(1 << 20, (1 << 20) + KEYS)) < KEYS / 500


@pytest.mark.usefixtures("small_layers")
def test_the_same_keys_in_one_heap_take_room_once() -> None:
    seen = SeenKeys()
    seen.add(key(number % 50) for number in range(200))
    assert len(seen._layers) == 1
    assert seen._room >= (1 << 8) - 50
