//! What the values of each format become.

use crate::*;

#[cfg(all(feature = "csv", feature = "json", feature = "yaml"))]
#[test]
fn all_formats_agree() {
    let database = |seeds: &'static str| {
        let session = Template::schema("fixtures/schema.sql").seeds(seeds).session();
        common::dump(&session)
    };
    let json = common::dump(&Template::folder("fixtures").session());
    assert!(json.contains("'Zoë Abara'") && json.contains("x'89494d00ff'"), "{json}");
    assert!(json.contains("INSERT INTO loan_log"), "seeds fire triggers: {json}");
    for other in ["fixtures/csv", "fixtures/yaml", "fixtures/sql"] {
        assert_eq!(database(other), json, "{other}");
    }
}

#[cfg(feature = "csv")]
#[test]
fn csv_values_follow_the_column() {
    let mut connection = Connection::open_in_memory().unwrap();
    connection.execute_batch("CREATE TABLE t (a TEXT, b TEXT, c INTEGER, d REAL)").unwrap();
    let folder = folder(&[("t.csv", "a,b,c,d\r\n,\"\",42,1.5\r\n\r\n\"x, \"\"y\"\"\nz\",2,,\r\n")]);
    Seeds::from(folder.path()).load(&mut connection).unwrap();
    let shown: String = one(
        &connection,
        "SELECT group_concat(quote(a) || '|' || quote(b) || '|' || typeof(c) || '|' || typeof(d), ' / ') FROM t",
    );
    assert_eq!(shown, "NULL|''|integer|real / 'x, \"y\"\nz'|'2'|null|null");
}

#[cfg(feature = "yaml")]
#[test]
fn yaml_follows_anchors() {
    let (connection, labels) = blog(&[("users.yml", "a: &x {name: Same}\nb: *x\n")]);
    labels.unwrap();
    assert_eq!(one::<i64>(&connection, "SELECT count(*) FROM users WHERE name = 'Same'"), 2);
}

