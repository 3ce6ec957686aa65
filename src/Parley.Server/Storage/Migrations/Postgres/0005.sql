-- A device that is removed and added again has several stretches of membership, and may still read what it could read in the first.

ALTER TABLE members DROP CONSTRAINT members_pkey;

ALTER TABLE members ADD PRIMARY KEY (log, device, after_sequence);

CREATE UNIQUE INDEX members_present ON members (log, device) WHERE through_sequence IS NULL;
