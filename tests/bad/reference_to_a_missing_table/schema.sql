CREATE TABLE posts (author INTEGER REFERENCES authors (id));