#[cfg(feature = "json")]
#[test]
fn nested_booleans_stay_booleans() {
    let (connection, labels) = blog(&[("users.json", r#"[{"name": {"dark": true, "list": [false, null, 1]}}]"#)]);
    labels.unwrap();
    assert_eq!(one::<String>(&connection, "SELECT name FROM users"), r#"{"dark":true,"list":[false,null,1]}"#);
}

#[cfg(feature = "toml")]
#[test]
fn toml_dates_are_stored_as_written() {
    let (connection, labels) = blog(&[("users.toml", "[a]\nname = 2024-01-01 10:00:00.500\n")]);
    labels.unwrap();
    assert_eq!(one::<String>(&connection, "SELECT name FROM users"), "2024-01-01 10:00:00.500");
    let (_, labels) = blog(&[("users.toml", "[a]\nname = nan\n")]);
    assert!(labels.unwrap_err().to_string().contains("leave the field out"));
}

#[cfg(all(feature = "csv", feature = "yaml"))]
#[test]
fn bytes_and_booleans_of_other_tools() {
    let schema = "CREATE TABLE t (id INTEGER PRIMARY KEY, a BLOB, b BINARY(4), n INTEGER, t TEXT, yes BOOLEAN)";
    let long = "0x1234567890abcdef1234567890";
    let rows = format!(
        "- {{id: 1, a: 0x00ff, b: \"0xABCD\", n: 0x1F, t: {long}, yes: \"true\"}}\n\
         - {{id: 2, a: !binary aGVsbG8=, b: 0x00, n: 1, t: \"true\", yes: false}}\n\
         - {{id: 3, a: {long}, t: x}}\n"
    );
    let files = folder(&[("schema.sql", schema), ("t.yaml", &rows), ("t.csv", "id,yes,t\n4,TRUE,true\n5,1,x\n")]);
    let session = Template::from_folder(files.path()).session();
    let held = |id: i64| -> String {
        let sql = "SELECT quote(a) || ' ' || quote(b) || ' ' || quote(n) || ' ' || quote(t) || ' ' || quote(yes) FROM t WHERE id = ?1";
        session.query_row(sql, [id], |row| row.get(0)).unwrap()
    };
    assert_eq!(held(1), format!("X'00FF' X'ABCD' 31 '{long}' 1"));
    assert_eq!(held(2), "X'68656C6C6F' X'00' 1 'true' 0");
    assert_eq!(held(3), "X'1234567890ABCDEF1234567890' NULL NULL 'x' NULL");
    assert_eq!(held(4), "NULL NULL NULL 'true' 1");
    assert_eq!(held(5), "NULL NULL NULL 'x' 1");
}

#[cfg(feature = "json")]
#[test]
fn json_values_keep_their_types() {
    let mut connection = Connection::open_in_memory().unwrap();
    connection.execute_batch("CREATE TABLE t (i INT, r REAL, b INT, n TEXT, j TEXT, x BLOB, y BLOB)").unwrap();
    let folder = folder(&[(
        "t.json",
        r#"[{"i": 9223372036854775807, "r": 1.5, "b": true, "n": null, "j": {"a": [1, "é\n"]},
             "x": "x'00Ff'", "y": [0, 255]}]"#,
    )]);
    Seeds::from(folder.path()).load(&mut connection).unwrap();
    let shown: String = one(
        &connection,
        "SELECT i || ' ' || r || ' ' || b || ' ' || (n IS NULL) || ' ' || j || hex(x) || hex(y) FROM t",
    );
    assert_eq!(shown, "9223372036854775807 1.5 1 1 {\"a\":[1,\"é\\n\"]}00FF00FF");
}

#[cfg(feature = "json")]
proptest::proptest! {
    #![proptest_config(proptest::test_runner::Config::with_cases(50))]

    /// serde_json rounds about one in four to a neighbour.
    #[test]
    fn reals_are_exact(reals in proptest::collection::vec(proptest::num::f64::NORMAL, 100)) {
        let rows: Vec<_> = reals.iter().map(|real| format!(r#"{{"a": {real:e}}}"#)).collect();
        let files = [("schema.sql", "CREATE TABLE t (a REAL)"), ("t.json", &format!("[{}]", rows.join(",")))];
        let session = Template::from_folder(folder(&files).path()).uncached().session();
        let mut select = session.prepare("SELECT a FROM t ORDER BY rowid").unwrap();
        let found: Vec<f64> = select.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect();
        proptest::prop_assert_eq!(found, reals);
    }
}

#[cfg(feature = "yaml")]
fn load(files: &[(&str, &str)]) -> Result<Connection, SeedError> {
    load_notes(folder(files).path())
}

#[cfg(feature = "yaml")]
fn refused(files: &[(&str, &str)], why: &str) {
    let error = load(files).expect_err(why);
    assert!(error.to_string().contains(why), "{error}");
    assert!(error.position().is_some(), "{error}");
}

#[cfg(feature = "yaml")]
#[test]
fn aliases_do_not_multiply() {
    let mut bomb = "a: &a [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
    for (name, before) in ('b'..='z').zip('a'..) {
        bomb += &format!("{name}: &{name} [{}]\n", vec![format!("*{before}"); 10].join(", "));
    }
    refused(&[("notes.yaml", &bomb)], "aliases copy at most 100,000 values");
    let mut merged = "a: &a {text: x}\n".to_owned();
    for (name, before) in ('b'..='z').zip('a'..) {
        let fields: Vec<_> = (0..10).map(|number| format!("f{number}: *{before}")).collect();
        merged += &format!("{name}: &{name} {{<<: *{before}, {}}}\n", fields.join(", "));
    }
    refused(&[("notes.yaml", &merged)], "aliases copy at most 100,000 values");
    refused(&[("notes.yaml", "a: &a {text: *a}\n")], "alias");
}

/// Nested a hundred thousand times, in each way that a format has.
#[cfg(all(feature = "json", feature = "toml", feature = "yaml"))]
#[test]
fn nesting_is_limited() {
    const TIMES: usize = 100_000;
    let lists = "[".repeat(TIMES) + &"]".repeat(TIMES);
    let maps = r#"{"a":"#.repeat(TIMES) + "1" + &"}".repeat(TIMES);
    let in_a_row = format!(r#"[{{"text": {lists}}}]"#);
    for text in [&lists, &maps, &in_a_row, &"[".repeat(TIMES), &"{\"a\":[".repeat(TIMES)] {
        for name in ["notes.json", "notes.jsonl", "notes.yaml"] {
            load(&[(name, text)]).expect_err(name);
        }
    }
    let deeper: String = (0..300).map(|depth| " ".repeat(depth) + "a:\n").collect();
    let (dashes, questions) = ("- ".repeat(TIMES), "? ".repeat(TIMES));
    for text in [&deeper, &dashes, &questions, &"&a ".repeat(TIMES), &"!a ".repeat(TIMES)] {
        load(&[("notes.yaml", text)]).expect_err("YAML");
    }
    let dotted = format!("[[notes]]\ntext{} = 1", ".a".repeat(TIMES));
    let headers = format!("[notes{}]", ".a".repeat(TIMES));
    for text in [&format!("notes = {lists}"), &format!("notes = {}", "{a=".repeat(TIMES)), &dotted, &headers] {
        load(&[("notes.toml", text)]).expect_err("TOML");
    }
}
