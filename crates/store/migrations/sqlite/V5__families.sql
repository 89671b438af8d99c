-- The refresh tokens of a grant are one row: the digest of the current one, and of the one before it for as long as a request may
-- be repeated. A token says by itself whose grant it was made for, so that no row is needed to know that one is old.
--
-- The row comes and goes with its grant, and a rotation touches no index: only `unseal_at`, which is a full hour and so seldom
-- changes, has one. What is sealed for the repeated request is emptied then.
--
-- A refresh token of earlier builds says nothing of its grant: each ends by this.
CREATE TABLE families (
    grant_id   BLOB    NOT NULL UNIQUE,
    current    BLOB    NOT NULL,
    expires_at INTEGER NOT NULL,
    previous   BLOB,
    sealed     BLOB,
    rotated_at INTEGER,
    unseal_at  INTEGER
) STRICT;
CREATE INDEX families_sealed ON families (unseal_at) WHERE unseal_at IS NOT NULL;

DROP TABLE refresh;

PRAGMA user_version = 5;
