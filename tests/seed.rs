//! Seed files: every format gives the same database, labels become keys, and nothing is applied by half.

use common::folder;
use rstest::rstest;
use sqlite_fixtures::{
    Engine, Seeds, SessionFactory, Template,
    rusqlite::{self, Connection},
    seed::{BrokenReference, SeedError, SeedErrorKind},
};
use std::{fs, path::Path};

fn broken_references(error: &SeedError) -> &[BrokenReference] {
    match error.kind() {
        SeedErrorKind::BrokenReferences { references, .. } => references,
        _ => &[],
    }
}

#[cfg(all(feature = "csv", feature = "json", feature = "yaml"))]
#[test]
fn all_formats_give_the_same_database() {
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

/// The sample again, in the formats that it is not kept in.
#[cfg(all(feature = "csv", feature = "json", feature = "toml"))]
mod written_anew {
    use super::*;
    use serde_json::{Map, Value};

    /// The rows of each table of the sample, each with its label.
    fn sample() -> Vec<(String, Vec<Map<String, Value>>)> {
        let mut tables = Vec::new();
        for entry in fs::read_dir("fixtures").unwrap().map(|entry| entry.unwrap().path()) {
            if entry.extension().is_none_or(|extension| extension != "json") {
                continue;
            }
            let rows = match serde_json::from_str(&fs::read_to_string(&entry).unwrap()).unwrap() {
                Value::Object(rows) => rows
                    .into_iter()
                    .map(|(label, row)| {
                        let mut row = row.as_object().cloned().unwrap_or_default();
                        row.insert("_label".to_owned(), label.into());
                        row
                    })
                    .collect(),
                Value::Array(rows) => rows.into_iter().map(|row| row.as_object().unwrap().clone()).collect(),
                other => panic!("{other}"),
            };
            tables.push((entry.file_stem().unwrap().to_str().unwrap().to_owned(), rows));
        }
        tables.sort_by(|one, other| one.0.cmp(&other.0));
        assert!(tables.len() > 5);
        tables
    }

    fn json(rows: &[Map<String, Value>]) -> String {
        Value::from(rows.to_vec()).to_string()
    }

    fn json_lines(rows: &[Map<String, Value>]) -> String {
        rows.iter().map(|row| Value::Object(row.clone()).to_string() + "\n\n").collect()
    }

    fn tsv(rows: &[Map<String, Value>]) -> String {
        let mut columns: Vec<&String> = rows.iter().flat_map(Map::keys).collect();
        columns.sort();
        columns.dedup();
        let mut text = columns.iter().map(|column| column.as_str()).collect::<Vec<_>>().join("\t") + "\r\n";
        for row in rows {
            let field = |column: &&String| match row.get(*column) {
                None | Some(Value::Null) => String::new(),
                Some(Value::Bool(value)) => u8::from(*value).to_string(),
                Some(Value::String(text)) => format!("\"{}\"", text.replace('"', "\"\"")),
                Some(other) => format!("\"{}\"", other.to_string().replace('"', "\"\"")),
            };
            text += &(columns.iter().map(field).collect::<Vec<_>>().join("\t") + "\r\n");
        }
        text
    }

    fn toml(table: &str, rows: &[Map<String, Value>]) -> String {
        fn literal(value: &Value) -> String {
            match value {
                Value::Array(items) => format!("[{}]", items.iter().map(literal).collect::<Vec<_>>().join(", ")),
                Value::Object(fields) => {
                    let fields: Vec<_> =
                        fields.iter().map(|(key, field)| format!("{key:?} = {}", literal(field))).collect();
                    format!("{{ {} }}", fields.join(", "))
                }
                other => other.to_string(),
            }
        }
        let mut text = String::new();
        for row in rows {
            text += &format!("[[{table}]]\n");
            for (column, field) in row.iter().filter(|(_, field)| !field.is_null()) {
                text += &format!("{column} = {} # so\n", literal(field));
            }
        }
        text
    }

    fn database(files: &[(String, String)]) -> String {
        let schema = ("schema.sql".to_owned(), fs::read_to_string("fixtures/schema.sql").unwrap());
        let files: Vec<(&str, &str)> =
            files.iter().chain([&schema]).map(|(name, text)| (name.as_str(), text.as_str())).collect();
        common::dump(&Template::from_folder(folder(&files).keep()).session())
    }

    #[test]
    fn every_format_gives_the_same_database_in_a_file_a_table_and_in_one_file_for_all() {
        let sample = sample();
        let each = |extension: &str, write: fn(&str, &[Map<String, Value>]) -> String| {
            let file = |(table, rows): &(String, Vec<_>)| (format!("{table}.{extension}"), write(table, rows));
            database(&sample.iter().map(file).collect::<Vec<_>>())
        };
        // Not in the order of the sample itself, which its triggers would tell.
        let expected = each("json", |_, rows| json(rows));
        assert_eq!(expected.len(), common::dump(&Template::folder("fixtures").session()).len());
        assert_eq!(each("jsonl", |_, rows| json_lines(rows)), expected);
        assert_eq!(each("ndjson", |_, rows| json_lines(rows)), expected);
        assert_eq!(each("tsv", |_, rows| tsv(rows)), expected);
        assert_eq!(each("toml", toml), expected);
        let all = |name: &str, text: String| database(&[(name.to_owned(), text)]);
        assert_eq!(all("all.toml", sample.iter().map(|(table, rows)| toml(table, rows)).collect()), expected);
        let tables: Map<String, Value> =
            sample.iter().map(|(table, rows)| (table.clone(), rows.clone().into())).collect();
        assert_eq!(all("all.json", Value::from(tables.clone()).to_string()), expected);
        #[cfg(feature = "yaml")]
        assert_eq!(all("all.yaml", Value::from(tables).to_string()), expected, "JSON is YAML");
    }

    #[test]
    fn a_map_of_maps_is_rows_in_a_file_named_after_a_table_and_tables_in_another() {
        let rows = r#"{"users": {"name": "a user called users"}, "posts": null}"#;
        let (connection, loaded) = blog(&[("users.json", rows)]);
        loaded.unwrap();
        assert_eq!(one::<i64>(&connection, "SELECT count(*) FROM users"), 2);
        let tables = r#"{"users": {"alice": {"name": "Alice"}}, "posts": {"first": {"author_id": "alice"}}}"#;
        let (connection, loaded) = blog(&[("blog.json", tables)]);
        loaded.unwrap();
        let name = "SELECT name FROM posts JOIN users ON author_id = users.id";
        assert_eq!(one::<String>(&connection, name), "Alice");
        let lists = r#"{"users": [{"id": 1}], "posts": [{"author_id": 1}]}"#;
        let (connection, loaded) = blog(&[("users.json", lists)]);
        loaded.unwrap();
        assert_eq!(one::<i64>(&connection, "SELECT count(*) FROM posts"), 1, "no row is a list");
    }

    #[test]
    fn toml_has_numbers_in_all_their_forms_and_dates_as_they_are_written() {
        let values = "hex = 0xff\nbig = 9_007_199_254_740_993\nreal = 6.25e-1\nyes = true\nday = 2026-11-25\n\
                      time = 2026-11-25T09:30:00Z\nlist = [1, 'two']\n";
        let mut connection = Connection::open_in_memory().unwrap();
        connection.execute_batch("CREATE TABLE t (hex, big, real, yes, day, time, list)").unwrap();
        Seeds::from(folder(&[("t.toml", &format!("[[t]]\n{values}"))]).path()).load(&mut connection).unwrap();
        let shown: String = one(&connection, "SELECT concat_ws('|', hex, big, real, yes, day, time, list) FROM t");
        assert_eq!(shown, "255|9007199254740993|0.625|1|2026-11-25|2026-11-25T09:30:00Z|[1,\"two\"]");
    }
}

/// Files of the testfixtures of Go, and of DbUnit.
#[cfg(all(feature = "csv", feature = "yaml"))]
mod others {
    use super::*;

    #[test]
    fn values_of_testfixtures_are_computed_and_decoded() {
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
    fn an_expression_that_is_wrong_is_told_at_its_place_and_changes_nothing() {
        let (connection, loaded) = blog(&[(
            "users.yaml",
            "- name: RAW=nosuch(1)\n- name: \"RAW=1); DELETE FROM users; SELECT (1\"\n- id: !sql 1, 2\n",
        )]);
        let error = loaded.unwrap_err();
        let lines: Vec<_> = error.all().map(|mistake| mistake.position().unwrap().line().unwrap()).collect();
        assert_eq!(lines, [1, 2, 3], "{error}");
        assert!(
            error.to_string().contains("SQLite cannot prepare this statement: no such function: nosuch"),
            "{error}"
        );
        assert_eq!(one::<i64>(&connection, "SELECT count(*) FROM users"), 0);
    }

    #[test]
    fn templates_of_go_are_refused_and_texts_with_braces_are_not() {
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

    #[test]
    fn csv_of_dbunit_has_its_own_null_and_a_list_of_its_files() {
        let (connection, loaded) = blog(&[
            ("table-ordering.txt", "users\nposts\n"),
            (
                "users.csv",
                "id, name\n1,[null]\n2,\"[null]\"\n3 , null \n4,\"null\"\n5, Eve \n6, \"Ann, \\\"Bo\\\"\"\n7,\n",
            ),
            ("posts.csv", "id, author_id\n1, 2\n"),
        ]);
        loaded.unwrap();
        let named = "SELECT group_concat(id || coalesce(name, '-')) FROM users";
        assert_eq!(one::<String>(&connection, named), "1-,2[null],3-,4-,5Eve,6Ann, \"Bo\",7");
        let (connection, loaded) = blog(&[("users.csv", "id,name\n1,null\n2, Eve\n")]);
        loaded.unwrap();
        assert_eq!(one::<String>(&connection, "SELECT group_concat(name) FROM users"), "null, Eve", "of somebody else");
    }

    #[test]
    fn time_stands_still_and_chance_repeats_itself_while_a_template_is_built_or_a_file_is_filled() {
        let schema =
            "CREATE TABLE t (a INTEGER PRIMARY KEY, now TEXT DEFAULT CURRENT_TIMESTAMP, day TEXT, number INTEGER,
            bytes BLOB DEFAULT (randomblob(8)));";
        let rows = "- day: RAW=date('now', '+1 day')\n  number: RAW=random()\n- day: !sql strftime('%J', 'now')\n  number: RAW=random()\n";
        let files = folder(&[("schema.sql", schema), ("t.yaml", rows)]);
        let shown = "SELECT group_concat(concat_ws('|', now, day, number, hex(bytes)), ' / ') FROM t";
        let template = |_| one::<String>(&Template::from_folder(files.path()).uncached().session(), shown);
        let [first, second] = [1, 2].map(template);
        assert_eq!(first, second);
        assert!(first.starts_with("2000-01-01 00:00:00|2000-01-02|"), "{first}");
        assert!(first.contains("|2451544.5|"), "{first}");
        let made = files.path().join("made.md");
        Connection::open(&made).unwrap().execute_batch(schema).unwrap();
        Seeds::from(files.path().join("t.yaml")).load_into_file(&made).unwrap();
        let of_file: String = one(&Connection::open(&made).unwrap(), shown);
        assert!(of_file.starts_with("2000-01-01 00:00:00|2000-01-02|"), "{of_file}");
        // In a test it is the time that it is.
        let session = Template::from_folder(files.path()).session();
        assert!(one::<i64>(&session, "SELECT strftime('%Y', 'now') > '2025'") == 1);
        assert_ne!(one::<i64>(&session, "SELECT random()"), one::<i64>(&session, "SELECT random()"));
    }
}

/// Fixture files as Rails has them.
#[cfg(feature = "yaml")]
mod rails {
    use super::*;
    use sqlite_fixtures::labels::label_id;

    const SCHEMA: &str = "
        CREATE TABLE users (id INTEGER PRIMARY KEY, name TEXT, email TEXT, admin INTEGER, created_at TEXT NOT NULL,
            updated_at TEXT NOT NULL, seen_at TEXT);
        CREATE TABLE posts (id INTEGER PRIMARY KEY, author_id INTEGER NOT NULL REFERENCES users, title TEXT,
            created_on TEXT NOT NULL DEFAULT '2020-02-02', updated_on TEXT NOT NULL);
        CREATE TABLE tags (id INTEGER PRIMARY KEY, name TEXT);
        CREATE TABLE posts_tags (post_id INTEGER REFERENCES posts, tag_id INTEGER REFERENCES tags);";

    fn load(files: &[(&str, &str)]) -> (Connection, Result<sqlite_fixtures::Labels, SeedError>) {
        let folder = folder(files);
        let mut connection = Connection::open_in_memory().unwrap();
        connection.execute_batch(SCHEMA).unwrap();
        let labels = Seeds::from(folder.path()).load(&mut connection);
        (connection, labels)
    }

    #[test]
    fn defaults_labels_associations_joins_and_times_mean_what_they_do_in_rails() {
        let (connection, loaded) = load(&[
            (
                "posts.yml",
                "_fixture:\n  model_class: Post\n  ignore: [base, other]\nbase: &base\n  title: Title of $LABEL\n\
                 other: {}\nfirst:\n  <<: *base\n  author: alice\n  tags: rust, sqlite\n\
                 second:\n  author_id: bob\n  title: Own\n  <<: *base\n  tags: [rust]\nthird:\n  id: 7\n  \
                 author: alice\n  tags: sqlite\n  updated_on: 2026-11-25\n",
            ),
            ("tags.yml", "rust:\n  name: $LABEL\nsqlite:\n  name: $LABEL\n"),
            (
                "users.yml",
                "DEFAULTS: &DEFAULTS\n  email: $LABEL@example.org\n  admin: false\nMORE: &more {admin: true, name: More}\n\
                 alice:\n  <<: *DEFAULTS\n  name: Alice\nbob:\n  <<: [*more, *DEFAULTS]\n",
            ),
        ]);
        let labels = loaded.unwrap();
        assert_eq!(labels.key::<i64>("users", "alice").unwrap(), label_id("alice"));
        let shown = |sql: &str| one::<String>(&connection, &format!("SELECT group_concat(r, ' / ') FROM ({sql})"));
        assert_eq!(
            shown(
                "SELECT concat_ws('|', name, email, admin, created_at, updated_at, seen_at) r FROM users ORDER BY email"
            ),
            "More|1|2000-01-01 00:00:00|2000-01-01 00:00:00 / \
             Alice|alice@example.org|0|2000-01-01 00:00:00|2000-01-01 00:00:00 / \
             More|bob@example.org|1|2000-01-01 00:00:00|2000-01-01 00:00:00"
        );
        assert_eq!(
            shown(
                "SELECT concat_ws('|', title, users.email, created_on, updated_on) r
                 FROM posts JOIN users ON users.id = author_id ORDER BY title"
            ),
            "alice@example.org|2020-02-02|2026-11-25 / Own|bob@example.org|2020-02-02|2000-01-01 / \
             Title of first|alice@example.org|2020-02-02|2000-01-01"
        );
        assert_eq!(
            shown(
                "SELECT concat_ws('|', coalesce(title, posts.id), tags.name) r
                 FROM posts_tags JOIN posts ON posts.id = post_id JOIN tags ON tags.id = tag_id ORDER BY 1"
            ),
            "7|sqlite / Own|rust / Title of first|rust / Title of first|sqlite"
        );
        assert_eq!(one::<i64>(&connection, "SELECT count(*) FROM posts"), 3, "what is ignored is no row");
    }

    #[test]
    fn a_label_in_a_list_that_is_none_is_told_at_its_place() {
        let (_, loaded) = load(&[
            ("posts.yml", "first:\n  author: alcie\n  tags: [rust, sqlit]\nsecond:\n  author: alice\n  authr: bob\n"),
            ("tags.yml", "rust: {name: Rust}\nsqlite: {name: SQLite}\n"),
            ("users.yml", "alice: {name: Alice}\n"),
        ]);
        let error = loaded.unwrap_err();
        let places: Vec<_> = error.all().map(|mistake| mistake.position().unwrap()).collect();
        let places: Vec<_> = places.iter().map(|place| (place.line().unwrap(), place.column().unwrap())).collect();
        assert_eq!(places, [(2, 11), (3, 16), (6, 3)], "{error}");
        assert!(error.to_string().contains("neither a key nor a label of `tags`; did you mean `sqlite`?"), "{error}");
        assert!(error.to_string().contains("value `alcie`: this is neither a key nor a label of `users`"), "{error}");
    }

    /// Rails makes such files for a model without columns.
    #[test]
    fn a_file_of_comments_has_no_rows() {
        let (connection, loaded) = load(&[("users.yml", "# one: {}\n#\n# two: {}\n"), ("tags.yml", "--- {}\n")]);
        loaded.unwrap();
        assert_eq!(one::<i64>(&connection, "SELECT count(*) FROM users"), 0);
    }

    #[test]
    fn rows_in_a_map_that_says_that_their_order_counts_are_rows() {
        for tag in ["!omap", "!!omap"] {
            let tags = format!("--- {tag}\n- rust:\n    name: Rust\n- sqlite:\n    name: SQLite\n");
            let (connection, loaded) = load(&[("tags.yml", &tags)]);
            assert_eq!(loaded.unwrap().key::<i64>("tags", "rust").unwrap(), label_id("rust"));
            assert_eq!(one::<String>(&connection, "SELECT group_concat(name) FROM tags ORDER BY id"), "Rust,SQLite");
        }
    }

    #[test]
    fn erb_is_refused_and_not_half_read() {
        let (_, loaded) = load(&[("users.yml", "alice:\n  name: <%= 'Alice' %>\n")]);
        let message = loaded.unwrap_err().to_string();
        assert!(message.contains("users.yml:2:9: table `users`: this is ERB, which is not run here"), "{message}");
    }

    /// A schema of Rails has foreign keys only where somebody has asked for them.
    const BARE: &str = "
        CREATE TABLE people (id INTEGER PRIMARY KEY, name TEXT);
        CREATE TABLE monkeys (id INTEGER PRIMARY KEY, name TEXT, pirate_id INTEGER);
        CREATE TABLE admin_pirates (id INTEGER PRIMARY KEY, name TEXT);
        CREATE TABLE pirates (id INTEGER PRIMARY KEY, name TEXT);
        CREATE TABLE fruits (id INTEGER PRIMARY KEY, name TEXT, eater_id INTEGER, eater_type TEXT, owner_id INTEGER);";

    fn load_bare(files: &[(&str, &str)]) -> Result<String, SeedError> {
        let folder = folder(files);
        let mut connection = Connection::open_in_memory().unwrap();
        connection.execute_batch(BARE).unwrap();
        Seeds::from(folder.path()).load(&mut connection)?;
        let sql = "SELECT group_concat(r, ' / ') FROM (SELECT concat_ws('|', fruits.name, eater_type,
                coalesce(monkeys.name, admin_pirates.name), people.name) r FROM fruits
            LEFT JOIN monkeys ON eater_type = 'Monkey' AND monkeys.id = eater_id
            LEFT JOIN admin_pirates ON eater_type = 'Admin::Pirate' AND admin_pirates.id = eater_id
            LEFT JOIN people ON people.id = owner_id ORDER BY fruits.name)";
        Ok(one(&connection, sql))
    }

    #[test]
    fn an_association_without_a_foreign_key_means_the_row_with_its_label_and_class() {
        let people = ("people.yml", "ann: {name: Ann}\nben: {id: 5, name: Ben}\n");
        let monkeys = ("monkeys.yml", "george: {name: George, pirate: reginald}\n");
        let pirates = ("pirates.yml", "reginald: {name: Reginald}\n");
        let admin = ("admin_pirates.yml", "reginald: {id: 3, name: Admin}\ngeorge: {id: 4, name: Other}\n");
        let fruits = "apple: {name: apple, eater: george (Monkey), owner: ann}\n\
            pear:\n  name: pear\n  eater: reginald (Admin::Pirate)\n  owner: ben\nplum: {name: plum, owner: ~}\n";
        assert_eq!(
            load_bare(&[people, monkeys, pirates, admin, ("fruits.yml", fruits)]).unwrap(),
            "apple|Monkey|George|Ann / pear|Admin::Pirate|Admin|Ben / plum"
        );
        let fruits = "apple: {name: apple, eater: reginald (Monkey)}\n";
        let error = load_bare(&[pirates, monkeys, ("fruits.yml", fruits)]).unwrap_err();
        assert!(error.to_string().contains("this is neither a key nor a label of `monkeys`"), "{error}");
        let fruits = "apple:\n  owner: an\npear:\n  owner: reginald\nplum:\n  ower: ann\nquince:\n  owner: [ann]\n";
        let error = load_bare(&[people, pirates, admin, ("fruits.yml", fruits)]).unwrap_err();
        let said: Vec<_> = error.all().map(|mistake| mistake.to_string().lines().next().unwrap().to_owned()).collect();
        for (said, expected) in error.all().zip([
            "2:10: table `fruits`, row `apple`, column `owner`, value `an`: no row of any table has this label; did you mean `ann`?",
            "4:10: table `fruits`, row `pear`, column `owner`, value `reginald`: each of the tables `admin_pirates`, `pirates` has a row with this label; declare the FOREIGN KEY of the column, or rename the others",
            "6:3: table `fruits`, row `plum`, column `ower`: there is no such column; did you mean `owner`?",
            "8:10: table `fruits`, row `quince`, column `owner`, value `[\"ann\"]`: no row of any table has this label",
        ]) {
            assert!(said.position().is_some() && said.to_string().contains(expected), "{said}");
        }
        assert_eq!(said.len(), 4, "{said:?}");
    }

    #[test]
    fn a_number_may_be_a_label_where_an_association_is_named() {
        let (connection, loaded) = load(&[
            ("users.yml", "1: {name: One}\ntwo: {id: 1, name: Two}\n"),
            ("posts.yml", "a: {author: 1, title: label}\nb: {author_id: 1, title: key}\n"),
        ]);
        loaded.unwrap();
        let sql = "SELECT group_concat(title || ' ' || name) FROM (SELECT title, name FROM posts JOIN users ON users.id = author_id ORDER BY 1)";
        assert_eq!(one::<String>(&connection, sql), "key Two,label One");
    }

    #[test]
    fn a_row_that_is_joined_by_its_label_is_not_taken_for_one_with_such_a_key() {
        let (connection, loaded) = load(&[
            ("users.yml", "alice: {name: Alice}\n"),
            ("posts.yml", "5: {author: alice, title: own, tags: rust}\nother: {id: 5, author: alice, title: other}\n"),
            ("tags.yml", "rust: {name: Rust}\n"),
        ]);
        loaded.unwrap();
        let sql = "SELECT group_concat(title) FROM posts_tags JOIN posts ON posts.id = post_id";
        assert_eq!(one::<String>(&connection, sql), "own");
    }

    #[test]
    fn a_joined_row_is_given_the_times_that_its_table_wants() {
        let mut connection = Connection::open_in_memory().unwrap();
        let schema = "CREATE TABLE posts (id INTEGER PRIMARY KEY); CREATE TABLE tags (id INTEGER PRIMARY KEY);
            CREATE TABLE taggings (id INTEGER PRIMARY KEY, post_id INTEGER NOT NULL REFERENCES posts,
                tag_id INTEGER NOT NULL REFERENCES tags, created_at TEXT NOT NULL, updated_on TEXT DEFAULT 'never');";
        connection.execute_batch(schema).unwrap();
        let seeds = folder(&[("posts.yml", "a:\n  tags: rust, sqlite\n"), ("tags.yml", "rust:\nsqlite:\n")]);
        Seeds::from(seeds.path()).load(&mut connection).unwrap();
        let sql = "SELECT group_concat(created_at || updated_on) FROM taggings";
        assert_eq!(one::<String>(&connection, sql), "2000-01-01 00:00:00never,2000-01-01 00:00:00never");
    }

    #[test]
    fn times_of_making_and_changing_are_what_their_column_is_declared_as_also_where_it_may_be_null() {
        let mut connection = Connection::open_in_memory().unwrap();
        let schema =
            "CREATE TABLE t (id INTEGER PRIMARY KEY, created_at datetime(6), updated_at DATE, created_on datetime,
            updated_on TEXT)";
        connection.execute_batch(schema).unwrap();
        Seeds::from(folder(&[("t.yml", "a: {}\n")]).path()).load(&mut connection).unwrap();
        let sql = "SELECT concat_ws('|', created_at, updated_at, created_on, updated_on) FROM t";
        assert_eq!(one::<String>(&connection, sql), "2000-01-01 00:00:00|2000-01-01|2000-01-01 00:00:00|2000-01-01");
        #[cfg(feature = "json")]
        {
            connection.execute_batch("DELETE FROM t").unwrap();
            Seeds::from(folder(&[("t.json", r#"{"a": {}}"#)]).path()).load(&mut connection).unwrap();
            assert_eq!(one::<String>(&connection, sql), "", "no file of Rails");
        }
    }

    #[test]
    fn a_join_table_is_found_by_its_name_without_foreign_keys_and_among_several() {
        let mut connection = Connection::open_in_memory().unwrap();
        let schema = "CREATE TABLE parrots (id INTEGER PRIMARY KEY, name TEXT);
            CREATE TABLE treasures (id INTEGER PRIMARY KEY, name TEXT);
            CREATE TABLE parrots_treasures (parrot_id INTEGER, treasure_id INTEGER);
            CREATE TABLE finds (parrot_id INTEGER REFERENCES parrots, treasure_id INTEGER REFERENCES treasures);
            CREATE TABLE thefts (parrot_id INTEGER REFERENCES parrots, treasure_id INTEGER REFERENCES treasures);";
        connection.execute_batch(schema).unwrap();
        let treasures = "ruby: {name: Ruby}\nsapphire: {id: 7, name: Sapphire, parrots: [blackbeard]}\n";
        let parrots = "george: {name: George, treasures: 'ruby, sapphire'}\nblackbeard: {name: Blackbeard}\n";
        let seeds = folder(&[("parrots.yml", parrots), ("treasures.yml", treasures)]);
        Seeds::from(seeds.path()).load(&mut connection).unwrap();
        let sql = "SELECT group_concat(r) FROM (SELECT p.name || ' ' || t.name r FROM parrots_treasures
            JOIN parrots p ON p.id = parrot_id JOIN treasures t ON t.id = treasure_id ORDER BY 1)";
        assert_eq!(one::<String>(&connection, sql), "Blackbeard Sapphire,George Ruby,George Sapphire");
        let seeds = folder(&[("parrots.yml", "polly: {treasures: [rubi]}\n"), ("treasures.yml", "rubin: {}\n")]);
        let error = Seeds::from(seeds.path()).load(&mut connection).unwrap_err();
        let expected = "parrots.yml:1:21: table `parrots_treasures`, column `treasure_id`, value `rubi`: this is neither a key nor a label of `treasures`; did you mean `rubin`?";
        assert!(error.to_string().contains(expected), "{error}");
    }

    #[test]
    fn a_file_may_name_the_class_of_its_rows_and_ruby_s_symbols_are_labels() {
        let (connection, loaded) = load(&[
            ("people.yml", "_fixture:\n  model_class: User\nann: {name: Ann, admin: yes}\n"),
            ("posts.yml", "first: {author: :ann, title: One}\n"),
        ]);
        loaded.unwrap();
        let sql = "SELECT title || ' ' || name || ' ' || admin FROM posts JOIN users ON users.id = author_id";
        assert_eq!(one::<String>(&connection, sql), "One Ann yes", "the column is declared as INTEGER");
    }

    #[test]
    fn a_foreign_key_is_not_polymorphic_whatever_the_label_looks_like() {
        let mut connection = Connection::open_in_memory().unwrap();
        let schema = "CREATE TABLE categories (id INTEGER PRIMARY KEY, name TEXT);
            CREATE TABLE products (id INTEGER PRIMARY KEY, category_id INTEGER REFERENCES categories, category_type TEXT);";
        connection.execute_batch(schema).unwrap();
        let categories = "Books: {name: one}\nBooks (EU): {name: two}\n";
        let seeds = folder(&[("categories.yml", categories), ("products.yml", "a: {category: Books (EU)}\n")]);
        Seeds::from(seeds.path()).load(&mut connection).unwrap();
        let sql =
            "SELECT name || coalesce(category_type, '') FROM products JOIN categories ON categories.id = category_id";
        assert_eq!(one::<String>(&connection, sql), "two");
    }

    #[test]
    fn a_row_without_a_label_is_not_filled() {
        let (_, loaded) = load(&[("users.yml", "- name: Alice\n")]);
        assert!(loaded.unwrap_err().to_string().contains("NOT NULL constraint failed"));
    }
}

/// Fixture files as Django dumps them.
#[cfg(feature = "json")]
mod django {
    use super::*;
    use serde_json::Value;

    const SCHEMA: &str = "
        CREATE TABLE auth_user (id INTEGER PRIMARY KEY, username TEXT NOT NULL UNIQUE, boss_id INTEGER REFERENCES auth_user);
        CREATE TABLE blog_post (id INTEGER PRIMARY KEY, author_id INTEGER NOT NULL REFERENCES auth_user, title TEXT,
            published INTEGER, next_id INTEGER REFERENCES blog_post);
        CREATE TABLE tag (id INTEGER PRIMARY KEY, area TEXT, name TEXT, UNIQUE (area, name));
        CREATE TABLE blog_post_tags (id INTEGER PRIMARY KEY, post_id INTEGER NOT NULL REFERENCES blog_post,
            tag_id INTEGER NOT NULL REFERENCES tag);
        CREATE TABLE auth_user_friends (id INTEGER PRIMARY KEY, from_user_id INTEGER REFERENCES auth_user,
            to_user_id INTEGER REFERENCES auth_user);
        CREATE TABLE notes (id INTEGER PRIMARY KEY, body TEXT);";

    /// Forward references, a circle, lists of both kinds, keys that are given, natural and left out.
    const OBJECTS: &str = r#"[
        {"model": "blog.post", "pk": 1, "fields": {"author": ["alice"], "title": "One", "published": true, "next": 2,
            "tags": [3, ["sea", "salt"]]}},
        {"model": "blog.post", "pk": 2, "fields": {"author": 7, "title": "Two", "published": false, "next": 1, "tags": []}},
        {"model": "auth.user", "pk": 7, "fields": {"username": "bob", "boss": ["alice"], "friends": [["alice"]]}},
        {"model": "auth.user", "pk": null, "fields": {"username": "alice", "boss": 7, "friends": []}},
        {"model": "blog.tag", "pk": 3, "fields": {"area": "land", "name": "moss"}},
        {"model": "blog.tag", "fields": {"area": "sea", "name": "salt"}},
        {"model": "app.note", "fields": {"body": "in the plural"}}
    ]"#;

    fn load(name: &str, text: &str) -> (Connection, Result<sqlite_fixtures::Labels, SeedError>) {
        let mut connection = Connection::open_in_memory().unwrap();
        connection.execute_batch(SCHEMA).unwrap();
        let labels = Seeds::from(folder(&[(name, text)]).path()).load(&mut connection);
        (connection, labels)
    }

    fn shown(connection: &Connection, sql: &str) -> String {
        one(connection, &format!("SELECT group_concat(r, ' / ') FROM ({sql})"))
    }

    fn assert_loaded(name: &str, text: &str) {
        let (connection, labels) = load(name, text);
        let labels = labels.unwrap();
        assert_eq!(labels.key::<i64>("auth_user", "bob").unwrap(), 7);
        assert_eq!(
            shown(
                &connection,
                "SELECT concat_ws('|', blog_post.id, username, title, published, next_id) r
                 FROM blog_post JOIN auth_user ON author_id = auth_user.id ORDER BY blog_post.id"
            ),
            "1|alice|One|1|2 / 2|bob|Two|0|1"
        );
        assert_eq!(
            shown(
                &connection,
                "SELECT concat_ws('|', one.username, two.username) r
                 FROM auth_user one JOIN auth_user two ON one.boss_id = two.id ORDER BY 1"
            ),
            "alice|bob / bob|alice"
        );
        assert_eq!(
            shown(
                &connection,
                "SELECT concat_ws('|', post_id, area, name) r FROM blog_post_tags JOIN tag ON tag.id = tag_id ORDER BY 1"
            ),
            "1|land|moss / 1|sea|salt"
        );
        assert_eq!(
            shown(
                &connection,
                "SELECT concat_ws('|', one.username, two.username) r FROM auth_user_friends
                 JOIN auth_user one ON one.id = from_user_id JOIN auth_user two ON two.id = to_user_id"
            ),
            "bob|alice"
        );
        assert_eq!(one::<String>(&connection, "SELECT body FROM notes"), "in the plural");
    }

    #[test]
    fn objects_with_natural_forward_and_circular_references_are_read_in_every_format() {
        assert_loaded("initial_data.json", OBJECTS);
        let objects: Vec<Value> = serde_json::from_str(OBJECTS).unwrap();
        let lines: String = objects.iter().map(|object| object.to_string() + "\n").collect();
        assert_loaded("initial_data.jsonl", &lines);
        #[cfg(feature = "yaml")]
        {
            let yaml: String = objects.iter().map(|object| format!("- {object}\n")).collect();
            assert_loaded("initial_data.yaml", &yaml);
        }
    }

    #[test]
    fn mistakes_stand_at_their_places() {
        let (_, loaded) = load(
            "data.json",
            "[\n{\"model\": \"blog.pots\", \"fields\": {}},\n\
             {\"model\": \"blog.post\", \"fields\": {\"author\": [\"alcie\"]}},\n\
             {\"model\": \"blog.post\", \"fields\": {\"author\": [\"alice\"], \"titel\": 1}},\n\
             {\"model\": \"auth.user\", \"fields\": {\"username\": \"alice\"}}\n]",
        );
        let error = loaded.unwrap_err();
        let places: Vec<_> = error.all().map(|mistake| mistake.position().unwrap()).collect();
        let places: Vec<_> = places.iter().map(|place| (place.line().unwrap(), place.column().unwrap())).collect();
        assert_eq!(places, [(2, 11), (3, 45), (4, 56)], "{error}");
        assert!(error.to_string().contains("table `blog_pots`: there is no such table; did you mean `blog_post`?"));
        assert!(error.to_string().contains("this is neither a key nor a label of `auth_user`; did you mean `alice`?"));
    }

    #[test]
    fn what_is_none_among_objects_is_told_at_its_place() {
        let (_, loaded) = load(
            "data.json",
            "[\n{\"model\": \"blog.post\", \"pk\": 1, \"field\": {}},\n\
             {\"model\": \"auth.user\", \"fields\": {\"username\": \"alice\"}},\n7\n]",
        );
        let error = loaded.unwrap_err();
        let said: Vec<_> = error.all().map(|mistake| mistake.to_string().lines().next().unwrap().to_owned()).collect();
        let expected = "expected an object of Django's, `{model, pk, fields}`, as others in this list are, found";
        assert!(said[0].contains(&format!("data.json:2:1: {expected} a map")), "{said:?}");
        assert!(said[1].contains(&format!("data.json:4:1: {expected} a number")), "{said:?}");
        assert_eq!(said.len(), 2);
    }

    #[test]
    fn a_file_without_objects_is_no_rows() {
        load("initial_data.json", "[]").1.unwrap();
        let error = load("auth_users.json", "[]").1.unwrap_err();
        assert!(error.to_string().contains("did you mean `auth_user`?"), "{error}");
    }

    #[test]
    fn keys_that_fields_repeat_composite_keys_and_columns_of_json_are_what_django_means() {
        let mut connection = Connection::open_in_memory().unwrap();
        let schema = r#"CREATE TABLE app_place (id INTEGER PRIMARY KEY, name TEXT);
            CREATE TABLE app_cafe (place_ptr_id INTEGER PRIMARY KEY REFERENCES app_place, tea bool);
            CREATE TABLE app_seat (cafe_id INTEGER, number INTEGER, note TEXT, PRIMARY KEY (number, cafe_id));
            CREATE TABLE app_note (id INTEGER PRIMARY KEY, "data" text NOT NULL CHECK ((JSON_VALID("data") OR "data" IS NULL)));"#;
        connection.execute_batch(schema).unwrap();
        let objects = r#"[{"model": "app.place", "pk": 1, "fields": {"id": 1, "name": "Moss"}},
            {"model": "app.cafe", "pk": 1, "fields": {"place_ptr": 1, "tea": true}},
            {"model": "app.seat", "pk": [2, 3], "fields": {"note": "by the door"}},
            {"model": "app.note", "pk": 1, "fields": {"data": "text"}},
            {"model": "app.note", "pk": 2, "fields": {"data": true}},
            {"model": "app.note", "pk": 3, "fields": {"data": [1, null]}}]"#;
        Seeds::from(folder(&[("data.json", objects)]).path()).load(&mut connection).unwrap();
        let sql = "SELECT (SELECT name || place_ptr_id || tea FROM app_place JOIN app_cafe ON id = place_ptr_id) || number || cafe_id
            || (SELECT group_concat(data, ' ') FROM app_note) FROM app_seat";
        assert_eq!(one::<String>(&connection, sql), r#"Moss1123"text" true [1,null]"#);
        let wrong = r#"[{"model": "app.place", "pk": 1, "fields": {"id": 2, "name": "Moss"}}]"#;
        let error = Seeds::from(folder(&[("data.json", wrong)]).path()).load(&mut connection).unwrap_err();
        assert!(error.to_string().contains("the column is given twice"), "{error}");
    }

    #[cfg(feature = "base64")]
    #[test]
    fn uuids_and_bytes_are_what_django_keeps() {
        let mut connection = Connection::open_in_memory().unwrap();
        connection.execute_batch("CREATE TABLE app_file (id char(32) NOT NULL PRIMARY KEY, data BLOB)").unwrap();
        let objects = r#"[{"model": "app.file", "pk": "DE305D54-75b4-431b-adb2-eb6b9e546013", "fields": {"data": "aGVsbG8="}},
            {"model": "app.file", "pk": "de305d54-75b4-431b-adb2-eb6b9e54601x", "fields": {"data": null}}]"#;
        Seeds::from(folder(&[("data.json", objects)]).path()).load(&mut connection).unwrap();
        let sql = "SELECT group_concat(id || coalesce(' ' || CAST(data AS TEXT), '')) FROM app_file";
        assert_eq!(
            one::<String>(&connection, sql),
            "de305d5475b4431badb2eb6b9e546013 hello,de305d54-75b4-431b-adb2-eb6b9e54601x"
        );
        let wrong = r#"[{"model": "app.file", "pk": "1", "fields": {"data": "hello!"}}]"#;
        let error = Seeds::from(folder(&[("data.json", wrong)]).path()).load(&mut connection).unwrap_err();
        assert!(error.to_string().contains("data.json:1:54: table `app_file`, column `data`: "), "{error}");
    }

    #[test]
    fn a_list_that_only_looks_so_is_rows() {
        let mut connection = Connection::open_in_memory().unwrap();
        connection.execute_batch("CREATE TABLE cars (model TEXT, pk INTEGER, fields TEXT)").unwrap();
        let seeds = folder(&[("cars.json", r#"[{"model": "T", "pk": 1, "fields": "none"}]"#)]);
        Seeds::from(seeds.path()).load(&mut connection).unwrap();
        assert_eq!(one::<String>(&connection, "SELECT model || pk || fields FROM cars"), "T1none");
    }
}

/// All that is wrong is told at once, but not what only follows from it.
#[cfg(all(feature = "csv", feature = "json", feature = "yaml"))]
mod all_mistakes {
    use super::*;

    /// The places of all mistakes, with the line of each and the beginning of what is said.
    fn mistakes(files: &[(&str, &str)]) -> Vec<String> {
        let (connection, loaded) = blog(files);
        let error = loaded.unwrap_err();
        assert_eq!(one::<i64>(&connection, "SELECT count(*) FROM users"), 0, "nothing is applied");
        let shown = error.to_string();
        let each = |mistake: &SeedError| {
            let position = mistake.position().unwrap();
            assert!(shown.contains(&position.to_string()), "{shown}");
            let file = position.file().file_name().unwrap().to_str().unwrap().to_owned();
            let line = mistake.source_line().map(|line| format!("{line}|")).unwrap_or_default();
            format!("{file}:{}:{}|{line}", position.line().unwrap(), position.column().unwrap())
        };
        error.all().map(each).collect()
    }

    #[test]
    fn of_several_files_and_rows_are_told_together() {
        let found = mistakes(&[
            ("cities.csv", "name,country\nParis,FR\nOslo\n"),
            ("countries.yaml", "france:\n  name: \"France\n"),
            ("posts.json", r#"[{"author_id": "bob", "titel": "x"}, {"author_id": "alcie"}, {"author_id": "alice"}]"#),
            ("users.json", r#"{"alice": {"name": "Alice"}, "bob": {"nmae": "Bob"}, "carol": 7}"#),
        ]);
        let posts = r#"[{"author_id": "bob", "titel": "x"}, {"author_id": "alcie"}, {"author_id": "alice"}]"#;
        let users = r#"{"alice": {"name": "Alice"}, "bob": {"nmae": "Bob"}, "carol": 7}"#;
        let expected = [
            "cities.csv:3:1|Oslo|".to_owned(),
            "countries.yaml:2:9|  name: \"France|".to_owned(),
            format!("posts.json:1:23|{posts}|"),
            format!("posts.json:1:52|{posts}|"),
            format!("users.json:1:38|{users}|"),
            format!("users.json:1:63|{users}|"),
        ];
        assert_eq!(found, expected);
    }

    #[test]
    fn what_only_follows_from_another_is_not_told() {
        // The label may be in the file that cannot be read, the country in the row that was refused.
        let found = mistakes(&[
            ("cities.csv", "name,country\nParis,FR\nRome,IT\n"),
            ("countries.json", r#"[{"code": "FR", "nmae": "France"}]"#),
            ("posts.json", r#"[{"author_id": "alice"}, {"author_id": "zoe"}]"#),
            ("users.yaml", "alice:\n  name: \"Alice\n"),
        ]);
        assert_eq!(found.len(), 3, "{found:?}");
        assert!(found[0].starts_with("countries.json:1:17|"), "{found:?}");
        assert!(found[1].starts_with("posts.json:1:40|"), "{found:?}");
        assert!(found[2].starts_with("users.yaml:2:"), "{found:?}");
    }

    #[test]
    fn a_row_that_ends_the_transaction_is_the_last_that_is_told_of() {
        let mut connection = Connection::open_in_memory().unwrap();
        let schema = "CREATE TABLE t (a INTEGER PRIMARY KEY ON CONFLICT ROLLBACK); INSERT INTO t VALUES (1);";
        connection.execute_batch(schema).unwrap();
        let folder = folder(&[("t.json", r#"[{"a": 2}, {"b": 3}, {"a": 1}, {"a": 4}, {"c": 5}]"#)]);
        let error = Seeds::from(folder.path()).load(&mut connection).unwrap_err();
        assert_eq!(error.all().count(), 2, "{error}");
        assert_eq!(one::<i64>(&connection, "SELECT count(*) FROM t"), 1);
        let transaction = connection.transaction().unwrap();
        assert!(Seeds::from(folder.path()).load_in(&transaction).is_err());
    }

    #[test]
    fn more_than_a_hundred_are_not_told() {
        let rows: Vec<String> = (0..300).map(|number| format!(r#"{{"no": {number}}}"#)).collect();
        assert_eq!(mistakes(&[("users.json", &format!("[{}]", rows.join(",\n")))]).len(), 100);
    }
}

#[cfg(feature = "json")]
#[test]
fn the_same_seeds_give_the_same_bytes() {
    let bytes = || {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("copy.sqlite3");
        Template::folder("fixtures").memory().unwrap().save_to(&path).unwrap();
        fs::read(path).unwrap()
    };
    assert!(bytes() == bytes());
}

const BLOG: &str = "
    CREATE TABLE users (id INTEGER PRIMARY KEY, name TEXT);
    CREATE TABLE posts (id INTEGER PRIMARY KEY, author_id INTEGER NOT NULL REFERENCES users, title TEXT);
    CREATE TABLE countries (code TEXT PRIMARY KEY, name TEXT);
    CREATE TABLE cities (name TEXT PRIMARY KEY, country TEXT REFERENCES countries);
    CREATE TABLE pairs (a INTEGER, b INTEGER, PRIMARY KEY (a, b));";

/// Loads files into a blog.
fn blog(files: &[(&str, &str)]) -> (Connection, Result<sqlite_fixtures::Labels, SeedError>) {
    let folder = folder(files);
    let mut connection = Connection::open_in_memory().unwrap();
    connection.execute_batch(BLOG).unwrap();
    let labels = Seeds::from(folder.path()).load(&mut connection);
    (connection, labels)
}

fn one<T: rusqlite::types::FromSql>(connection: &Connection, sql: &str) -> T {
    connection.query_row(sql, [], |row| row.get(0)).unwrap()
}

#[cfg(feature = "json")]
mod json {
    use super::*;
    use sqlite_fixtures::labels::label_id;

    #[test]
    fn a_label_becomes_the_id_that_rails_computes() {
        let (connection, labels) = blog(&[("users.json", r#"{"ruby": {"name": "Ruby"}}"#)]);
        assert_eq!(labels.unwrap().key::<i64>("users", "ruby").unwrap(), 207_281_424);
        assert_eq!(one::<i64>(&connection, "SELECT id FROM users"), 207_281_424);
    }

    proptest::proptest! {
        #![proptest_config(proptest::test_runner::Config::with_cases(50))]

        /// serde_json rounds about one in four to a neighbour.
        #[test]
        fn a_number_is_stored_bit_by_bit(reals in proptest::collection::vec(proptest::num::f64::NORMAL, 100)) {
            let rows: Vec<_> = reals.iter().map(|real| format!(r#"{{"a": {real:e}}}"#)).collect();
            let files = [("schema.sql", "CREATE TABLE t (a REAL)"), ("t.json", &format!("[{}]", rows.join(",")))];
            let session = Template::from_folder(folder(&files).path()).uncached().session();
            let mut select = session.prepare("SELECT a FROM t ORDER BY rowid").unwrap();
            let found: Vec<f64> = select.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect();
            proptest::prop_assert_eq!(found, reals);
        }
    }

    #[test]
    fn rows_may_come_before_the_rows_they_point_at() {
        let (connection, labels) =
            blog(&[("posts.json", r#"[{"author_id": "bob"}]"#), ("users.json", r#"{"bob": null}"#)]);
        labels.unwrap();
        assert_eq!(one::<i64>(&connection, "SELECT author_id FROM posts"), label_id("bob"));
    }

    #[test]
    fn a_text_may_be_the_key_of_a_column_of_numbers() {
        let files = [
            (
                "schema.sql",
                "CREATE TABLE users (id UUID PRIMARY KEY); CREATE TABLE posts (author UUID REFERENCES users)",
            ),
            ("users.json", r#"[{"id": "f47ac10b-58cc"}]"#),
            ("posts.json", r#"[{"author": "f47ac10b-58cc"}]"#),
        ];
        let session = Template::from_folder(folder(&files).path()).uncached().session();
        assert_eq!(one::<String>(&session, "SELECT author FROM posts"), "f47ac10b-58cc");
    }

    #[test]
    fn a_row_that_gives_its_key_keeps_it_and_its_label_stands_for_it() {
        let (connection, labels) =
            blog(&[("users.json", r#"{"bob": {"id": 7}}"#), ("posts.json", r#"[{"author_id": "bob"}]"#)]);
        assert_eq!(labels.unwrap().key::<i64>("users", "bob").unwrap(), 7);
        assert_eq!(one::<i64>(&connection, "SELECT author_id FROM posts"), 7);
    }

    #[test]
    fn a_key_that_is_null_is_made_from_the_label() {
        let (connection, labels) = blog(&[
            ("users.json", r#"{"bob": {"id": null, "name": "Bob"}}"#),
            ("posts.json", r#"[{"author_id": "bob"}]"#),
        ]);
        assert_eq!(labels.unwrap().key::<i64>("users", "bob").unwrap(), label_id("bob"));
        assert_eq!(one::<i64>(&connection, "SELECT id FROM users"), label_id("bob"));
    }

    #[test]
    fn a_key_that_points_at_another_table_stands_for_the_key_there() {
        let mut connection = Connection::open_in_memory().unwrap();
        let schema = "CREATE TABLE users (id INTEGER PRIMARY KEY);
            CREATE TABLE profiles (user_id INTEGER PRIMARY KEY REFERENCES users);
            CREATE TABLE photos (profile_id INTEGER REFERENCES profiles);";
        connection.execute_batch(schema).unwrap();
        let folder = folder(&[
            ("users.json", r#"{"alice": {"id": 7}}"#),
            ("profiles.json", r#"{"of_alice": {"user_id": "alice"}}"#),
            ("photos.json", r#"[{"profile_id": "of_alice"}]"#),
        ]);
        let labels = Seeds::from(folder.path()).load(&mut connection).unwrap();
        assert_eq!(labels.key::<i64>("profiles", "of_alice").unwrap(), 7);
        assert_eq!(one::<i64>(&connection, "SELECT profile_id FROM photos"), 7);
    }

    #[test]
    fn keys_that_point_at_each_other_in_a_circle_are_a_mistake_and_no_endless_search() {
        let mut connection = Connection::open_in_memory().unwrap();
        connection.execute_batch("CREATE TABLE t (id TEXT PRIMARY KEY REFERENCES t)").unwrap();
        let folder = folder(&[("t.json", r#"{"a": {"id": "b"}, "b": {"id": "a"}}"#)]);
        // Each text is a key that a row gives, so each stands for itself.
        Seeds::from(folder.path()).load(&mut connection).unwrap();
        connection.execute_batch("DROP TABLE t; CREATE TABLE t (id INTEGER PRIMARY KEY REFERENCES t)").unwrap();
        assert!(Seeds::from(folder.path()).load(&mut connection).is_err());
    }

    #[test]
    fn a_row_without_rowid_that_was_broken_before_does_not_hide_a_new_one() {
        let mut connection = Connection::open_in_memory().unwrap();
        let schema = "CREATE TABLE p (id INTEGER PRIMARY KEY);
            CREATE TABLE c (id INTEGER PRIMARY KEY, p INTEGER REFERENCES p) WITHOUT ROWID;
            PRAGMA foreign_keys = OFF; INSERT INTO c VALUES (1, 98); PRAGMA foreign_keys = ON";
        connection.execute_batch(schema).unwrap();
        let folder = folder(&[("c.json", r#"[{"id": 2, "p": 99}]"#)]);
        let error = Seeds::from(folder.path()).load(&mut connection).unwrap_err();
        assert!(broken_references(&error).iter().any(|broken| broken.columns()[0].1 == "99"), "{error}");
    }

    /// SQL that is asked again gives another value.
    #[test]
    fn a_broken_reference_that_was_computed_stands_where_it_was_and_is_what_it_was() {
        let (_, loaded) = blog(&[
            ("users.json", r#"[{"id": 3, "name": "Cleo"}]"#),
            (
                "posts.json",
                "[{\"author_id\": 3},\n {\"author_id\": \"RAW=CASE WHEN EXISTS (SELECT 1 FROM posts WHERE title = 'last') THEN 3 ELSE 42 END\"},\n {\"author_id\": 3, \"title\": \"last\"}]",
            ),
        ]);
        let error = loaded.unwrap_err();
        let [broken] = broken_references(&error) else { panic!("{error}") };
        assert_eq!(broken.columns(), [("author_id".to_owned(), "42".to_owned())]);
        assert_eq!(broken.position().map(|at| (at.line(), at.column())), Some((Some(2), Some(16))), "{error}");
    }

    /// The text of CSV is a number in the database.
    #[cfg(feature = "csv")]
    #[test]
    fn a_broken_reference_keeps_its_place_when_a_script_follows_and_gives_it_up_when_the_script_has_replaced_its_row() {
        let load = |script: &str| {
            let mut connection = Connection::open_in_memory().unwrap();
            let schema = "CREATE TABLE p (id INTEGER PRIMARY KEY); CREATE TABLE c (id INTEGER PRIMARY KEY, p INTEGER REFERENCES p)";
            connection.execute_batch(schema).unwrap();
            let folder = folder(&[("c.csv", "id,p\n7,98\n"), ("d.sql", script)]);
            let error = Seeds::from(folder.path()).load(&mut connection).unwrap_err();
            let [broken] = broken_references(&error) else { panic!("{error}") };
            (broken.position().and_then(sqlite_fixtures::position::Position::line), broken.columns()[0].1.clone())
        };
        assert_eq!(load("SELECT 1"), (Some(2), "98".to_owned()));
        assert_eq!(load("DELETE FROM c; INSERT INTO c VALUES (7, 99)"), (None, "99".to_owned()));
    }

    #[test]
    fn a_row_that_a_trigger_passes_over_is_not_blamed_for_the_one_before() {
        let mut connection = Connection::open_in_memory().unwrap();
        let schema = "CREATE TABLE p (id INTEGER PRIMARY KEY); CREATE TABLE c (p INTEGER REFERENCES p, passed);
            CREATE TRIGGER t BEFORE INSERT ON c WHEN new.passed BEGIN SELECT RAISE(IGNORE); END";
        connection.execute_batch(schema).unwrap();
        let folder = folder(&[("c.json", "[{\"p\": 99},\n {\"p\": 98, \"passed\": 1}]")]);
        let error = Seeds::from(folder.path()).load(&mut connection).unwrap_err();
        let [broken] = broken_references(&error) else { panic!("{error}") };
        assert_eq!(
            (broken.columns()[0].1.as_str(), broken.position().and_then(sqlite_fixtures::position::Position::line)),
            ("99", Some(1)),
            "{error}"
        );
    }

    #[test]
    fn of_twenty_foreign_keys_that_two_thousand_rows_break_the_first_hundred_are_told() {
        let mut connection = Connection::open_in_memory().unwrap();
        let columns: Vec<_> = (0..20).map(|number| format!("c{number} INTEGER REFERENCES p")).collect();
        let schema = format!("CREATE TABLE p (id INTEGER PRIMARY KEY); CREATE TABLE c ({})", columns.join(", "));
        connection.execute_batch(&schema).unwrap();
        let row = (0..20).map(|number| format!("\"c{number}\": 1")).collect::<Vec<_>>().join(", ");
        let rows = vec![format!("{{{row}}}"); 2_000].join(",\n");
        let folder = folder(&[("c.json", &format!("[{rows}]"))]);
        let error = Seeds::from(folder.path()).load(&mut connection).unwrap_err();
        assert_eq!(broken_references(&error).len(), 100);
        assert!(broken_references(&error).iter().all(|broken| broken.position().is_some_and(|at| at.line() < Some(6))));
        let said = error.to_string();
        assert!(said.starts_with("40000 broken references:") && said.contains("\n  and 39900 more\n"), "{said}");
    }

    #[test]
    fn a_script_that_changes_a_table_is_seen_by_the_rows_after_it() {
        let (connection, labels) = blog(&[
            ("a.json.sql", "SELECT 1"),
            ("countries.json", r#"{"nl": null}"#),
            ("more.sql", "ALTER TABLE users ADD COLUMN age INTEGER; ALTER TABLE countries ADD COLUMN size INTEGER"),
            ("users.json", r#"{"bob": {"age": 42}}"#),
        ]);
        labels.unwrap();
        assert_eq!(one::<i64>(&connection, "SELECT age FROM users"), 42);
    }

    #[test]
    fn an_existing_key_wins_over_a_label_of_the_same_text() {
        let (connection, labels) = blog(&[
            ("countries.json", r#"{"nl": {"code": "NL"}, "other": {"code": "nl"}}"#),
            ("cities.json", r#"[{"name": "Delft", "country": "nl"}, {"name": "Paris", "country": "other"}]"#),
            ("users.json", r#"{"42": {"name": "a label"}, "x": {"id": 42}}"#),
            ("posts.json", r#"[{"author_id": "42"}]"#),
        ]);
        labels.unwrap();
        assert_eq!(one::<String>(&connection, "SELECT country FROM cities WHERE name = 'Delft'"), "nl");
        assert_eq!(one::<String>(&connection, "SELECT country FROM cities WHERE name = 'Paris'"), "nl");
        assert_eq!(one::<i64>(&connection, "SELECT author_id FROM posts"), 42);
    }

    #[test]
    fn a_label_of_a_text_key_is_the_key_and_one_of_a_composite_key_names_the_row_only() {
        let (_, labels) = blog(&[
            ("countries.json", r#"{"nl": {"name": "Nederland"}}"#),
            ("pairs.json", r#"{"first": {"a": 1, "b": 2}}"#),
        ]);
        let labels = labels.unwrap();
        assert_eq!(labels.key::<String>("countries", "nl").unwrap(), "nl");
        assert!(labels.key::<i64>("countries", "nl").unwrap_err().to_string().contains("session.key"));
        assert!(labels.key::<i64>("pairs", "first").unwrap_err().to_string().contains("composite"));
        let error = labels.key::<i64>("countries", "nlx").unwrap_err();
        assert_eq!(error.to_string(), "no row of `countries` is labelled `nlx`; did you mean `nl`?");
    }

    #[test]
    fn numbers_booleans_nulls_nested_values_and_bytes_are_stored_as_what_they_are() {
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

    #[test]
    fn a_failed_load_leaves_the_database_as_it_was_with_scripts_and_without() {
        let bad = ("users.json", r#"{"a": {"name": "A"}, "b": {"nmae": "B"}}"#);
        let script = ("countries.sql", "BEGIN; INSERT INTO countries VALUES ('nl', 'N'); COMMIT;");
        for files in [&[bad][..], &[bad, script][..]] {
            let (connection, labels) = blog(files);
            assert!(labels.is_err());
            assert_eq!(
                one::<i64>(&connection, "SELECT (SELECT count(*) FROM users) + (SELECT count(*) FROM countries)"),
                0
            );
            assert!(connection.is_autocommit());
            let foreign_keys: bool = one(&connection, "PRAGMA foreign_keys");
            let default: bool = one(&Connection::open_in_memory().unwrap(), "PRAGMA foreign_keys");
            assert_eq!(foreign_keys, default, "enforcement is as it was");
        }
    }

    #[test]
    fn rows_load_inside_a_transaction_of_the_caller_who_may_still_roll_it_back() {
        let folder = folder(&[("posts.json", r#"[{"author_id": "bob"}]"#), ("users.json", r#"{"bob": null}"#)]);
        let mut connection = Connection::open_in_memory().unwrap();
        connection.execute_batch(BLOG).unwrap();
        let transaction = connection.transaction().unwrap();
        Seeds::from(folder.path()).load_in(&transaction).unwrap();
        assert_eq!(one::<i64>(&transaction, "SELECT count(*) FROM posts"), 1);
        transaction.rollback().unwrap();
        assert_eq!(one::<i64>(&connection, "SELECT count(*) FROM posts"), 0);
    }

    #[test]
    fn what_was_broken_before_is_not_blamed_on_the_load() {
        let folder = folder(&[("users.json", r#"{"bob": null}"#)]);
        let mut connection = Connection::open_in_memory().unwrap();
        connection.execute_batch(BLOG).unwrap();
        connection
            .execute_batch(
                "PRAGMA foreign_keys = OFF; INSERT INTO posts (author_id) VALUES (99); PRAGMA foreign_keys = ON",
            )
            .unwrap();
        Seeds::from(folder.path()).load(&mut connection).unwrap();
    }

    #[test]
    fn a_file_is_seeded_whole_or_left_as_it_was() {
        let folder = folder(&[("users.json", r#"{"bob": {"name": "Bob"}}"#), ("late.sql", "SELECT 1; SELEC")]);
        let path = folder.path().join("app.db");
        Connection::open(&path).unwrap().execute_batch(BLOG).unwrap();
        let before = fs::read(&path).unwrap();

        let both = Seeds::from([folder.path().join("users.json"), folder.path().join("late.sql")]);
        assert!(both.load_into_file(&path).is_err());
        assert!(fs::read(&path).unwrap() == before, "not a byte has changed");

        Seeds::from(folder.path().join("users.json")).load_into_file(&path).unwrap();
        assert_eq!(one::<String>(&Connection::open(&path).unwrap(), "SELECT name FROM users"), "Bob");

        let new = folder.path().join("new.db");
        assert!(both.load_into_file(&new).is_err());
        assert!(!new.exists(), "a file that was not there is not there");
    }

    #[test]
    fn a_file_in_wal_mode_is_seeded_while_it_is_open_elsewhere() {
        let folder = folder(&[("users.json", r#"{"bob": {"name": "Bob"}}"#)]);
        let path = folder.path().join("app.db");
        let open = Connection::open(&path).unwrap();
        let _: String = one(&open, "PRAGMA journal_mode = WAL");
        open.execute_batch(BLOG).unwrap();
        Seeds::from(folder.path().join("users.json")).load_into_file(&path).unwrap();
        assert_eq!(one::<String>(&open, "SELECT name FROM users"), "Bob");
    }
}

#[test]
fn a_script_keeps_its_own_transactions_and_pragmas() {
    let (connection, labels) = blog(&[(
        "dump.sql",
        "PRAGMA foreign_keys=OFF; BEGIN TRANSACTION; INSERT INTO posts VALUES (1, 1, 'x'); \
         INSERT INTO users VALUES (1, 'a'); COMMIT; PRAGMA foreign_keys=ON; VACUUM;",
    )]);
    labels.unwrap();
    assert_eq!(one::<i64>(&connection, "SELECT count(*) FROM posts"), 1);
}

#[rstest]
#[case("COMMIT")]
#[case("BEGIN; DELETE FROM users; COMMIT")]
#[case("DELETE FROM users; rollback")]
#[case("DELETE FROM users; END TRANSACTION")]
fn a_script_cannot_end_a_transaction_of_the_caller(#[case] script: &str) {
    let folder = folder(&[("evil.sql", script)]);
    let mut connection = Connection::open_in_memory().unwrap();
    connection.execute_batch(BLOG).unwrap();
    let transaction = connection.transaction().unwrap();
    transaction.execute_batch("INSERT INTO users VALUES (1, 'a')").unwrap();
    let error = Seeds::from(folder.path()).load_in(&transaction).unwrap_err();
    assert!(error.to_string().contains("inside a transaction of the caller"), "{error}");
    assert_eq!(one::<i64>(&transaction, "SELECT count(*) FROM users"), 1);
    assert_eq!(one::<i64>(&transaction, "PRAGMA defer_foreign_keys"), 0, "as it was");
    transaction.rollback().unwrap();
    assert_eq!(one::<i64>(&connection, "SELECT count(*) FROM users"), 0);
}

#[rstest]
#[case::attach("ATTACH '{}/out.db' AS x; CREATE TABLE x.t (a)")]
#[case::vacuum_into("VACUUM INTO '{}/out.db'")]
#[case::vacuum_main_into("VACUUM /* */ main INTO '{}/out.db'")]
fn a_script_cannot_write_another_file(#[case] script: &str) {
    let out = tempfile::tempdir().unwrap();
    let script = script.replace("{}", out.path().to_str().unwrap());
    let (connection, labels) = blog(&[("evil.sql", &script)]);
    let error = labels.unwrap_err();
    assert!(error.to_string().contains("cannot attach or write other files"), "{error}");
    assert_eq!(fs::read_dir(out.path()).unwrap().count(), 0);
    connection.execute_batch("ATTACH ':memory:' AS still_allowed").unwrap();
}

#[test]
fn a_script_cannot_load_an_extension() {
    let (_, labels) = blog(&[("evil.sql", "SELECT load_extension('evil')")]);
    assert!(labels.is_err());
}

#[test]
fn a_long_script_is_loaded_in_one_piece() {
    use std::fmt::Write;
    let mut script = String::new();
    for id in 0..20_000 {
        writeln!(script, "INSERT INTO users VALUES ({id}, 'user; {id}');").unwrap();
    }
    let (connection, labels) = blog(&[("users.sql", &script)]);
    labels.unwrap();
    assert_eq!(one::<i64>(&connection, "SELECT count(*) FROM users"), 20_000);
}

#[test]
fn migrations_run_in_the_order_of_their_numbers_and_never_down() {
    let folder = folder(&[
        ("migrations/V2__name.sql", "ALTER TABLE t ADD COLUMN b DEFAULT 'two'"),
        ("migrations/V10__more.sql", "ALTER TABLE t ADD COLUMN c DEFAULT 'ten'"),
        ("migrations/V1__init.sql", "CREATE TABLE t (a)"),
        ("migrations/V10__more.down.sql", "DROP TABLE t"),
        ("t.sql", "INSERT INTO t (a) VALUES (1)"),
    ]);
    let session = Template::from_folder(folder.path()).session();
    let names: String = one(&session, "SELECT group_concat(name, ' ') FROM pragma_table_info('t')");
    assert_eq!(names, "a b c");
}

#[test]
fn a_schema_with_a_foreign_key_that_points_at_no_key_is_taken_as_sqlite_takes_it() {
    let schema = "CREATE TABLE p (name TEXT); CREATE TABLE c (p TEXT REFERENCES p (name)); INSERT INTO c VALUES ('x');
        CREATE TABLE q (id INTEGER PRIMARY KEY); CREATE TABLE d (q INTEGER REFERENCES q);";
    let loaded = Template::from_folder(folder(&[("schema.sql", schema)]).path()).session();
    assert_eq!(one::<i64>(&loaded, "SELECT count(*) FROM c"), 1);
    let broken = format!("{schema} INSERT INTO d VALUES (1);");
    let error = Template::from_folder(folder(&[("schema.sql", &broken)]).path()).memory().unwrap_err();
    assert_eq!(broken_references(error.seed_error().unwrap()).len(), 1, "the others are checked all the same");
}

#[test]
fn hidden_files_notes_and_other_folders_are_no_seeds() {
    let folder = folder(&[
        ("schema.sql", "CREATE TABLE t (a)"),
        (".gitkeep", ""),
        ("README.md", "notes"),
        ("other/u.json", "not even JSON"),
    ]);
    let session = Template::from_folder(folder.path()).session();
    assert_eq!(one::<i64>(&session, "SELECT count(*) FROM t"), 0);
}

#[cfg(feature = "csv")]
#[test]
fn csv_tells_an_empty_field_from_an_empty_text_and_numbers_get_their_column_s_type() {
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

#[test]
fn names_with_quotes_and_spaces_are_quoted() {
    let mut connection = Connection::open_in_memory().unwrap();
    connection
        .execute_batch(
            "CREATE TABLE \"od\"\"d t\" (\"a b\" TEXT, \"select\" TEXT, \"'\" TEXT REFERENCES \"od\"\"d t\" (\"a b\"))",
        )
        .unwrap();
    connection.execute_batch("CREATE UNIQUE INDEX i ON \"od\"\"d t\" (\"a b\")").unwrap();
    let folder = folder(&[("od\"d t.sql", "INSERT INTO \"od\"\"d t\" VALUES ('x;', 'y', NULL)")]);
    Seeds::from(folder.path()).load(&mut connection).unwrap();
    assert_eq!(one::<i64>(&connection, "SELECT count(*) FROM \"od\"\"d t\""), 1);
}

#[test]
fn a_path_that_is_not_there_says_where_it_was_looked_for() {
    let error = Seeds::from("no/such/folder").load(&mut Connection::open_in_memory().unwrap()).unwrap_err();
    let message = error.to_string();
    assert!(message.contains("no/such/folder") && message.contains("CARGO_MANIFEST_DIR"), "{message}");
    assert!(message.contains(Path::new(env!("CARGO_MANIFEST_DIR")).join("no").to_str().unwrap()), "{message}");
}

#[test]
fn a_session_takes_more_seeds_which_know_the_labels_of_its_template() {
    let session = SessionFactory::new(Engine::memory().unwrap()).unwrap();
    let mut session = session.open().unwrap();
    session.execute_batch(BLOG).unwrap();
    let files = folder(&[("users.sql", "INSERT INTO users VALUES (1, 'a')")]);
    session.seed(files.path()).unwrap();
    session.seed(folder(&[("users.sql", "INSERT INTO users VALUES (1, 'again')")]).path()).unwrap_err();
    assert_eq!(one::<String>(&session, "SELECT name FROM users"), "a");
}

#[cfg(feature = "json")]
#[test]
fn a_value_may_be_in_a_file_beside() {
    let schema = "CREATE TABLE users (id INTEGER PRIMARY KEY, name TEXT, photo BLOB, about TEXT, note)";
    let users = r#"{"alice": {"photo": "FILE=alice.png", "about": "FILE=about/alice.md", "note": "FILE=alice.png"}}"#;
    let folder = folder(&[
        ("schema.sql", schema),
        ("users.json", users),
        ("files/alice.png", "\0png"),
        ("files/about/alice.md", "# Zoë\n"),
    ]);
    let shown = |folder: &Path| -> String {
        let session = Template::from_folder(folder).session();
        one(&session, "SELECT quote(photo) || ' ' || quote(about) || ' ' || typeof(note) FROM users")
    };
    assert_eq!(shown(folder.path()), "x'00706E67' '# Zoë\n' blob".replace("x'", "X'"));
    fs::write(folder.path().join("files/alice.png"), "new").unwrap();
    assert_eq!(shown(folder.path()), "X'6E6577' '# Zoë\n' blob", "the image is built again");
}

#[cfg(feature = "yaml")]
#[test]
fn a_tag_of_yaml_names_a_file_beside_too() {
    let (connection, labels) =
        blog(&[("users.yaml", "alice: {name: !file names/alice}"), ("files/names/alice", "Alice")]);
    labels.unwrap();
    assert_eq!(one::<String>(&connection, "SELECT CAST(name AS TEXT) FROM users"), "Alice");
}

#[test]
fn code_names_no_file() {
    let session = SessionFactory::new(Engine::memory().unwrap()).unwrap();
    let session = session.open().unwrap();
    session.execute_batch(BLOG).unwrap();
    session.insert("users", &std::collections::BTreeMap::from([("name", "FILE=../secret")])).unwrap();
    assert_eq!(one::<String>(&session, "SELECT name FROM users"), "FILE=../secret");
}

#[cfg(feature = "json")]
#[test]
fn a_boolean_inside_a_nested_value_stays_one() {
    let (connection, labels) = blog(&[("users.json", r#"[{"name": {"dark": true, "list": [false, null, 1]}}]"#)]);
    labels.unwrap();
    assert_eq!(one::<String>(&connection, "SELECT name FROM users"), r#"{"dark":true,"list":[false,null,1]}"#);
}

#[cfg(feature = "json")]
#[test]
fn a_label_stands_for_the_key_that_its_row_has() {
    let schema = "CREATE TABLE tags (name TEXT PRIMARY KEY);
        CREATE TABLE days (created_on TEXT NOT NULL PRIMARY KEY);
        CREATE TABLE things (id PRIMARY KEY);
        CREATE TABLE uses (tag REFERENCES tags, day REFERENCES days, thing REFERENCES things);";
    let uses = r#"[{"tag": "sea", "day": "monday", "thing": "five"}]"#;
    let files = folder(&[
        ("schema.sql", schema),
        ("tags.json", r#"{"sea": {"name": "the $LABEL"}}"#),
        ("days.json", r#"{"monday": {}}"#),
        ("things.json", r#"{"five": {"id": "5"}}"#),
        ("uses.json", uses),
    ]);
    let session = Template::from_folder(files.path()).session();
    let held: String = one(&session, "SELECT tag || ', ' || day || ', ' || quote(thing) FROM uses");
    assert_eq!(held, "the sea, monday, '5'");
}

#[cfg(feature = "json")]
#[test]
fn a_row_whose_key_is_null_is_joined_by_its_label() {
    let schema = "CREATE TABLE posts (id INTEGER PRIMARY KEY); CREATE TABLE tags (name TEXT PRIMARY KEY);
        CREATE TABLE posts_tags (post_id INTEGER NOT NULL REFERENCES posts, tag TEXT REFERENCES tags);";
    let files = folder(&[
        ("schema.sql", schema),
        ("posts.json", r#"{"salt": {"id": null, "tags": "sea"}}"#),
        ("tags.json", r#"{"sea": {}}"#),
    ]);
    let session = Template::from_folder(files.path()).session();
    assert_eq!(one::<i64>(&session, "SELECT post_id FROM posts_tags"), sqlite_fixtures::labels::label_id("salt"));
}

#[cfg(feature = "json")]
#[test]
fn the_label_is_put_into_texts_of_the_file_and_not_into_what_they_name() {
    let files =
        [("users.json", r#"{"a": {"name": "FILE=a.txt"}, "b": {"name": "RAW='$LABEL'"}}"#), ("files/a.txt", "$LABEL")];
    let (connection, labels) = blog(&files);
    labels.unwrap();
    assert_eq!(one::<i64>(&connection, "SELECT count(*) FROM users WHERE CAST(name AS TEXT) = '$LABEL'"), 2);
}

#[cfg(feature = "toml")]
#[test]
fn a_date_of_toml_is_stored_as_it_is_written() {
    let (connection, labels) = blog(&[("users.toml", "[a]\nname = 2024-01-01 10:00:00.500\n")]);
    labels.unwrap();
    assert_eq!(one::<String>(&connection, "SELECT name FROM users"), "2024-01-01 10:00:00.500");
    let (_, labels) = blog(&[("users.toml", "[a]\nname = nan\n")]);
    assert!(labels.unwrap_err().to_string().contains("leave the field out"));
}

#[test]
fn a_script_cannot_end_the_transaction_that_it_is_loaded_in() {
    for script in
        ["ROLLBACK /* TO */", "RELEASE sqlite_fixtures", "ROLLBACK TO theirs", "SAVEPOINT a", "/* a */ commit", "END"]
    {
        let files = folder(&[("a.sql", &format!("INSERT INTO users (name) VALUES ('half');\n{script};"))]);
        let mut connection = Connection::open_in_memory().unwrap();
        connection.execute_batch(BLOG).unwrap();
        let transaction = connection.transaction().unwrap();
        transaction.execute_batch("SAVEPOINT theirs; INSERT INTO users (name) VALUES ('theirs')").unwrap();
        let error = Seeds::from(files.path()).load_in(&transaction).unwrap_err();
        assert!(error.to_string().contains("inside a transaction of the caller"), "{script}: {error}");
        assert!(!transaction.is_autocommit());
        assert_eq!(one::<String>(&transaction, "SELECT group_concat(name) FROM users"), "theirs");
    }
}

#[test]
fn a_file_is_made_with_foreign_keys_off_as_a_template_is() {
    let schema = "CREATE TABLE p (id INTEGER PRIMARY KEY); INSERT INTO p VALUES (1);
        CREATE TABLE c (p INTEGER REFERENCES p ON DELETE CASCADE); INSERT INTO c VALUES (1);
        CREATE TABLE p2 (id INTEGER PRIMARY KEY); INSERT INTO p2 SELECT * FROM p; DROP TABLE p; ALTER TABLE p2 RENAME TO p;";
    let files = folder(&[("a.sql", schema)]);
    let made = files.path().join("made.db");
    Seeds::from(files.path().join("a.sql")).load_into_file(&made).unwrap();
    assert_eq!(one::<i64>(&Connection::open(made).unwrap(), "SELECT count(*) FROM c"), 1);
}

#[cfg(all(feature = "csv", feature = "yaml"))]
#[test]
fn bytes_and_booleans_are_read_as_other_tools_write_them() {
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
fn double_quotes_are_for_names_in_computed_values_too() {
    let (_, labels) = blog(&[("users.json", r#"[{"name": "RAW=datetime(\"now\")"}]"#)]);
    assert!(labels.unwrap_err().to_string().contains("no such column: \"now\""));
}

#[cfg(feature = "json")]
#[test]
fn a_model_that_comes_with_django_is_found_in_its_table() {
    let schema = "CREATE TABLE django_content_type (id INTEGER PRIMARY KEY, app_label TEXT, model TEXT, UNIQUE (app_label, model));
        CREATE TABLE auth_permission (id INTEGER PRIMARY KEY, content_type_id INTEGER REFERENCES django_content_type);";
    let rows = r#"[{"model": "contenttypes.contenttype", "pk": 3, "fields": {"app_label": "auth", "model": "user"}},
        {"model": "auth.permission", "pk": 1, "fields": {"content_type": ["auth", "user"]}}]"#;
    let files = folder(&[("schema.sql", schema), ("data.json", rows)]);
    let session = Template::from_folder(files.path()).session();
    assert_eq!(one::<i64>(&session, "SELECT content_type_id FROM auth_permission"), 3);
}
