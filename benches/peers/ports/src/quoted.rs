//! Code whose SQL has texts in double quotes, in statements and in the schema, as much that is in production has.

use rusqlite::{Connection, OptionalExtension, Result};

pub const SCHEMA: &str = r#"
    CREATE TABLE tickets (
        id    INTEGER PRIMARY KEY,
        state TEXT NOT NULL DEFAULT "open" CHECK (state IN ("open", "closed")),
        data  TEXT NOT NULL DEFAULT "{}"
    );
    CREATE TABLE log (id INTEGER PRIMARY KEY, what TEXT);
    CREATE VIEW codes AS SELECT id, "T-" || id AS code FROM tickets;
    CREATE TRIGGER closed AFTER UPDATE OF state ON tickets WHEN new.state = "closed" BEGIN
        INSERT INTO log (what) VALUES ("closed " || new.id);
    END;
"#;

pub fn open_ticket(connection: &Connection, owner: &str) -> Result<i64> {
    connection.execute(r#"INSERT INTO tickets (data) VALUES (json_object("owner", ?1))"#, [owner])?;
    Ok(connection.last_insert_rowid())
}

pub fn close_ticket(connection: &Connection, id: i64) -> Result<bool> {
    Ok(connection.execute(r#"UPDATE tickets SET state = "closed" WHERE id = ?1 AND state = "open""#, [id])? == 1)
}

pub fn owner(connection: &Connection, id: i64) -> Result<Option<String>> {
    let sql = r#"SELECT json_extract(data, "$.owner") FROM tickets WHERE id = ?1"#;
    Ok(connection.query_row(sql, [id], |row| row.get(0)).optional()?.flatten())
}

pub fn code(connection: &Connection, id: i64) -> Result<String> {
    connection.query_row("SELECT code FROM codes WHERE id = ?1", [id], |row| row.get(0))
}

pub fn log(connection: &Connection) -> Result<Vec<String>> {
    connection.prepare("SELECT what FROM log ORDER BY id")?.query_map([], |row| row.get(0))?.collect()
}
