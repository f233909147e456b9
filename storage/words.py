"""What a word is, for the index of words that searches in texts ask first (docs/adr/0012).

A search finds a term anywhere, also within words. Whatever stands in a text as one run of characters of a word stands
within one word of the index; so a term can only be in texts whose words have all of its `parts`.
"""

import re

SEPARATORS = (
    (0x00, 0x2F), (0x3A, 0x40), (0x5B, 0x60), (0x7B, 0xA9), (0xAB, 0xB4), (0xB6, 0xB9), (0xBB, 0xBF), (0x2000, 0x206F),
    (0x3000, 0x303F), (0xFE30, 0xFE4F), (0xFF00, 0xFF0F), (0xFF1A, 0xFF20), (0xFF3B, 0xFF40), (0xFF5B, 0xFF65),
)  # fmt: skip
"""ASCII but letters and digits, and the punctuation of Latin and CJK texts (code charts of Unicode)."""

UNSPACED = (
    (0x0E00, 0x0EFF), (0x1000, 0x109F), (0x1780, 0x17FF), (0x2190, 0x2BFF), (0x2E80, 0x2FFF), (0x3040, 0x9FFF),
    (0xF900, 0xFAFF), (0xFF66, 0xFF9F), (0x1F000, 0x1FAFF), (0x20000, 0x3FFFF),
)  # fmt: skip
"""Scripts without spaces between words (Thai, Lao, Burmese, Khmer, Han, Kana) and symbols: a word is two neighbours."""

FOLDED = "lower(upper({0}))"
"""Equal for all that `regexp_matches` with `i` takes for equal; `lower` alone keeps the two small sigmas apart."""

BETWEEN = "\n"
"""Stands around each word in the index; a separator, so in none."""

SHORT = 3
"""Runs of fewer letters are looked for only where a term has no others: most texts have them, and to find them takes
longer than all else."""

PARTS_AT_MOST = 4
"""Parts of a term that are looked for, the longest: they are the rarest."""


def in_re2(ranges: tuple[tuple[int, int], ...]) -> str:
    """The inside of a character class for DuckDB's regular expressions."""
    return "".join(f"\\x{{{first:x}}}-\\x{{{last:x}}}" for first, last in ranges)


def in_python(ranges: tuple[tuple[int, int], ...]) -> str:
    return "".join(f"\\U{first:08x}-\\U{last:08x}" for first, last in ranges)


_UNSPACED = in_re2(UNSPACED)
PATTERNS = {
    "word": f"[^{in_re2(SEPARATORS)}{_UNSPACED}]+|[{_UNSPACED}]{{1,2}}",
    "pair": f"[{_UNSPACED}]{{1,2}}",
    "two": f"[{_UNSPACED}]{{2}}",
    "first": f"(^|[^{_UNSPACED}])[{_UNSPACED}]",
}
"""To be bound to the expressions below."""
WORDS_SQL = "regexp_extract_all({0}, $word)"
"""The words of a text, a list; of a run without spaces every second pair, from its first character on."""
PAIRS_SQL = "regexp_extract_all(regexp_replace({0}, $first, '\\1', 'g'), $pair)"
"""The other pairs: those of each run without its first character."""
HAS_PAIRS_SQL = "regexp_matches({0}, $two)"

_RUN = re.compile(f"([{in_python(UNSPACED)}]+)|[^{in_python(SEPARATORS + UNSPACED)}]+")


def parts(term: str) -> list[str]:
    """What the words of every text with this term hold, in any case of letters; nothing where words cannot tell.

    The ends of the term may be ends of a word or not; all else of it begins and ends where it does in the text.
    """
    found: set[str] = set()
    short: set[str] = set()
    for run in _RUN.finditer(term):
        if run[1]:
            found.update({run[1][at : at + 2] for at in range(len(run[1]) - 1)} or {run[1]})
        else:
            before, behind = run.start() > 0, run.end() < len(term)
            (short if len(run[0]) < SHORT else found).add(BETWEEN * before + run[0] + BETWEEN * behind)
    return sorted(found or short, key=lambda part: (-len(part), part))[:PARTS_AT_MOST]
