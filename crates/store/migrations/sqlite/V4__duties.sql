-- What one process at a time does for all.
CREATE TABLE duties (
    name     TEXT    NOT NULL PRIMARY KEY,
    holder   BLOB    NOT NULL,
    until_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
