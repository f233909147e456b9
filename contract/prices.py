"""What models cost, for whoever wants to read the price lists."""

from collections.abc import Sequence
from typing import NamedTuple, Protocol


class ListedPrice(NamedTuple):
    """Prices of one model in US dollars a token; null where the list has none."""

    id: str
    model: str
    pattern: str
    """A regular expression that the names it is used for match."""
    own: bool
    """From the user's own table."""
    input_price: float | None
    output_price: float | None
    cache_read_price: float | None
    cache_write_price: float | None


class Prices(Protocol):
    """The prices in use: the user's own first, then the list's."""

    def __call__(self) -> Sequence[ListedPrice]: ...
