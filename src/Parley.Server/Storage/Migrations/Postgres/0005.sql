-- The stretches of membership that a device had before its newest, which stands in members: what it could read then it still may.
CREATE TABLE former_members (
    log bigint NOT NULL REFERENCES logs (id),
    device bytea NOT NULL,
    after_sequence bigint NOT NULL,
    through_sequence bigint NOT NULL,
    PRIMARY KEY (log, device, after_sequence)
);
