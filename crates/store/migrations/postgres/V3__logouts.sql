-- What clients are still to be told of sessions that ended: a row for each client that got tokens in the session, from the
-- session's end until the client was told. Its key is the session's id and the client's, so that ending a session twice at
-- once queues each once. Claimed by moving `due_at` on, so that a claim lapses by itself when its replica dies; `attempts`
-- counts claims, and tells one that lapsed from the one that followed.
--
-- Who is told must not depend on which of two replicas is first. So a redemption holds the session's row while it adds its
-- grant, and the end of a session takes that row before it looks at the grants: one of the two sees the other.
CREATE TABLE logouts (
    key       TEXT     PRIMARY KEY,
    client_id TEXT     NOT NULL,
    subject   TEXT     NOT NULL,
    sid       TEXT     NOT NULL,
    ended_at  BIGINT   NOT NULL,
    due_at    BIGINT   NOT NULL,
    attempts  BIGINT   NOT NULL,
    bucket    SMALLINT NOT NULL
);
CREATE INDEX logouts_due    ON logouts (client_id, due_at);
CREATE INDEX logouts_client ON logouts (client_id, ended_at);
CREATE INDEX logouts_age    ON logouts (bucket, ended_at);
