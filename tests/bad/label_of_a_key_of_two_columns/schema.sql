CREATE TABLE seats (hall INTEGER, number INTEGER, view TEXT, PRIMARY KEY (hall, number));
CREATE TABLE tickets (
    id      INTEGER PRIMARY KEY,
    hall    INTEGER,
    seat_id INTEGER,
    FOREIGN KEY (hall, seat_id) REFERENCES seats (hall, number)
);
