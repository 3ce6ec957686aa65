-- The stretches of membership that a device had before its newest, which stands in members: what it could read then it still may.
CREATE TABLE former_members (
    log INTEGER NOT NULL REFERENCES logs (id),
    device BLOB NOT NULL,
    after_sequence INTEGER NOT NULL,
    through_sequence INTEGER NOT NULL,
    PRIMARY KEY (log, device, after_sequence)
) STRICT, WITHOUT ROWID;
