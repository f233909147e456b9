"""Of each field what was said last, whatever the order."""

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from translator import told as module
from translator.told import Rules, Told, fold, stamped, stamps

RULES = Rules(earliest=frozenset({"first"}), united=frozenset({"all"}))


def said(at: int, *, update: bool = False, by: str = "e", **fields: object) -> Told:
    return {field: ((at, update, by), value) for field, value in fields.items()}


def values(told: Told) -> dict[str, object]:
    return {field: value for field, (_, value) in told.items()}


def test_the_last_one_counts_and_of_one_moment_the_update() -> None:
    assert values(fold([said(2, a="new"), said(1, a="old", b="b")], RULES)) == {"a": "new", "b": "b"}
    assert values(fold([said(1, update=True, a="update"), said(1, a="create", by="z")], RULES)) == {"a": "update"}
    assert values(fold([said(1, a="x", by="e1"), said(1, a="y", by="e2")], RULES)) == {"a": "y"}


@pytest.mark.parametrize("silent", [None, "", "{}", "[]"])
def test_what_says_nothing_never_replaces_what_does(silent: object) -> None:
    assert values(fold([said(1, a="x", first="y"), said(2, a=silent), said(0, first=silent)], RULES)) == {
        "a": "x",
        "first": "y",
    }


@pytest.mark.parametrize("value", [0, False, 0.0])
def test_zero_and_false_say_something(value: object) -> None:
    assert values(fold([said(1, a="x"), said(2, a=value)], RULES)) == {"a": value}


def test_some_fields_are_said_once_and_some_are_united() -> None:
    found = fold([said(2, first="later", all=["b"]), said(1, first="sooner", all=["a", "b"])], RULES)
    assert values(found) == {"first": "sooner", "all": ["a", "b"]}


parts = st.lists(
    st.builds(
        said,
        st.integers(0, 3),
        update=st.booleans(),
        by=st.sampled_from("xy"),
        a=st.sampled_from(["1", "2", "", 3, None]),
        first=st.sampled_from(["1", "2", ""]),
        all=st.sets(st.sampled_from("abc")).map(sorted),
    ),
    min_size=1,
    max_size=6,
)


@given(parts, st.randoms())
def test_order_grouping_and_repetition_do_not_show(some: list[Told], chance: object) -> None:
    whole = fold(some, RULES)
    shuffled = [*some, chance.choice(some)]  # type: ignore[attr-defined]
    chance.shuffle(shuffled)  # type: ignore[attr-defined]
    middle = len(shuffled) // 2
    assert fold([fold(shuffled[:middle], RULES), fold(shuffled[middle:], RULES)], RULES) == whole
    assert stamps(fold(shuffled, RULES)) == stamps(whole)


def test_stamps_come_back_from_json() -> None:
    told = said(1, a="x") | said(2, update=True, b="y") | said(1, c="z")
    stored = orjson.loads(orjson.dumps(stamps(told)))
    assert len(stored["events"]) == 2
    assert stamped(stored) == {"a": (1, False, "e"), "b": (2, True, "e"), "c": (1, False, "e")}


def test_of_too_many_fields_those_said_last_are_kept_in_any_order(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_FIELDS", 3)
    some = [said(at, **{f"f{at}": "x"}) for at in range(6)] + [said(0, **{"=start": 5})]
    kept = fold(some, RULES)
    assert kept.keys() == {"=start", "f5", "f4"}
    step: Told = {}
    for part in reversed(some):
        step = fold([step, part], RULES)
    assert step == kept


def test_of_too_many_characters_those_said_last_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_CHARACTERS", 10)
    assert fold([said(1, a="x" * 6), said(2, b="y" * 6)], RULES).keys() == {"b"}
