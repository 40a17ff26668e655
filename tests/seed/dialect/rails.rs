//! Fixture files as Rails has them.

use super::{loaded, refused};
use crate::{line_and_column, load_into, one};
use common::folder;
use sqlite_fixtures::{Labels, Seeds, labels::label_id, rusqlite::Connection, seed::SeedError};

const SCHEMA: &str = "
    CREATE TABLE users (id INTEGER PRIMARY KEY, name TEXT, email TEXT, admin INTEGER, created_at TEXT NOT NULL,
        updated_at TEXT NOT NULL, seen_at TEXT);
    CREATE TABLE posts (id INTEGER PRIMARY KEY, author_id INTEGER NOT NULL REFERENCES users, title TEXT,
        created_on TEXT NOT NULL DEFAULT '2020-02-02', updated_on TEXT NOT NULL);
    CREATE TABLE tags (id INTEGER PRIMARY KEY, name TEXT);
    CREATE TABLE posts_tags (post_id INTEGER REFERENCES posts, tag_id INTEGER REFERENCES tags);";

fn load(files: &[(&str, &str)]) -> (Connection, Result<Labels, SeedError>) {
    load_into(SCHEMA, files)
}

#[test]
fn sample_loads_as_in_rails() {
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
        shown("SELECT concat_ws('|', name, email, admin, created_at, updated_at, seen_at) r FROM users ORDER BY email"),
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
fn unknown_label_in_a_list_has_its_place() {
    let (_, loaded) = load(&[
        ("posts.yml", "first:\n  author: alcie\n  tags: [rust, sqlit]\nsecond:\n  author: alice\n  authr: bob\n"),
        ("tags.yml", "rust: {name: Rust}\nsqlite: {name: SQLite}\n"),
        ("users.yml", "alice: {name: Alice}\n"),
    ]);
    let error = loaded.unwrap_err();
    let places: Vec<_> = error.all().map(|mistake| mistake.position().unwrap()).collect();
    let places: Vec<_> = places.iter().map(|place| line_and_column(place)).collect();
    assert_eq!(places, [(2, 11), (3, 16), (6, 3)], "{error}");
    assert!(error.to_string().contains("neither a key nor a label of `tags`; did you mean `sqlite`?"), "{error}");
    assert!(error.to_string().contains("value `alcie`: this is neither a key nor a label of `users`"), "{error}");
}

/// Rails makes such files for a model without columns.
#[test]
fn file_of_comments_has_no_rows() {
    let (connection, loaded) = load(&[("users.yml", "# one: {}\n#\n# two: {}\n"), ("tags.yml", "--- {}\n")]);
    loaded.unwrap();
    assert_eq!(one::<i64>(&connection, "SELECT count(*) FROM users"), 0);
}

#[test]
fn omap_holds_rows() {
    for tag in ["!omap", "!!omap"] {
        let tags = format!("--- {tag}\n- rust:\n    name: Rust\n- sqlite:\n    name: SQLite\n");
        let (connection, loaded) = load(&[("tags.yml", &tags)]);
        assert_eq!(loaded.unwrap().key::<i64>("tags", "rust").unwrap(), label_id("rust"));
        assert_eq!(one::<String>(&connection, "SELECT group_concat(name) FROM tags ORDER BY id"), "Rust,SQLite");
    }
}

#[test]
fn erb_is_refused() {
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
    let (connection, labels) = load_into(BARE, files);
    labels?;
    let sql = "SELECT group_concat(r, ' / ') FROM (SELECT concat_ws('|', fruits.name, eater_type,
            coalesce(monkeys.name, admin_pirates.name), people.name) r FROM fruits
        LEFT JOIN monkeys ON eater_type = 'Monkey' AND monkeys.id = eater_id
        LEFT JOIN admin_pirates ON eater_type = 'Admin::Pirate' AND admin_pirates.id = eater_id
        LEFT JOIN people ON people.id = owner_id ORDER BY fruits.name)";
    Ok(one(&connection, sql))
}

