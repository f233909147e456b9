"""The report of an import."""

from service.langfuse.tally import NAMED_AT_MOST, Tally


def test_the_report_counts_both_sides_and_names_what_is_missing() -> None:
    tally = Tally()
    tally.read.update(traces=1200, media=1)
    tally.stored.update(traces=1199)
    tally.fault("traces: t-7: too large")
    lines = tally.report({"traces": 1200, "scores": None}, {"traces": 1199}).splitlines()
    assert [line.split() for line in lines] == [
        ["there", "read", "stored", "here"],
        ["traces", "1,200", "1,200", "1,199", "1,199"],
        ["scores", "-", "0", "0", "-"],
        ["media", "-", "1", "0", "-"],
        ["1", "could", "not", "be", "moved:"],
        ["traces:", "t-7:", "too", "large"],
    ]


def test_a_report_without_faults_says_so_where_nothing_is_on_its_way() -> None:
    tally = Tally()
    tally.read.update(traces=2)
    assert "everything" not in tally.report({}, {})
    tally.stored.update(traces=2)
    assert tally.report({}, {}).endswith("everything that was read is stored")


def test_faults_are_bounded_and_all_are_counted() -> None:
    tally = Tally()
    for number in range(NAMED_AT_MOST + 7):
        tally.fault(str(number))
    assert len(tally.faults) == NAMED_AT_MOST
    assert tally.report({}, {}).endswith("  and 7 more")


def test_progress_is_a_line() -> None:
    tally = Tally()
    assert tally.line() == "nothing yet"
    tally.read.update(traces=1200, scores=3)
    assert tally.line() == "1,200 traces, 3 scores"
