INSERT INTO users (name)
VALUES ('Alice');
SELEC 1;
