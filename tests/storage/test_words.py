"""What a word is, for DuckDB that takes texts apart and for Python that takes terms apart."""

import re
import sys

import duckdb
from hypothesis import given, settings
from hypothesis import strategies as st

from storage.words import BETWEEN, FOLDED, HAS_PAIRS_SQL, PAIRS_SQL, PARTS_AT_MOST, PATTERNS, WORDS_SQL, parts

ENGINE = duckdb.connect()
CHARACTERS = [chr(code) for code in range(sys.maxunicode + 1) if not 0xD800 <= code < 0xE000]

PARTS = [
    ("word", ["word"]),
    ("two words", ["\nwords", "two\n"]),
    ("a-b_c.d", ["\nb\n", "\nc\n", "\nd", "a\n"]),
    (".word!", ["\nword\n"]),
    ("你", ["你"]),
    ("你好", ["你好"]),
    ("你好吗 GPT", ["\nGPT", "你好", "好吗"]),
    ("GPT模型", ["GPT\n", "模型"]),
    ("größer", ["größer"]),
    ("한국어", ["한국어"]),
    ("\\u4f60\\u597d", ["\nu4f60\n", "\nu597d"]),
    ("...", []),
    ("", []),
]


def test_a_term_is_taken_apart_where_texts_are() -> None:
    assert [(term, parts(term)) for term, _ in PARTS] == PARTS


def test_of_a_long_term_the_longest_parts_are_looked_for() -> None:
    assert parts("A-12345") == ["\n12345"], "an A is everywhere"
    assert parts("no 你好") == ["你好"]
    assert parts("to be") == ["\nbe", "to\n"]
    assert parts("1 22 333 4444 55555 666666") == ["\n55555\n", "\n666666", "\n4444\n", "\n333\n"]
    assert len(parts("数据模型検索你好")) == PARTS_AT_MOST


def test_what_a_search_takes_for_equal_is_folded_to_the_same() -> None:
    """Asked of DuckDB itself, for every character that has a case anywhere."""
    cased = [each for each in CHARACTERS if len({each, each.lower(), each.upper(), each.casefold()}) > 1]
    assert len(cased) > 2500
    sql = f"""
    SELECT one, other FROM (
        SELECT one, unnest(regexp_extract_all($all, regexp_escape(one), 0, 'i')) AS other
        FROM (SELECT unnest($cased) AS one)
    ) WHERE {FOLDED.format("one")} <> {FOLDED.format("other")}
    """
    assert ENGINE.execute(sql, {"all": "".join(cased), "cased": cased}).fetchall() == []


def test_folding_changes_no_character_to_more_or_to_one_of_another_class() -> None:
    """Else the parts of a folded text were not the folded parts."""
    sql = f"SELECT one, {FOLDED.format('one')} FROM (SELECT unnest($all) AS one)"
    folded = ENGINE.execute(sql, {"all": CHARACTERS}).fetchall()
    changed = [(one, other) for one, other in folded if one != other]
    assert changed
    assert {len(other) for _, other in changed} == {1}
    assert [pair for pair in changed if is_word(pair[0]) != is_word(pair[1])] == []


def is_word(character: str) -> bool:
    return parts(f"x{character}") == [f"x{character}"]


ALPHABET = 'ab Zé ßΣσ.-_"\\/\n\t\x00你好吗数模ไทย🚀한국 '


@settings(max_examples=100, deadline=None)
@given(st.text(ALPHABET, max_size=40), st.data())
def test_the_words_of_a_text_have_all_parts_of_whatever_stands_in_it(text: str, data: st.DataObject) -> None:
    first = data.draw(st.integers(0, len(text)))
    term = text[first : data.draw(st.integers(first, len(text)))]
    words = BETWEEN + BETWEEN.join(words_of(text)) + BETWEEN
    assert [part for part in parts(term) if part not in words] == []


def words_of(text: str) -> list[str]:
    """As the index takes texts apart."""
    words, pairs, has_pairs = (sql.format("$text") for sql in (WORDS_SQL, PAIRS_SQL, HAS_PAIRS_SQL))
    sql = f"SELECT {words} || CASE WHEN {has_pairs} THEN {pairs} ELSE [] END"
    [(found,)] = ENGINE.execute(sql, {"text": text, **PATTERNS}).fetchall()
    assert not any(re.search(r"^$|[\s\"\\/._-]", word) for word in found)
    return list(found)
