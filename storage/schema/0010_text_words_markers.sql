-- Schema version 10: each piece of the index of words has a row of no tiles. Applied once, never edited.

-- By these rows the index is looked after, without reading all others. Early programs of version 5 to 7 wrote one only
-- for a piece without words.
INSERT INTO text_words
SELECT source, first_seq, last_seq, any_value(row_count), min(first_time), max(last_time), any_value(tile_last_seqs), 0, chr(10)
FROM text_words
GROUP BY source, first_seq, last_seq
HAVING bool_and(tiles <> 0);
