-- The distinct words of the texts of a piece, which is all rows of a table with first_seq <= commit_seq <= last_seq, and
-- where in it they stand (docs/adr/0012): a piece has tiles, which end with tile_last_seqs; bit n of tiles is the nth.
-- 500 words a row: DuckDB then packs them with DICT_FSST (28 bytes a span, searched twice as fast as zstd).
CREATE TABLE text_words (
    source VARCHAR,
    first_seq BIGINT,
    last_seq BIGINT,
    row_count BIGINT,
    first_time TIMESTAMP_NS,
    last_time TIMESTAMP_NS,
    tile_last_seqs BIGINT[],
    tiles BIGINT,
    words VARCHAR
);
