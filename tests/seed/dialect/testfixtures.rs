//! Files of testfixtures, a library for Go.

use crate::{blog, line, one};
use common::folder;
use sqlite_fixtures::{Seeds, rusqlite::Connection};

#[test]
fn values_are_computed_and_decoded() {
    let mut connection = Connection::open_in_memory().unwrap();
    connection
        .execute_batch(
            "CREATE TABLE users (id INTEGER PRIMARY KEY, name TEXT, hash BLOB, meta TEXT, born TEXT, score REAL);
             CREATE TABLE posts (id INTEGER PRIMARY KEY, user_id INTEGER REFERENCES users, body TEXT);",
        )
        .unwrap();
    let several = "users:\n  - id: 1\n    name: RAW=upper('alice')\n    hash: 0xdeadBEEF0123456789\n    meta: {theme: dark, tags: [a, 1]}\n    \
                   born: 2016-01-01 12:30:00\n    score: RAW=1 + 0.5\nposts:\n  - user_id: RAW=(SELECT max(id) FROM users)\n    \
                   body: !sql \"'two' || ' words'\"\n";
    Seeds::from(folder(&[("all.yml", several)]).path()).load(&mut connection).unwrap();
    let shown: String = one(&connection, "SELECT concat_ws('|', name, hex(hash), meta, born, score) FROM users");
    assert_eq!(shown, "ALICE|DEADBEEF0123456789|{\"theme\":\"dark\",\"tags\":[\"a\",1]}|2016-01-01 12:30:00|1.5");
    assert_eq!(one::<String>(&connection, "SELECT user_id || body FROM posts"), "1two words");
}

#[test]
fn invalid_expression_has_its_place() {
    let (connection, loaded) = blog(&[(
        "users.yaml",
        "- name: RAW=nosuch(1)\n- name: \"RAW=1); DELETE FROM users; SELECT (1\"\n- id: !sql 1, 2\n",
    )]);
    let error = loaded.unwrap_err();
    let lines: Vec<_> = error.all().map(|mistake| line(mistake.position().unwrap())).collect();
    assert_eq!(lines, [1, 2, 3], "{error}");
    assert!(error.to_string().contains("SQLite cannot prepare this statement: no such function: nosuch"), "{error}");
    assert_eq!(one::<i64>(&connection, "SELECT count(*) FROM users"), 0);
}

#[test]
fn go_templates_are_refused() {
    for template in
        ["- id: {{ uuid }}\n", "- id: {{.ID}}\n", "{{range .Users}}\n- id: 1\n{{end}}\n", "- name: '{{ now }}'\n"]
    {
        let (_, loaded) = blog(&[("users.yml", template)]);
        assert!(loaded.unwrap_err().to_string().contains("this is a template of Go"), "{template}");
    }
    let (connection, loaded) = blog(&[("users.yml", "- name: 'Dear {{ name }}'\n")]);
    loaded.unwrap();
    assert_eq!(one::<String>(&connection, "SELECT name FROM users"), "Dear {{ name }}");
}
