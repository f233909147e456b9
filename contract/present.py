"""What a reader needs beside the stored columns, made from the raw span when somebody asks."""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

CONTENT_FIELDS = (
    "input_messages",
    "output_messages",
    "system_instructions",
    "tool_definitions",
    "model_parameters",
    "usage_details",
    "cost_details",
    "tool_arguments",
    "tool_result",
    "query",
    "documents",
    "embedding_dimensions",
)
"""Fields of a span that are derived when read (product.md section 6, "lossless raw"); null where nothing says."""


class Present(Protocol):
    """From a stored span to what its detail route shows beside the columns. Pure; never raises for odd data."""

    def __call__(
        self,
        span: Mapping[str, Any],
        logs: Sequence[Mapping[str, Any]],
        donors: Sequence[Mapping[str, Any]],
    ) -> dict[str, Any]:
        """`CONTENT_FIELDS`, `mapping` and `unmapped` of one span.

        `span` maps column names of `SPAN_COLUMNS` to stored values (the `raw_*` columns, `own`, `settled_from` as JSON
        text, times as integer ns); `logs` are the stored log records that describe this span (columns of
        `LOG_COLUMNS`, likewise); `donors` are the spans whose `duplicate_of` names this span, in the form of `span`.
        `mapping` is `{field: {"convention": ..., "key": ...}}` for own fields, with `"from": "span:<id>"` or
        `"from": "log"` added for fields filled from elsewhere. `unmapped` lists the attributes that look like GenAI
        telemetry and that no rule reads.
        """
        ...
