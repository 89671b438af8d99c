-- How often something was done lately, shared by all replicas: failed logins, guessed codes, requests. A subject is a keyed hash, so
-- no name and no address stands here, and rows spread over a distributed database. Times are microseconds since 1970.
--
-- A row that is lost makes a limit milder and nothing wrong; one is as good as missing once `level` is past, and is swept then.

CREATE TABLE limits (
    subject   BYTEA    PRIMARY KEY,
    level     BIGINT   NOT NULL,
    until_at  BIGINT   NOT NULL,
    before_at BIGINT   NOT NULL,
    -- Was the latest attempt refused? Written by the statement that judges it, which tells it by this.
    refused   BOOLEAN  NOT NULL,
    bucket    SMALLINT NOT NULL
);
CREATE INDEX limits_level ON limits (bucket, level);
