INSERT INTO users (id, name)
VALUES (1, 'Alice');
INSERT INTO users (id, nmae) VALUES (2, 'Bob');
