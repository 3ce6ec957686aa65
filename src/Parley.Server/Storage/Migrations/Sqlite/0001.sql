-- Version 1, frozen: a later version is a further file, never a change of this one.
-- Times are Unix milliseconds. Secrets that a client shows us (invite codes, session tokens) are kept as SHA-256 only.

CREATE TABLE settings (
    name TEXT NOT NULL PRIMARY KEY,
    value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE accounts (
    id INTEGER PRIMARY KEY,
    handle TEXT NOT NULL UNIQUE,
    account_key BLOB NOT NULL,
    role INTEGER NOT NULL,
    created_at INTEGER NOT NULL
) STRICT;

CREATE TABLE devices (
    id BLOB NOT NULL PRIMARY KEY,
    account INTEGER NOT NULL REFERENCES accounts (id),
    certificate BLOB NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX devices_by_account ON devices (account);

CREATE TABLE invites (
    code_hash BLOB NOT NULL PRIMARY KEY,
    uses_left INTEGER NOT NULL CHECK (uses_left >= 0),
    expires_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE sessions (
    token_hash BLOB NOT NULL PRIMARY KEY,
    device BLOB NOT NULL REFERENCES devices (id),
    expires_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX sessions_by_expiry ON sessions (expires_at);

CREATE TABLE key_packages (
    id INTEGER PRIMARY KEY,
    device BLOB NOT NULL REFERENCES devices (id),
    hash BLOB NOT NULL UNIQUE,
    last_resort INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    content BLOB NOT NULL
) STRICT;

CREATE INDEX key_packages_by_device ON key_packages (device, last_resort, id);

-- A group's log or a device's inbox. The epoch is the one the next Commit must build on; an inbox has none.
CREATE TABLE logs (
    id INTEGER PRIMARY KEY,
    kind INTEGER NOT NULL,
    name BLOB NOT NULL,
    creator BLOB NOT NULL,
    epoch INTEGER NOT NULL,
    UNIQUE (kind, name)
) STRICT;

-- Append-ordered: rows go to the end of the table whichever log they belong to, and only the indexes are scattered.
-- The envelope is the encoded Envelope of parley.proto, ready to be sent. An inbox entry has no message id of its own, and
-- its Welcome, which all devices added by one Commit share, stands in welcomes.
CREATE TABLE entries (
    id INTEGER PRIMARY KEY,
    log INTEGER NOT NULL,
    sequence INTEGER NOT NULL,
    message_id BLOB,
    welcome INTEGER,
    envelope BLOB NOT NULL
) STRICT;

CREATE UNIQUE INDEX entries_by_sequence ON entries (log, sequence);
CREATE UNIQUE INDEX entries_by_message ON entries (log, message_id) WHERE message_id IS NOT NULL;

CREATE TABLE welcomes (
    id INTEGER PRIMARY KEY,
    content BLOB NOT NULL
) STRICT;

-- Who may read a log: the entries after after_sequence, up to through_sequence, which is null for a present member.
CREATE TABLE members (
    log INTEGER NOT NULL REFERENCES logs (id),
    device BLOB NOT NULL,
    after_sequence INTEGER NOT NULL,
    through_sequence INTEGER,
    PRIMARY KEY (log, device)
) STRICT, WITHOUT ROWID;

-- How far a device says it has read, lazily: what everyone has read may be deleted.
CREATE TABLE cursors (
    log INTEGER NOT NULL REFERENCES logs (id),
    device BLOB NOT NULL,
    sequence INTEGER NOT NULL,
    PRIMARY KEY (log, device)
) STRICT, WITHOUT ROWID;
