INSERT INTO users (name) VALUES ('Alice');
INSERT INTO users (name) VALUES (NULL);
