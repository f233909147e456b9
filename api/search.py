"""`q=` until the filter grammar exists: bare words and quoted phrases; anything else is refused, never searched for."""

import re

from contract.errors import BadQuery
from contract.reading import TEXT_SEARCH, Condition

_TERM = re.compile(r'\s*(?:"((?:[^"\\]|\\.)*)"|([^\s"]+))')
_GRAMMAR = re.compile(r"[:=<>()~]|^-|!")
_WORDS_OF_GRAMMAR = frozenset({"and", "or", "not"})
TERMS_AT_MOST = 10


def search_terms(text: str) -> list[Condition]:
    """One condition a word or phrase, all must be found. Raises `BadQuery` for what only a grammar could read."""
    terms, at = [], 0
    text = text.rstrip()
    while at < len(text):
        match = _TERM.match(text, at)
        if match is None:
            raise refusal("a quote is not closed", at)
        terms.append(_phrase(match[1]) if match[1] is not None else _word(match[2], match.start(2)))
        at = match.end()
    terms = [term for term in terms if term]
    if len(terms) > TERMS_AT_MOST:
        raise refusal(f"more than {TERMS_AT_MOST} words", 0)
    return [Condition(TEXT_SEARCH, "contains", (term,)) for term in terms]


def _phrase(text: str) -> str:
    return re.sub(r"\\(.)", r"\1", text)


def _word(text: str, at: int) -> str:
    if text.lower() in _WORDS_OF_GRAMMAR or _GRAMMAR.search(text):
        raise refusal(f"{text[:60]!r} is neither a word nor a quoted phrase", at)
    return text


def refusal(what: str, at: int) -> BadQuery:
    wanted = 'words and "quoted phrases", filters being parameters of their own as in model=gpt-4o'
    return BadQuery(f"q takes {wanted}: {what} (position {at})", parameter=TEXT_SEARCH)
