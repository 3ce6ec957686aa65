-- KeyPackages are kept by cipher suite. All there were before had suite 3, or 1, which no client has used.

ALTER TABLE key_packages ADD COLUMN suite INTEGER NOT NULL DEFAULT 3;

DROP INDEX key_packages_by_device;

CREATE INDEX key_packages_by_device ON key_packages (device, suite, last_resort, id);
