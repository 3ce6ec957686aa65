-- The hash of the key by which an account of which no device is left takes a new one. The key follows from a code that only people have.

ALTER TABLE accounts ADD COLUMN recovery_hash BLOB;
