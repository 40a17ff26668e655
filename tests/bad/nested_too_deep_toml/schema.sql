CREATE TABLE users (id INTEGER PRIMARY KEY, name TEXT NOT NULL, photo BLOB, meta TEXT);
CREATE TABLE posts (id INTEGER PRIMARY KEY, author_id INTEGER REFERENCES users (id), title TEXT);
CREATE TABLE tags (name TEXT PRIMARY KEY);
CREATE TABLE posts_tags (post_id INTEGER REFERENCES posts (id), tag TEXT REFERENCES tags (name));
