-- Version 1, frozen: a later version is a further file, never a change of this one. The same tables as SQLite's, in PostgreSQL's types.
-- Times are Unix milliseconds. Secrets that a client shows us (invite codes, session tokens) are kept as SHA-256 only.

CREATE TABLE schema_version (
    version integer NOT NULL
);

INSERT INTO schema_version (version) VALUES (0);

CREATE TABLE settings (
    name text NOT NULL PRIMARY KEY,
    value text NOT NULL
);

CREATE TABLE accounts (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    handle text NOT NULL UNIQUE,
    account_key bytea NOT NULL,
    role bigint NOT NULL,
    created_at bigint NOT NULL
);

CREATE TABLE devices (
    id bytea NOT NULL PRIMARY KEY,
    account bigint NOT NULL REFERENCES accounts (id),
    certificate bytea NOT NULL
);

CREATE INDEX devices_by_account ON devices (account);

CREATE TABLE invites (
    code_hash bytea NOT NULL PRIMARY KEY,
    uses_left bigint NOT NULL CHECK (uses_left >= 0),
    expires_at bigint NOT NULL
);

CREATE TABLE sessions (
    token_hash bytea NOT NULL PRIMARY KEY,
    device bytea NOT NULL REFERENCES devices (id),
    expires_at bigint NOT NULL
);

CREATE INDEX sessions_by_expiry ON sessions (expires_at);

CREATE TABLE key_packages (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    device bytea NOT NULL REFERENCES devices (id),
    suite bigint NOT NULL,
    hash bytea NOT NULL UNIQUE,
    last_resort bigint NOT NULL,
    expires_at bigint NOT NULL,
    content bytea NOT NULL
);

CREATE INDEX key_packages_by_device ON key_packages (device, suite, last_resort, id);

-- A group's log or a device's inbox. The epoch is the one the next Commit must build on; an inbox has none.
CREATE TABLE logs (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    kind bigint NOT NULL,
    name bytea NOT NULL,
    creator bytea NOT NULL,
    epoch bigint NOT NULL,
    UNIQUE (kind, name)
);

-- The envelope is the encoded Envelope of parley.proto, ready to be sent. An inbox entry has no message id of its own, and
-- its Welcome, which all devices added by one Commit share, stands in welcomes.
CREATE TABLE entries (
    log bigint NOT NULL,
    sequence bigint NOT NULL,
    message_id bytea,
    welcome bigint,
    envelope bytea NOT NULL,
    PRIMARY KEY (log, sequence)
);

-- Ciphertext does not compress.
ALTER TABLE entries ALTER COLUMN envelope SET STORAGE EXTERNAL;

CREATE UNIQUE INDEX entries_by_message ON entries (log, message_id) WHERE message_id IS NOT NULL;

CREATE TABLE welcomes (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    content bytea NOT NULL
);

-- Who may read a log: the entries after after_sequence, up to through_sequence, which is null for a present member.
CREATE TABLE members (
    log bigint NOT NULL REFERENCES logs (id),
    device bytea NOT NULL,
    after_sequence bigint NOT NULL,
    through_sequence bigint,
    PRIMARY KEY (log, device)
);

-- How far a device says it has read, lazily: what everyone has read may be deleted.
CREATE TABLE cursors (
    log bigint NOT NULL REFERENCES logs (id),
    device bytea NOT NULL,
    sequence bigint NOT NULL,
    PRIMARY KEY (log, device)
);
