//! Random databases, dumped in every format and seeded again, are the same. The unit tests of `src/dump` compile this file.

use crate::{
    dump::{Format, dump},
    snapshot,
    sqlite::quote::{literal, quoted},
    template::Template,
};
use proptest::{
    collection::vec,
    prelude::{Just, Strategy, any, prop_oneof},
    sample::{Index, select, subsequence},
    test_runner::{Config, TestRunner},
};
use rusqlite::{Connection, params_from_iter, types::Value};
use serde_json::value::RawValue;
use std::{
    collections::BTreeMap,
    env,
    fmt::Write,
    fs,
    path::{Path, PathBuf},
};

/// A table to create, and rows to try to insert.
#[derive(Debug, Clone)]
struct Table {
    name: String,
    columns: Vec<Column>,
    key: Key,
    more: Vec<More>,
    rows: Vec<Vec<Input>>,
}

#[derive(Debug, Clone)]
struct Column {
    name: String,
    declared: &'static str,
    rest: Rest,
}

#[derive(Debug, Clone)]
enum Rest {
    Nothing,
    NotNull,
    Default,
    Generated,
    /// References the key of this table or of an earlier one.
    Reference(Index),
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Key {
    None,
    Integer,
    Autoincrement,
    Text,
    Composite,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum More {
    Strict,
    WithoutRowid,
    Index,
    Trigger,
    /// Rows are deleted, so that rowids have gaps.
    Gaps,
    /// A full-text index that keeps no texts stands beside it.
    FullText,
}

#[derive(Debug, Clone)]
enum Input {
    Value(Value),
    /// One of the keys of the parent.
    Key(Index),
}

fn name() -> impl Strategy<Value = String> {
    prop_oneof![
        3 => "[a-z]{1,8}",
        1 => "[a-zA-Z_ .\"'`;,%$#@é灯\\[\\](){}<>:|&!?*=~^/\\\\-]{1,10}",
        1 => select(vec!["select", "_label", "model", "pk", "fields", "DEFAULTS", "$LABEL", "null", "~", "<<", "rows"])
            .prop_map(str::to_owned),
    ]
}

fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        3 => "[a-z ]{0,12}",
        2 => any::<String>(),
        3 => select(vec![
            "", " ", "\0", "a\0b", "\n", "a\r\nb", "\t", "null", "NULL", "[null]", "~", "true", "007", "1e5", "1.0", "-0", "+1",
            "0x1F", "0x", "x'00'", "X'0'", "RAW=1", "RAW=", "FILE=a", "yes", "Off", "BASE64=aGk=", "!sql 1", "$LABEL", "{{ .a }}", "{{- if }}", "<%= 1 %>", "2026-01-01",
            "\"", "'", "\\", "\\u0041", "a,b", "a\"b", "# a", "a: b", "- a", "[1", "{", "&a", "*a", "%a", "@a", "`", "|", ">",
            "\u{feff}", "\u{85}", "\u{2028}", "\u{7f}", "\u{ffff}", "😀", "e\u{301}", "9223372036854775808", "inf", "nan", ".inf",
        ])
        .prop_map(str::to_owned),
    ]
}

fn value() -> impl Strategy<Value = Value> {
    let integer = prop_oneof![any::<i64>(), -3_i64..3, Just(i64::MIN), Just(i64::MAX), Just(1 << 53)];
    let real = prop_oneof![
        any::<f64>(),
        -2.0..2.0,
        select(vec![0.0, -0.0, 1e308, 5e-324, 0.1 + 0.2, 1e15, 1e16, 123_456_789.0, f64::INFINITY, f64::NEG_INFINITY]),
    ];
    prop_oneof![
        1 => Just(Value::Null),
        2 => integer.prop_map(Value::Integer),
        2 => real.prop_map(Value::Real),
        4 => text().prop_map(Value::Text),
        1 => vec(any::<u8>(), 0..6).prop_map(Value::Blob),
    ]
}

