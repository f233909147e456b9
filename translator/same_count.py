"""Whether two spans count the same tokens of one call: exactly, or one with the prompt's cache and the other without.

Anthropic counts the cache beside the input: its own SDK's span adds it (rule 6), some frameworks' spans do not. The two
inputs then differ by exactly what one of the spans says was read from the cache, was written to it, or both.
"""

Tokens = tuple[int | None, int | None]
"""Input, output."""
Cache = tuple[int | None, int | None]
"""Read, written."""


def cache_parts(cache: Cache) -> set[int]:
    """What an input may lack: what was read, what was written, both."""
    read, written = cache[0] or 0, cache[1] or 0
    return {read, written, read + written} - {0}


def equal_but_for_cache(a: Tokens, a_cache: Cache, b: Tokens, b_cache: Cache) -> bool:
    """The outputs are equal, the inputs differ by the cache that one side knows, and no count of it that both know."""
    if a[0] is None or b[0] is None or a[1] is None or a[1] != b[1] or contradict(a_cache, b_cache):
        return False
    return abs(a[0] - b[0]) in cache_parts(a_cache) | cache_parts(b_cache)


def contradict(a: Cache, b: Cache) -> bool:
    return any(x is not None and y is not None and x != y for x, y in zip(a, b, strict=True))


def without_cache(tokens: Tokens, cache: Cache) -> int | None:
    """The input as a span shows it that leaves out all of the cache; null where there is none, or nobody knows."""
    beside = (cache[0] or 0) + (cache[1] or 0)
    return None if not beside or tokens[0] is None or tokens[1] is None or beside > tokens[0] else tokens[0] - beside
