//! Unit tests of `src/sqlite/shadow.rs`.

use super::shadow_tables;
use rusqlite::Connection;

#[test]
fn only_what_a_module_makes_is_its_own() {
    let connection = Connection::open_in_memory().unwrap();
    connection
        .execute_batch(
            "CREATE TABLE docs_content (id INTEGER PRIMARY KEY, title TEXT);
             CREATE VIRTUAL TABLE docs USING fts5 (title, content='docs_content', content_rowid='id');
             CREATE VIRTUAL TABLE terms USING fts5vocab ('docs', 'row');
             CREATE TABLE terms_data (a);
             CREATE VIRTUAL TABLE \"Od d\" USING fts5 (title);
             CREATE VIRTUAL TABLE places USING rtree (id, west, east);
             CREATE TABLE places_note (a);
             CREATE VIEW docs_idx_view AS SELECT 1",
        )
        .unwrap();
    let mut found: Vec<String> = shadow_tables(&connection).unwrap().into_iter().collect();
    found.sort();
    let expected = [
        "docs_config",
        "docs_data",
        "docs_docsize",
        "docs_idx",
        "od d_config",
        "od d_content",
        "od d_data",
        "od d_docsize",
        "od d_idx",
        "places_node",
        "places_parent",
        "places_rowid",
    ];
    assert_eq!(found, expected);
}