fn column() -> impl Strategy<Value = Column> {
    let declared =
        select(vec!["INTEGER", "INT", "TEXT", "REAL", "BLOB", "", "NUMERIC", "VARCHAR(9)", "DATE", "BOOLEAN", "ANY"]);
    let rest = prop_oneof![
        4 => Just(Rest::Nothing),
        1 => Just(Rest::NotNull),
        1 => Just(Rest::Default),
        1 => Just(Rest::Generated),
        2 => any::<Index>().prop_map(Rest::Reference),
    ];
    (name(), declared, rest).prop_map(|(name, declared, rest)| Column { name, declared, rest })
}

fn table() -> impl Strategy<Value = Table> {
    let key = select(vec![Key::None, Key::Integer, Key::Integer, Key::Autoincrement, Key::Text, Key::Composite]);
    let input = prop_oneof![2 => value().prop_map(Input::Value), 1 => any::<Index>().prop_map(Input::Key)];
    let more = subsequence(
        vec![More::Strict, More::WithoutRowid, More::Index, More::Trigger, More::Gaps, More::FullText],
        0..=6,
    );
    (name(), vec(column(), 1..6), key, more, vec(vec(input, 8), 0..6)).prop_map(
        |(name, columns, key, mut more, rows)| {
            // It needs a primary key.
            more.retain(|more| *more != More::WithoutRowid || !matches!(key, Key::None | Key::Autoincrement));
            Table { name, columns, key, more, rows }
        },
    )
}

/// Makes a name unique for SQLite, which ignores case, and reserves some.
fn distinct(names: &mut Vec<String>, name: &str) -> String {
    let taken = |name: &str| names.iter().any(|other| other.eq_ignore_ascii_case(name));
    let mut name = if name.to_ascii_lowercase().starts_with("sqlite_") { "a".to_owned() } else { name.to_owned() };
    while taken(&name) {
        name.push('_');
    }
    names.push(name.clone());
    name
}

/// A table with a key of one column, which others may reference.
struct Parent {
    table: String,
    key: String,
    declared: &'static str,
}

/// Creates the tables, and inserts the rows that they accept.
fn database(tables: &[Table]) -> Connection {
    let connection = Connection::open_in_memory().unwrap();
    let (mut names, mut parents) = (Vec::new(), Vec::new());
    for (number, table) in tables.iter().enumerate() {
        let name = distinct(&mut names, &table.name);
        make(&connection, &name, table, number, &mut parents);
    }
    connection
}

