//! Unit tests of `src/ledger/hook.rs`.

use super::is_internal;

#[test]
fn statements_of_virtual_tables_are_internal() {
    assert!(is_internal("REPLACE INTO 'main'.'docs_data'(id, block) VALUES(?,?)"));
    assert!(is_internal("SELECT data FROM \"main\".\"places_node\" WHERE nodeno = ?1"));
    assert!(!is_internal("SELECT * FROM docs WHERE docs MATCH 'main'"));
    assert!(!is_internal("SELECT \"a\" FROM \"main\".\"users\""));
}
