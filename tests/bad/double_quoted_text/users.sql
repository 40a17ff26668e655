INSERT INTO users (name)
    VALUES ("Alice");
