-- A new device that waits to be linked, and what it and the device that answers have passed each other. All of it may be read by whoever
-- has the code; the secret, by its hash, lets the new device go on, and the account that was first to answer the other side.

CREATE TABLE links (
    code TEXT NOT NULL PRIMARY KEY,
    secret_hash BLOB NOT NULL,
    account INTEGER,
    expires_at INTEGER NOT NULL,
    commitment BLOB NOT NULL,
    answer BLOB,
    reveal BLOB,
    handover BLOB
) STRICT, WITHOUT ROWID;