fn make(connection: &Connection, name: &str, table: &Table, number: usize, parents: &mut Vec<Parent>) {
    let mut names = vec!["the key".to_owned()];
    let mut parts = Vec::new();
    let (key, declared) = match table.key {
        Key::Integer => ("\"the key\" INTEGER PRIMARY KEY", "INTEGER"),
        Key::Autoincrement => ("\"the key\" INTEGER PRIMARY KEY AUTOINCREMENT", "INTEGER"),
        Key::Text => ("\"the key\" TEXT NOT NULL PRIMARY KEY", "TEXT"),
        Key::None | Key::Composite => ("\"the key\" INTEGER NOT NULL", "INTEGER"),
    };
    parts.push(key.to_owned());
    if !matches!(table.key, Key::None | Key::Composite) {
        parents.push(Parent { table: name.to_owned(), key: "the key".to_owned(), declared });
    }
    let (mut input, mut columns) = (Vec::new(), vec![quoted("the key")]);
    for (number, column) in table.columns.iter().enumerate() {
        let name = quoted(&distinct(&mut names, &column.name));
        let strict = matches!(column.declared, "INTEGER" | "INT" | "TEXT" | "REAL" | "BLOB" | "ANY");
        let declared = if table.more.contains(&More::Strict) && !strict { "ANY" } else { column.declared };
        let rest = match &column.rest {
            Rest::Nothing => declared.to_owned(),
            Rest::NotNull => format!("{declared} NOT NULL"),
            Rest::Default => format!("{declared} DEFAULT 7"),
            Rest::Generated => {
                parts.push(format!("{name} {declared} AS (\"the key\")"));
                continue;
            }
            Rest::Reference(_) if parents.is_empty() => declared.to_owned(),
            Rest::Reference(index) => {
                let Parent { table, key, declared } = index.get(parents);
                format!("{declared} REFERENCES {} ({})", quoted(table), quoted(key))
            }
        };
        parts.push(format!("{name} {rest}"));
        columns.push(name);
        let parent = match &column.rest {
            Rest::Reference(index) if !parents.is_empty() => Some(index.get(parents)),
            _ => None,
        };
        input.push((number, parent));
    }
    if table.key == Key::Composite {
        parts.push(format!("PRIMARY KEY (\"the key\", {})", columns.last().unwrap()));
    }
    let options: Vec<_> =
        [(table.more.contains(&More::Strict), "STRICT"), (table.more.contains(&More::WithoutRowid), "WITHOUT ROWID")]
            .iter()
            .filter_map(|(is_on, option)| is_on.then_some(*option))
            .collect();
    let table_name = quoted(name);
    let sql = format!("CREATE TABLE {table_name} ({}) {}", parts.join(", "), options.join(", "));
    connection.execute_batch(&sql).unwrap_or_else(|error| panic!("{sql}\n{error}"));
    if table.more.contains(&More::Index) {
        let sql = format!("CREATE UNIQUE INDEX \"index {number}\" ON {table_name} ({})", columns.join(", "));
        connection.execute_batch(&sql).unwrap();
    }
    let marks = vec!["?"; columns.len()].join(", ");
    let insert = format!("INSERT OR IGNORE INTO {table_name} ({}) VALUES ({marks})", columns.join(", "));
    for (row, values) in table.rows.iter().enumerate() {
        let key = i64::try_from(row).unwrap() * 3 - 2;
        let key = if table.key == Key::Text { Value::Text(format!("{key}th")) } else { Value::Integer(key) };
        let mut values_of_row = vec![key];
        values_of_row.extend(input.iter().map(|(number, parent)| of_parent(connection, &values[*number], *parent)));
        // Rows that a constraint refuses are left out.
        let _ = connection.execute(&insert, params_from_iter(values_of_row));
    }
    if table.more.contains(&More::Gaps) {
        // What refers to it may stay.
        let _ = connection.execute_batch(&format!("DELETE FROM {table_name} WHERE \"the key\" IN (4, '4th')"));
    }
    if table.more.contains(&More::FullText) {
        let sql = format!(
            "CREATE VIRTUAL TABLE \"full text {number}\" USING fts5 (a, content = ''); \
             INSERT INTO \"full text {number}\" (rowid, a) VALUES (3, 'moss'), (9, 'reed and moss'); \
             INSERT INTO \"full text {number}\" (\"full text {number}\", rank) VALUES ('pgsz', 64)"
        );
        connection.execute_batch(&sql).unwrap();
    }
    if table.more.contains(&More::Trigger) {
        let body = "BEGIN SELECT raise(ABORT, 'a dump is seeded without firing triggers'); END";
        connection
            .execute_batch(&format!("CREATE TRIGGER \"trigger {number}\" BEFORE INSERT ON {table_name} {body}"))
            .unwrap();
    }
}

/// A value; for a reference, an existing key or NULL.
fn of_parent(connection: &Connection, input: &Input, parent: Option<&Parent>) -> Value {
    match (input, parent) {
        (Input::Value(value), None) => value.clone(),
        (Input::Key(_), None) | (Input::Value(_), Some(_)) => Value::Null,
        (Input::Key(index), Some(parent)) => {
            let sql = format!("SELECT {} FROM {}", quoted(&parent.key), quoted(&parent.table));
            let mut keys = connection.prepare(&sql).unwrap();
            let keys: Vec<Value> = keys.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect();
            if keys.is_empty() { Value::Null } else { index.get(&keys).clone() }
        }
    }
}

fn seeded(folder: &Path) -> String {
    held(&Template::from_folder(folder).uncached().session())
}

