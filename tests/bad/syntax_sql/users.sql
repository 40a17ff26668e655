INSERT INTO users (id, name)
    VALUES (1, 'Alice');
INSERT INTO users (id, name)
    VLAUES (2, 'Bob');
