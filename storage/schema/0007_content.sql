-- Schema version 7: long texts lie apart from the rows that lists read, in pieces, each once a project (docs/adr/0013).

CREATE TABLE content (
    project VARCHAR,
    content_id VARCHAR,
    place INTEGER,
    media BOOLEAN,
    text VARCHAR USING COMPRESSION zstd
);

-- Column -> ids of the pieces that its text is made of; the column itself has what lists show of it.
ALTER TABLE span ADD COLUMN apart VARCHAR;
ALTER TABLE log_record ADD COLUMN apart VARCHAR;
