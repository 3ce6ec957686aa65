-- Several nodes. From here on a file only adds: nodes of the version before still serve while it runs, and after it.

-- A session notes the challenge whose answer began it, so that no answer is used twice, on whichever node.
ALTER TABLE sessions ADD COLUMN challenge bytea;

CREATE UNIQUE INDEX sessions_by_challenge ON sessions (challenge);

-- The nodes of the cluster, in Orleans' words: an address is IP:port@generation, a status is a SiloStatus. The times are those of the
-- database's own clock, and each node translates them into its own. The version of the whole is the setting cluster_version.
CREATE TABLE cluster_members (
    address text NOT NULL PRIMARY KEY,
    status bigint NOT NULL,
    host text NOT NULL,
    name text NOT NULL,
    started_at bigint NOT NULL,
    alive_at bigint NOT NULL,
    suspects text NOT NULL
);

INSERT INTO settings (name, value) VALUES ('cluster_version', '0');
