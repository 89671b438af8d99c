-- What clients are still to be told of sessions that ended: a row for each client that got tokens in the session, from the
-- session's end until the client was told. Claimed by moving `due_at` on, so that a claim lapses by itself when its process
-- dies; `attempts` counts claims, and tells one that lapsed from the one that followed.
CREATE TABLE logouts (
    key       TEXT    NOT NULL PRIMARY KEY,
    client_id TEXT    NOT NULL,
    subject   TEXT    NOT NULL,
    sid       TEXT    NOT NULL,
    ended_at  INTEGER NOT NULL,
    due_at    INTEGER NOT NULL,
    attempts  INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX logouts_due    ON logouts (client_id, due_at);
CREATE INDEX logouts_client ON logouts (client_id, ended_at);
CREATE INDEX logouts_age    ON logouts (ended_at);

-- A session's clients are those of its grants, of revoked ones too.
DROP INDEX grants_subject;
CREATE INDEX grants_subject ON grants (subject, sid, client_id, outlives_session);
