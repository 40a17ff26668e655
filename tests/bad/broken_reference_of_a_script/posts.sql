INSERT INTO posts VALUES (7, 99, 'Nobody''s');
