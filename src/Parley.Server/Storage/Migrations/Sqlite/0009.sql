-- Members can disregard a Commit that they cannot follow; the one that takes its place names it.

ALTER TABLE logs ADD COLUMN last_commit INTEGER NOT NULL DEFAULT 0;
