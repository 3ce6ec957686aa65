-- A session notes the challenge whose answer began it, so that no answer is used twice, on whichever node.

ALTER TABLE sessions ADD COLUMN challenge BLOB;

CREATE UNIQUE INDEX sessions_by_challenge ON sessions (challenge);
