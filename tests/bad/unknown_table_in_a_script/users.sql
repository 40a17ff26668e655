INSERT INTO users (id, name) VALUES (1, 'Alice');
INSERT
    INTO usres (id, name) VALUES (2, 'Bob');
