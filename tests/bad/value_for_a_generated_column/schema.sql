CREATE TABLE prices (
    id    INTEGER PRIMARY KEY,
    net   INTEGER NOT NULL,
    gross INTEGER AS (net * 119 / 100) STORED
);