#[test]
fn association_without_a_foreign_key_finds_the_label() {
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
        "8:10: table `fruits`, row `quince`, column `owner`: expected a label: a text or a whole number, found a list",
    ]) {
        assert!(said.position().is_some() && said.to_string().contains(expected), "{said}");
    }
    assert_eq!(said.len(), 4, "{said:?}");
}

#[test]
fn number_may_be_a_label() {
    let (connection, loaded) = load(&[
        ("users.yml", "1: {name: One}\ntwo: {id: 1, name: Two}\n"),
        ("posts.yml", "a: {author: 1, title: label}\nb: {author_id: 1, title: key}\n"),
    ]);
    loaded.unwrap();
    let sql = "SELECT group_concat(title || ' ' || name) FROM (SELECT title, name FROM posts JOIN users ON users.id = author_id ORDER BY 1)";
    assert_eq!(one::<String>(&connection, sql), "key Two,label One");
}

#[test]
fn joined_label_is_not_a_key() {
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
fn joined_row_gets_timestamps() {
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
fn timestamps_follow_the_column_type() {
    let mut connection = Connection::open_in_memory().unwrap();
    let schema = "CREATE TABLE t (id INTEGER PRIMARY KEY, created_at datetime(6), updated_at DATE, created_on datetime,
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
fn join_table_is_found_by_name() {
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
fn model_class_names_the_table() {
    let (connection, loaded) = load(&[
        ("people.yml", "_fixture:\n  model_class: User\nann: {name: Ann, admin: yes}\n"),
        ("posts.yml", "first: {author: :ann, title: One}\n"),
    ]);
    loaded.unwrap();
    let sql = "SELECT title || ' ' || name || ' ' || admin FROM posts JOIN users ON users.id = author_id";
    assert_eq!(one::<String>(&connection, sql), "One Ann 1");
}

#[test]
fn foreign_key_is_not_polymorphic() {
    let mut connection = Connection::open_in_memory().unwrap();
    let schema = "CREATE TABLE categories (id INTEGER PRIMARY KEY, name TEXT);
        CREATE TABLE products (id INTEGER PRIMARY KEY, category_id INTEGER REFERENCES categories, category_type TEXT);";
    connection.execute_batch(schema).unwrap();
    let categories = "Books: {name: one}\nBooks (EU): {name: two}\n";
    let seeds = folder(&[("categories.yml", categories), ("products.yml", "a: {category: Books (EU)}\n")]);
    Seeds::from(seeds.path()).load(&mut connection).unwrap();
    let sql = "SELECT name || coalesce(category_type, '') FROM products JOIN categories ON categories.id = category_id";
    assert_eq!(one::<String>(&connection, sql), "two");
}

#[test]
fn unlabelled_row_gets_no_timestamps() {
    let (_, loaded) = load(&[("users.yml", "- name: Alice\n")]);
    assert!(loaded.unwrap_err().to_string().contains("NOT NULL constraint failed"));
}

/// The labels of YAML's maps are texts, so a reference to one is, too.
#[test]
fn label_that_looks_like_a_value_is_a_label() {
    let schema = "CREATE TABLE agents (id INTEGER PRIMARY KEY, name TEXT); CREATE TABLE tags (id INTEGER PRIMARY KEY);
        CREATE TABLE cases (id INTEGER PRIMARY KEY, agent_id INTEGER);
        CREATE TABLE cases_tags (case_id INTEGER, tag_id INTEGER);";
    for label in ["12e4", "1.10", "true", "yes", "007", "0x10", "1_000", "-.inf"] {
        let agents = format!("{label}: {{name: Bond}}\n");
        let cases = format!("a: {{agent: {label}, tags: [{label}]}}\nb: {{agent: {label}, tags: {label}}}\n");
        let tags = format!("{label}: {{}}\n");
        let connection = loaded(schema, &[("agents.yml", &agents), ("cases.yml", &cases), ("tags.yml", &tags)]);
        let sql = "SELECT count(*) FROM cases JOIN agents ON agents.id = agent_id WHERE typeof(agent_id) = 'integer'";
        assert_eq!(one::<i64>(&connection, sql), 2, "{label}");
        let sql = "SELECT count(*) FROM cases_tags JOIN tags ON tags.id = tag_id JOIN cases ON cases.id = case_id";
        assert_eq!(one::<i64>(&connection, sql), 2, "{label}");
        assert_eq!(one::<i64>(&connection, "SELECT id FROM agents"), label_id(label), "{label}");
    }
}

#[test]
fn what_is_no_label_is_an_error() {
    let tables =
        "CREATE TABLE tags (id INTEGER PRIMARY KEY); CREATE TABLE posts (id INTEGER PRIMARY KEY, author_id INTEGER);
        CREATE TABLE posts_tags (post_id INTEGER, tag_id INTEGER);";
    for (posts, position, found) in [
        ("a: {tags: [ruby, {x: 1}]}\n", "1:18", "a map"),
        ("a: {tags: {x: 1}}\n", "1:11", "a map"),
        ("a: {tags: [~]}\n", "1:12", "null"),
        ("a: {author: [[]]}\n", "1:13", "a list"),
    ] {
        let error = refused(tables, &[("tags.yml", "ruby: {}\n"), ("posts.yml", posts)]).to_string();
        assert!(error.contains(&format!("posts.yml:{position}")), "{posts} {error}");
        assert!(
            error.contains(&format!("expected a label: a text or a whole number, found {found}")),
            "{posts} {error}"
        );
    }
    let error =
        refused(tables, &[("tags.json", r#"{"ruby": {}}"#), ("posts.json", r#"{"a": {"tags": ["ruby", 2.5]}}"#)])
            .to_string();
    assert!(error.contains("posts.json:1:25") && error.contains("a label: a text or a whole number"), "{error}");
}

#[test]
fn default_of_null_is_none() {
    let schema =
        "CREATE TABLE t (id INTEGER PRIMARY KEY, created_at DATETIME DEFAULT NULL, updated_at DATETIME DEFAULT (null),
        created_on INTEGER, updated_on DATE NOT NULL);";
    let connection = loaded(schema, &[("t.yml", "a: {}\n")]);
    let sql = "SELECT concat_ws('|', created_at, updated_at, created_on, updated_on) FROM t";
    assert_eq!(one::<String>(&connection, sql), "2000-01-01 00:00:00|2000-01-01 00:00:00|946684800|2000-01-01");
}

#[test]
fn type_of_a_polymorphic_reference_may_stand_beside_it() {
    let schema = "CREATE TABLE users (id INTEGER PRIMARY KEY); CREATE TABLE posts (id INTEGER PRIMARY KEY);
        CREATE TABLE taggings (id INTEGER PRIMARY KEY, taggable_type TEXT, taggable_id INTEGER);";
    let connection = loaded(
        schema,
        &[
            ("users.yml", "one: {id: 1}\n"),
            ("posts.yml", "one: {}\n"),
            ("taggings.yml", "a: {taggable: one, taggable_type: Post}\nb: {taggable_type: User, taggable: one}\n"),
        ],
    );
    let sql =
        "SELECT group_concat(taggable_type || (taggable_id IN (SELECT id FROM posts)), ' ') FROM taggings ORDER BY 1";
    assert_eq!(
        one::<String>(&connection, sql).split(' ').collect::<std::collections::BTreeSet<_>>(),
        ["Post1", "User0"].into()
    );
}

#[test]
fn type_beside_an_association_to_a_table_is_a_column_like_any_other() {
    let schema = "CREATE TABLE accounts (id INTEGER PRIMARY KEY); CREATE TABLE checkings (id INTEGER PRIMARY KEY);
        CREATE TABLE people (id INTEGER PRIMARY KEY); CREATE TABLE pets (id INTEGER PRIMARY KEY, owner_type TEXT, owner_id INTEGER);
        CREATE TABLE entries (id INTEGER PRIMARY KEY, account_type TEXT, account_id INTEGER);";
    let connection = loaded(
        schema,
        &[
            ("accounts.yml", "main: {id: 5}\n"),
            ("checkings.yml", "main: {id: 9}\n"),
            ("people.yml", "ann: {id: 3}\n"),
            ("entries.yml", "a: {account: main, account_type: Checking}\n"),
            ("pets.yml", "rex: {owner: :ann, owner_type: Person}\nann: {owner: $LABEL, owner_type: Person}\n"),
        ],
    );
    assert_eq!(one::<i64>(&connection, "SELECT account_id FROM entries"), 5);
    assert_eq!(one::<String>(&connection, "SELECT group_concat(owner_id) FROM pets"), "3,3");
}

/// Where no row has the label, a number means the row with this id.
#[test]
fn number_that_is_no_label_is_a_key() {
    let schema = "CREATE TABLE tags (id INTEGER PRIMARY KEY); CREATE TABLE posts (id INTEGER PRIMARY KEY, tag_id INTEGER REFERENCES tags);
        CREATE TABLE posts_tags (post_id INTEGER REFERENCES posts, tag_id INTEGER REFERENCES tags);";
    let connection = loaded(
        schema,
        &[
            (
                "tags.yml",
                "a: {id: 8}\nb: {id: 1000}\nc: {id: 31}\nd: {id: 101}\ne: {id: 102}\n99999999999999999999: {}\n",
            ),
            (
                "posts.yml",
                "a: {tag: 010, tags: [010, 1_000, 0x1f]}\nb: {tag: 1_000}\nc: {tag: 0x1f}\nd: {tag_id: 0x1f}\ne:\n  tags: 101,102\n\
             f: {tag: 99999999999999999999, tags: 99999999999999999999}\n",
            ),
        ],
    );
    let label = label_id("99999999999999999999");
    let sql = "SELECT group_concat(tag_id) FROM (SELECT tag_id FROM posts WHERE tag_id NOT NULL ORDER BY tag_id)";
    assert_eq!(one::<String>(&connection, sql), format!("8,31,31,1000,{label}"));
    let sql = "SELECT group_concat(tag_id) FROM (SELECT tag_id FROM posts_tags ORDER BY tag_id)";
    assert_eq!(one::<String>(&connection, sql), format!("8,31,101,102,1000,{label}"));
}

#[test]
fn join_tables_have_names_in_any_script() {
    let schema = "CREATE TABLE ärzte (id INTEGER PRIMARY KEY, n TEXT); CREATE TABLE öffnungen (id INTEGER PRIMARY KEY);
        CREATE TABLE zeiten (arzt INTEGER REFERENCES ärzte, offen INTEGER REFERENCES öffnungen);";
    let connection = loaded(schema, &[("ärzte.yml", "a: {n: x, öffnungen: [b]}\n"), ("öffnungen.yml", "b: {}\n")]);
    assert_eq!(one::<i64>(&connection, "SELECT count(*) FROM zeiten"), 1);
}

#[test]
fn plurals_are_those_of_rails() {
    let schema = "CREATE TABLE people (id INTEGER PRIMARY KEY); CREATE TABLE tags (id INTEGER PRIMARY KEY);
        CREATE TABLE people_tags (person_id INTEGER, tag_id INTEGER);
        CREATE TABLE music_artists (id INTEGER PRIMARY KEY); CREATE TABLE music_records (id INTEGER PRIMARY KEY);
        CREATE TABLE music_artists_records (music_artist_id INTEGER, music_record_id INTEGER);";
    let connection = loaded(
        schema,
        &[
            ("authors.yml", "_fixture: {model_class: Person}\nann: {tags: 'red, blue'}\n"),
            ("tags.yml", "red: {}\nblue: {}\n"),
            ("music_artists.yml", "can: {music_records: monster}\n"),
            ("music_records.yml", "monster: {}\n"),
        ],
    );
    assert_eq!(one::<i64>(&connection, "SELECT count(*) FROM people_tags JOIN people ON people.id = person_id"), 2);
    assert_eq!(one::<i64>(&connection, "SELECT count(*) FROM music_artists_records"), 1);
}
