"""The facts of a new row."""

from contract.columns import SPAN_COLUMNS, S
from contract.settling import CONTENT_COLUMNS, FACT_COLUMNS, facts_of_row
from tests.support.rows import generation_row


def test_facts_are_the_row_under_the_names_of_its_columns() -> None:
    row = generation_row("a", "p", model="m", input_tokens=3)
    facts = facts_of_row(row)
    assert {name: facts.values[name] for name in FACT_COLUMNS} == {name: row[getattr(S, name)] for name in FACT_COLUMNS}
    assert facts.values.get("model") == "m"
    assert (facts.values["span_id"], facts.values["model"], facts.values["input_tokens"]) == ("a", "m", 3)


def test_of_content_only_its_length_is_kept_and_none_is_not_empty() -> None:
    facts = facts_of_row(generation_row("a", input="ä🙂", output=None))
    assert (facts.input_length, facts.output_length) == (2, None)
    assert facts_of_row(generation_row("a", output="")).output_length == 0
    assert not set(CONTENT_COLUMNS) & set(FACT_COLUMNS)
    assert facts.values.get("input") is None


def test_nothing_of_a_new_row_is_settled() -> None:
    assert facts_of_row(generation_row("a")).settled == {}


def test_every_fact_is_a_column() -> None:
    assert set(FACT_COLUMNS) <= {column.name for column in SPAN_COLUMNS}
