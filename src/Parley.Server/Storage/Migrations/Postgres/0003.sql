-- A new device that waits to be linked, and what it and the device that answers have passed each other. All of it may be read by whoever
-- has the code; the secret, by its hash, lets the new device go on, and the account that was first to answer the other side.

CREATE TABLE links (
    code text NOT NULL PRIMARY KEY,
    secret_hash bytea NOT NULL,
    account bigint,
    expires_at bigint NOT NULL,
    commitment bytea NOT NULL,
    answer bytea,
    reveal bytea,
    handover bytea
);
