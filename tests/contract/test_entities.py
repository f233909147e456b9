"""Names that questions are made of."""

from contract.entities import AGGREGATIONS, ENTITY_OPERATORS, OF_TRACES, PERCENTILES, SPAN_VALUES, VALUES


def test_every_type_of_a_value_has_operators() -> None:
    assert {kind for values in VALUES.values() for kind in values.values()} <= ENTITY_OPERATORS.keys()


def test_what_only_a_trace_can_tell_is_a_value_of_a_span() -> None:
    assert SPAN_VALUES.keys() >= OF_TRACES
    assert "trace_id" not in OF_TRACES


def test_percentiles_are_aggregations() -> None:
    assert PERCENTILES.keys() <= set(AGGREGATIONS)
