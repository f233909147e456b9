"""Names of Langfuse's that stand for values there are."""

import pytest

from api.langfuse.views import OBSERVATION_FILTERS, TRACE_FILTERS, TYPE_OF_KIND, VIEWS
from contract.entities import OTHER_KINDS, SPAN_VALUES, TRACE_VALUES


@pytest.mark.parametrize("name", VIEWS)
def test_every_dimension_measure_and_filter_is_a_value_of_its_query(name: str) -> None:
    view = VIEWS[name]
    values = {*(column.value for column in view.filters.values()), *view.measures.values()}
    assert values <= view.types.keys()


def test_filters_of_lists_are_values_too() -> None:
    assert {column.value for column in TRACE_FILTERS.values()} <= TRACE_VALUES.keys()
    assert {column.value for column in OBSERVATION_FILTERS.values()} <= SPAN_VALUES.keys()


def test_a_kind_has_one_type_and_a_type_one_kind() -> None:
    assert len(set(TYPE_OF_KIND.values())) == len(TYPE_OF_KIND)
    assert not TYPE_OF_KIND.keys() & set(OTHER_KINDS)


def test_texts_of_scores_have_no_mean() -> None:
    assert "value" in VIEWS["scores-numeric"].measures
    assert "value" not in VIEWS["scores-categorical"].measures