/// All that a database holds: its snapshot, and the raw rows of all tables with their rowids, also of those that modules keep.
fn held(connection: &Connection) -> String {
    let mut text = snapshot::of(connection).unwrap();
    let names = "SELECT name FROM sqlite_schema WHERE type = 'table' AND rootpage > 0 AND name NOT GLOB 'sqlite_*' ORDER BY name";
    let mut names = connection.prepare(names).unwrap();
    let names: Vec<String> = names.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect();
    for name in names {
        let select = |columns: &str| connection.prepare(&format!("SELECT {columns} FROM {} ORDER BY 1", quoted(&name)));
        // A table without rowid, or with a column of that name.
        let mut rows = select("rowid, *").or_else(|_| select("*")).unwrap();
        let columns = rows.column_count();
        let mut rows = rows.query([]).unwrap();
        while let Some(row) = rows.next().unwrap() {
            let values: Vec<_> = (0..columns).map(|column| literal(row.get_ref(column).unwrap())).collect();
            writeln!(text, "{name}: {}", values.join(", ")).unwrap();
        }
    }
    text
}

/// Rewrites the files of one format in another.
fn rewrite(folder: &Path, from: &str, to: &str, rewrite_as: impl Fn(&str, &str) -> String) {
    let paths: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    for path in paths.iter().filter(|path| path.extension().is_some_and(|extension| extension == from)) {
        let name = path.file_stem().unwrap().to_str().unwrap();
        fs::write(path.with_extension(to), rewrite_as(name, &fs::read_to_string(path).unwrap())).unwrap();
        fs::remove_file(path).unwrap();
    }
}

fn json_lines(_: &str, json: &str) -> String {
    // One row per line, between brackets.
    let rows = json.lines().filter(|line| line.starts_with(' '));
    rows.map(|row| row.trim().trim_end_matches(',').to_owned() + "\n").collect()
}

/// TOML has no null.
fn toml(name: &str, json: &str) -> String {
    // `RawValue`, because serde_json would round numbers.
    let rows: Vec<BTreeMap<String, &RawValue>> = serde_json::from_str(json).unwrap();
    let quote = |text: &str| serde_json::Value::from(text).to_string().replace('\u{7f}', "\\u007f");
    let mut text = String::new();
    for row in rows {
        writeln!(text, "[[{}]]", quote(name)).unwrap();
        for (column, value) in row {
            let value = match value.get() {
                "null" => quote("RAW=NULL"),
                value if value.starts_with('"') => quote(&serde_json::from_str::<String>(value).unwrap()),
                number => number.to_owned(),
            };
            writeln!(text, "{} = {value}", quote(&column)).unwrap();
        }
    }
    text
}

fn tsv(_: &str, csv: &str) -> String {
    let mut is_quoted = false;
    let letter = |letter| {
        is_quoted ^= letter == '"';
        if letter == ',' && !is_quoted { '\t' } else { letter }
    };
    csv.chars().map(letter).collect()
}

fn assert_round_trips(tables: &[Table]) {
    let connection = database(tables);
    let expected = held(&connection);
    type Rewrite = (&'static str, fn(&str, &str) -> String);
    let formats: [(Format, &str, Option<Rewrite>); 7] = [
        (Format::Sql, "sql", None),
        (Format::Yaml, "yaml", None),
        (Format::Json, "json", None),
        (Format::Json, "json", Some(("jsonl", json_lines))),
        (Format::Json, "json", Some(("toml", toml))),
        (Format::Csv, "csv", None),
        (Format::Csv, "csv", Some(("tsv", tsv))),
    ];
    for (format, extension, rewrite_as) in formats {
        let folder = tempfile::tempdir().unwrap();
        dump(&connection, folder.path(), format, &[], None).unwrap();
        if let Some((other, rewrite_as)) = rewrite_as {
            rewrite(folder.path(), extension, other, rewrite_as);
        }
        assert_eq!(seeded(folder.path()), expected, "{}", rewrite_as.map_or(extension, |(other, _)| other));
    }
}

/// With 400 databases, or `FORMAT_CASES`.
#[test]
fn a_dump_seeds_the_same_database_in_every_format() {
    let cases = env::var("FORMAT_CASES").map_or(400, |cases| cases.parse().unwrap());
    let config = Config { cases, failure_persistence: None, ..Config::default() };
    let run = |tables: Vec<Table>| {
        assert_round_trips(&tables);
        Ok(())
    };
    TestRunner::new(config).run(&vec(table(), 1..4), run).unwrap();
}
