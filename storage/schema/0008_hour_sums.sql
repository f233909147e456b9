-- Schema version 8: what lists and plots need of many rows, kept where it costs little to keep (docs/adr/0016).

-- Rows of span with commit_seq <= summed.last_seq, added up by hour of their start (hours since 1970): those of a project,
-- an hour and a model that are generations and no repeats (is_call), and the others.
CREATE TABLE hour_sum (
    project VARCHAR,
    hour BIGINT,
    is_call BOOLEAN,
    model VARCHAR,
    row_count BIGINT,
    shown_count BIGINT,
    error_count BIGINT,
    input_tokens HUGEINT,
    output_tokens HUGEINT,
    total_tokens HUGEINT,
    cache_read_tokens HUGEINT,
    cache_write_tokens HUGEINT,
    reasoning_tokens HUGEINT,
    input_cost DOUBLE,
    output_cost DOUBLE,
    total_cost DOUBLE
);

-- One row. Of changed_hours the sums are not true any more: rows that they hold have changed or are gone.
CREATE TABLE summed (last_seq BIGINT, changed_hours BIGINT[]);
INSERT INTO summed VALUES (0, []);

-- Of rows that may speak for a trace: JSON list of the beginnings of input and output. Null: nobody has kept them.
ALTER TABLE span ADD COLUMN preview VARCHAR;
