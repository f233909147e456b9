"""Two counts of one call may differ by the prompt's cache, and by nothing else."""

import pytest

from translator.same_count import Cache, Tokens, equal_but_for_cache, without_cache

UNKNOWN = (None, None)


@pytest.mark.parametrize("without", [38, 50, 78])
def test_inputs_that_differ_by_the_cache_or_a_part_of_it_are_alike_whichever_side_knows_it(without: int) -> None:
    """38 without what was read and written, 50 without what was read, 78 without what was written."""
    for caches in (((40, 12), UNKNOWN), (UNKNOWN, (40, 12)), ((40, 12), (40, 12)), ((40, 12), (40, None))):
        assert equal_but_for_cache((90, 12), caches[0], (without, 12), caches[1])
        assert equal_but_for_cache((without, 12), caches[0], (90, 12), caches[1])


@pytest.mark.parametrize(
    ("a", "a_cache", "b", "b_cache"),
    [
        ((90, 12), (40, 12), (38, 13), UNKNOWN),
        ((90, 12), (40, 12), (39, 12), UNKNOWN),
        ((90, 12), (40, 12), (90, 12), UNKNOWN),
        ((90, 12), UNKNOWN, (38, 12), UNKNOWN),
        ((90, 12), (40, 12), (50, 12), (20, None)),
        ((90, 12), (40, None), (50, 12), (0, None)),
        ((90, None), (40, 12), (38, None), UNKNOWN),
        ((None, 12), (40, 12), (38, 12), UNKNOWN),
    ],
)
def test_any_other_difference_is_one(a: Tokens, a_cache: Cache, b: Tokens, b_cache: Cache) -> None:
    assert not equal_but_for_cache(a, a_cache, b, b_cache)
    assert not equal_but_for_cache(b, b_cache, a, a_cache)


def test_without_the_cache_an_input_is_smaller_by_all_that_is_known_of_it() -> None:
    assert without_cache((90, 12), (40, 12)) == 38
    assert without_cache((90, 12), (90, None)) == 0
    assert without_cache((30, 12), (40, None)) is None
    for cache in (UNKNOWN, (0, 0), (0, None)):
        assert without_cache((90, 12), cache) is None
    assert without_cache((None, 12), (4, 1)) is without_cache((9, None), (4, 1)) is None
