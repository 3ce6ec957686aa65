-- A device that was taken out of its account. Its row stays, so that its id is not used again.

ALTER TABLE devices ADD COLUMN revoked_at INTEGER;
