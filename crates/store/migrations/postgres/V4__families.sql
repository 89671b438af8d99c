-- The refresh tokens of a grant are one row: the digest of the current one, and of the one before it for as long as a request may
-- be repeated. A token says by itself whose grant it was made for, so that no row is needed to know that one is old.
--
-- The row comes and goes with its grant. It has no index but that on its key, so that a rotation, which every client makes every few
-- minutes, touches no index: room is left in each page for that. Only `unseal_at`, which is a full hour and so seldom changes, has one:
-- what is sealed for the repeated request is emptied then.
--
-- A refresh token of earlier builds says nothing of its grant: each ends by this.
CREATE TABLE families (
    grant_id   BYTEA    PRIMARY KEY,
    current    BYTEA    NOT NULL,
    expires_at BIGINT   NOT NULL,
    previous   BYTEA,
    sealed     BYTEA,
    rotated_at BIGINT,
    unseal_at  BIGINT,
    bucket     SMALLINT NOT NULL
) WITH (fillfactor = 70);
CREATE INDEX families_sealed ON families (bucket, unseal_at) WHERE unseal_at IS NOT NULL;

DROP TABLE rotations;
DROP TABLE refresh;

UPDATE nauthera_schema SET serves_from = 4 WHERE id = 1;
