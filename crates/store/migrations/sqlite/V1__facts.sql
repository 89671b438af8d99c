-- The durable facts of the protocol. Times are whole seconds since 1970, digests and ids are raw bytes, documents are JSON.
--
-- What a write costs is the number of pages that it touches alone. So rows that come at every login are appended, with an
-- index over their random key: a table clustered by that key (WITHOUT ROWID) keeps whole rows in its inner pages too, which
-- rows of half a kilobyte make very deep. Their `sweep_at` is rounded up to the hour, so that its index is appended to as
-- well. Short rows that come seldom and go soon are clustered by their key.
--
-- Everything that grows has a time to be swept by, with an index. Later versions only add; each sets `user_version` to the
-- oldest version of this schema whose release can still serve the database.
PRAGMA application_id = 0x4E415554;
PRAGMA user_version = 1;

-- One row, written by a probe that asks whether the database takes writes.
CREATE TABLE probe (id INTEGER PRIMARY KEY CHECK (id = 1), probes INTEGER NOT NULL) STRICT;
INSERT INTO probe (id, probes) VALUES (1, 0);

CREATE TABLE pushed (
    digest     BLOB    NOT NULL UNIQUE,
    client_id  TEXT    NOT NULL,
    parameters TEXT    NOT NULL,
    expires_at INTEGER NOT NULL,
    spent      INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX pushed_expiry ON pushed (expires_at);

-- A redeemed code gives its authorization up: the grant has it.
CREATE TABLE codes (
    digest         BLOB    NOT NULL UNIQUE,
    grant_id       BLOB    NOT NULL,
    client_id      TEXT    NOT NULL,
    subject        TEXT    NOT NULL,
    sid            TEXT,
    authorization  TEXT,
    redirect_uri   TEXT    NOT NULL,
    nonce          TEXT,
    code_challenge TEXT,
    expires_at     INTEGER NOT NULL,
    redeemed_at    INTEGER,
    sweep_at       INTEGER NOT NULL
) STRICT;
CREATE INDEX codes_expiry  ON codes (sweep_at);
CREATE INDEX codes_grant   ON codes (grant_id) WHERE redeemed_at IS NULL;
CREATE INDEX codes_subject ON codes (subject, client_id) WHERE redeemed_at IS NULL;

CREATE TABLE grants (
    id               BLOB    NOT NULL UNIQUE,
    client_id        TEXT    NOT NULL,
    subject          TEXT    NOT NULL,
    sid              TEXT,
    outlives_session INTEGER NOT NULL,
    authorization    TEXT    NOT NULL,
    created_at       INTEGER NOT NULL,
    expires_at       INTEGER NOT NULL,
    revoked_at       INTEGER,
    session_ended_at INTEGER,
    sweep_at         INTEGER NOT NULL
) STRICT;
CREATE INDEX grants_expiry  ON grants (sweep_at);
CREATE INDEX grants_subject ON grants (subject, sid, client_id, outlives_session) WHERE revoked_at IS NULL;

CREATE TABLE refresh (
    digest     BLOB    NOT NULL UNIQUE,
    grant_id   BLOB    NOT NULL,
    expires_at INTEGER NOT NULL,
    rotated_at INTEGER,
    successor  BLOB,
    sealed     BLOB,
    sweep_at   INTEGER NOT NULL
) STRICT;
CREATE INDEX refresh_expiry ON refresh (sweep_at);
CREATE INDEX refresh_sealed ON refresh (rotated_at) WHERE sealed IS NOT NULL;

CREATE TABLE revoked_tokens (
    jti        BLOB    NOT NULL PRIMARY KEY,
    expires_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX revoked_tokens_expiry ON revoked_tokens (expires_at);

CREATE TABLE assertions (
    jti        BLOB    NOT NULL PRIMARY KEY,
    expires_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX assertions_expiry ON assertions (expires_at);

CREATE TABLE sessions (
    digest       BLOB    NOT NULL UNIQUE,
    sid          TEXT    NOT NULL UNIQUE,
    subject      TEXT    NOT NULL,
    person       TEXT    NOT NULL,
    login        TEXT    NOT NULL,
    created_at   INTEGER NOT NULL,
    last_seen_at INTEGER NOT NULL,
    expires_at   INTEGER NOT NULL
) STRICT;
CREATE INDEX sessions_subject ON sessions (subject, created_at);
CREATE INDEX sessions_expiry  ON sessions (expires_at);

-- Sessions that were ended, for as long as a code that was on its way meanwhile could be presented.
CREATE TABLE ended_sessions (
    sid        TEXT    NOT NULL PRIMARY KEY,
    expires_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX ended_sessions_expiry ON ended_sessions (expires_at);

-- Bounded by people and clients; kept until withdrawn.
CREATE TABLE consents (
    subject    TEXT    NOT NULL,
    client_id  TEXT    NOT NULL,
    scopes     TEXT    NOT NULL,
    resources  TEXT    NOT NULL,
    granted_at INTEGER NOT NULL,
    PRIMARY KEY (subject, client_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE devices (
    digest        BLOB    NOT NULL UNIQUE,
    user_code     TEXT    NOT NULL UNIQUE,
    grant_id      BLOB    NOT NULL,
    client_id     TEXT    NOT NULL,
    scopes        TEXT    NOT NULL,
    resources     TEXT    NOT NULL,
    expires_at    INTEGER NOT NULL,
    poll_interval INTEGER NOT NULL,
    polled_at     INTEGER,
    state         TEXT    NOT NULL CHECK (state IN ('pending', 'denied', 'approved', 'redeemed')),
    subject       TEXT,
    authorization TEXT,
    sweep_at      INTEGER NOT NULL
) STRICT;
CREATE INDEX devices_expiry  ON devices (sweep_at);
CREATE INDEX devices_grant   ON devices (grant_id);
CREATE INDEX devices_subject ON devices (subject, client_id) WHERE state = 'approved';
