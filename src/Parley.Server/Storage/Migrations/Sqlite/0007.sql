-- A device that is removed and added again has several stretches of membership, and may still read what it could read in the first.

CREATE TABLE stretches (
    log INTEGER NOT NULL REFERENCES logs (id),
    device BLOB NOT NULL,
    after_sequence INTEGER NOT NULL,
    through_sequence INTEGER,
    PRIMARY KEY (log, device, after_sequence)
) STRICT, WITHOUT ROWID;

INSERT INTO stretches SELECT log, device, after_sequence, through_sequence FROM members;

DROP TABLE members;

ALTER TABLE stretches RENAME TO members;

CREATE UNIQUE INDEX members_present ON members (log, device) WHERE through_sequence IS NULL;
