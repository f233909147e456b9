-- Schema version 11: what is set aside lies in pieces. Applied once, never edited.

-- A checkpoint has the texts of a row group in memory: 60 requests of 1 MB were more than an engine with 64 MiB holds.
-- A payload of unstorable that begins with 'pieces:' names its own; earlier ones are the text itself.
CREATE TABLE unstorable_piece (payload VARCHAR, place BIGINT, text VARCHAR USING COMPRESSION zstd);
