-- Schema version 9: where the rows of a trace lie (docs/adr/0018). Applied once, never edited.

-- Of the traces of a step of rows of span: between which commit_seq their rows lie. trace_hash: 63 bits of MD5, since a
-- number is compared ten times as fast as an id and packs in half of the space; what has the same one is read too.
CREATE TABLE trace_rows (trace_hash BIGINT, first_seq BIGINT, last_seq BIGINT);

-- One row: every row of span with commit_seq <= last_seq lies where trace_rows says; 0: nothing is known.
CREATE TABLE traced (last_seq BIGINT);
INSERT INTO traced VALUES (0);
