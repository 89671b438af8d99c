-- The durable facts of the protocol, on PostgreSQL. Times are whole seconds since 1970, digests and ids are raw bytes, documents
-- are JSON as text, since nothing asks for a part of one.
--
-- Facts are added and never taken back: a grant is revoked, a session ended, a refresh token followed by a row of its own. So two
-- replicas that decide at the same moment need no lock between them: the row that both want to add is unique, and one of them
-- adds it. Reads join what was added.
--
-- Keys are digests and random ids, which spread over a distributed database. Times do not, so that an index by time begins with
-- `bucket`, a number from 0 to 15 that the row's writer draws from its key. The SQL is what CockroachDB and YugabyteDB take
-- as well: no sequence, no advisory lock, no table changed twice in one statement.

CREATE TABLE nauthera_schema (
    id          SMALLINT PRIMARY KEY CHECK (id = 1),
    serves_from INTEGER  NOT NULL
);
-- The oldest version of this schema whose release can still serve the database. Later versions only add, and raise it when that
-- is not enough.
INSERT INTO nauthera_schema (id, serves_from) VALUES (1, 1);

-- One row, written by a probe that asks whether the database takes writes.
CREATE TABLE probe (id SMALLINT PRIMARY KEY CHECK (id = 1), probes BIGINT NOT NULL);
INSERT INTO probe (id, probes) VALUES (1, 0);

-- What one replica at a time does for all.
CREATE TABLE duties (
    name        TEXT   PRIMARY KEY,
    holder      BYTEA  NOT NULL,
    until_at    BIGINT NOT NULL
);

CREATE TABLE pushed (
    digest     BYTEA    PRIMARY KEY,
    client_id  TEXT     NOT NULL,
    parameters TEXT     NOT NULL,
    expires_at BIGINT   NOT NULL,
    spent      BOOLEAN  NOT NULL DEFAULT FALSE,
    bucket     SMALLINT NOT NULL
);
CREATE INDEX pushed_expiry ON pushed (bucket, expires_at);

-- Redeemed when the grant of its id exists; dead when that id is revoked or its session ended before.
CREATE TABLE codes (
    digest         BYTEA    PRIMARY KEY,
    grant_id       BYTEA    NOT NULL,
    client_id      TEXT     NOT NULL,
    subject        TEXT     NOT NULL,
    sid            TEXT,
    document       TEXT,
    redirect_uri   TEXT     NOT NULL,
    nonce          TEXT,
    code_challenge TEXT,
    expires_at     BIGINT   NOT NULL,
    bucket         SMALLINT NOT NULL,
    sweep_at       BIGINT   NOT NULL
);
CREATE INDEX codes_expiry  ON codes (bucket, sweep_at);
CREATE INDEX codes_subject ON codes (subject);

CREATE TABLE grants (
    id               BYTEA    PRIMARY KEY,
    client_id        TEXT     NOT NULL,
    subject          TEXT     NOT NULL,
    sid              TEXT,
    outlives_session BOOLEAN  NOT NULL,
    document         TEXT     NOT NULL,
    created_at       BIGINT   NOT NULL,
    redeemed_at      BIGINT   NOT NULL,
    expires_at       BIGINT   NOT NULL,
    bucket           SMALLINT NOT NULL,
    sweep_at         BIGINT   NOT NULL
);
CREATE INDEX grants_expiry  ON grants (bucket, sweep_at);
CREATE INDEX grants_subject ON grants (subject);

-- Ids of grants that are revoked, also of those that a code or a device has not produced yet.
CREATE TABLE revoked_grants (
    grant_id BYTEA    PRIMARY KEY,
    at       BIGINT   NOT NULL,
    bucket   SMALLINT NOT NULL,
    sweep_at BIGINT   NOT NULL
);
CREATE INDEX revoked_grants_expiry ON revoked_grants (bucket, sweep_at);

CREATE TABLE refresh (
    digest     BYTEA    PRIMARY KEY,
    grant_id   BYTEA    NOT NULL,
    expires_at BIGINT   NOT NULL,
    bucket     SMALLINT NOT NULL,
    sweep_at   BIGINT   NOT NULL
);
CREATE INDEX refresh_expiry ON refresh (bucket, sweep_at);

-- What follows a refresh token; goes with it.
CREATE TABLE rotations (
    digest     BYTEA    PRIMARY KEY,
    successor  BYTEA    NOT NULL,
    sealed     BYTEA,
    rotated_at BIGINT   NOT NULL,
    bucket     SMALLINT NOT NULL
);
CREATE INDEX rotations_sealed ON rotations (bucket, rotated_at) WHERE sealed IS NOT NULL;

CREATE TABLE revoked_tokens (
    jti        BYTEA    PRIMARY KEY,
    expires_at BIGINT   NOT NULL,
    bucket     SMALLINT NOT NULL
);
CREATE INDEX revoked_tokens_expiry ON revoked_tokens (bucket, expires_at);

CREATE TABLE assertions (
    jti        BYTEA    PRIMARY KEY,
    expires_at BIGINT   NOT NULL,
    bucket     SMALLINT NOT NULL
);
CREATE INDEX assertions_expiry ON assertions (bucket, expires_at);

CREATE TABLE sessions (
    digest       BYTEA    PRIMARY KEY,
    sid          TEXT     NOT NULL UNIQUE,
    subject      TEXT     NOT NULL,
    person       TEXT     NOT NULL,
    login        TEXT     NOT NULL,
    created_at   BIGINT   NOT NULL,
    last_seen_at BIGINT   NOT NULL,
    expires_at   BIGINT   NOT NULL,
    bucket       SMALLINT NOT NULL
);
CREATE INDEX sessions_subject ON sessions (subject, created_at);
CREATE INDEX sessions_expiry  ON sessions (bucket, expires_at);

-- Sessions that were ended, for as long as a grant of theirs may live.
CREATE TABLE ended_sessions (
    sid      TEXT     NOT NULL,
    subject  TEXT     NOT NULL,
    at       BIGINT   NOT NULL,
    bucket   SMALLINT NOT NULL,
    sweep_at BIGINT   NOT NULL,
    PRIMARY KEY (sid, subject)
);
CREATE INDEX ended_sessions_expiry ON ended_sessions (bucket, sweep_at);

-- Bounded by people and clients; kept until withdrawn.
CREATE TABLE consents (
    subject    TEXT   NOT NULL,
    client_id  TEXT   NOT NULL,
    scopes     TEXT   NOT NULL,
    resources  TEXT   NOT NULL,
    granted_at BIGINT NOT NULL,
    PRIMARY KEY (subject, client_id)
);

-- Redeemed when the grant of its id exists; denied when that id is revoked.
CREATE TABLE devices (
    digest        BYTEA    PRIMARY KEY,
    user_code     TEXT     NOT NULL UNIQUE,
    grant_id      BYTEA    NOT NULL,
    client_id     TEXT     NOT NULL,
    scopes        TEXT     NOT NULL,
    resources     TEXT     NOT NULL,
    expires_at    BIGINT   NOT NULL,
    poll_interval BIGINT   NOT NULL,
    polled_at     BIGINT,
    too_soon      BOOLEAN  NOT NULL DEFAULT FALSE,
    state         TEXT     NOT NULL CHECK (state IN ('pending', 'denied', 'approved')),
    subject       TEXT,
    document      TEXT,
    bucket        SMALLINT NOT NULL,
    sweep_at      BIGINT   NOT NULL
);
CREATE INDEX devices_expiry  ON devices (bucket, sweep_at);
CREATE INDEX devices_subject ON devices (subject) WHERE state = 'approved';
