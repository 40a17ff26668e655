//! The database of the suites: thirty tables with an index each, a hundred rows of some 300 bytes in every one.

use std::{fs, io, path::Path};

const TABLES: usize = 30;
const ROWS: usize = 100;
const WORDS: &[&str] = &["tide", "moss", "salt", "harbour", "lantern", "gull", "rope", "chalk", "kelp", "driftwood"];
const BODY: usize = 270;

/// Writes the scripts to where the suites look for them.
pub fn generate(suites: &Path) -> io::Result<()> {
    let schema = schema();
    write(&suites.join("fixtures/migrations/1_schema.sql"), &schema)?;
    // diesel has a layout of its own.
    write(&suites.join("migrations/1_schema/up.sql"), &schema)?;
    write(&suites.join("fixtures/seeds.sql"), &seeds())
}

fn schema() -> String {
    let table = |table| {
        format!(
            "CREATE TABLE table_{table} (\n    id     INTEGER PRIMARY KEY,\n    number INTEGER NOT NULL,\n    \
             name   TEXT NOT NULL,\n    body   TEXT NOT NULL\n);\n\
             CREATE INDEX table_{table}_by_name ON table_{table} (name);\n"
        )
    };
    (0..TABLES).map(table).collect()
}

/// One statement a row, as a dump has them.
fn seeds() -> String {
    let rows = (0..TABLES).flat_map(|table| (1..=ROWS).map(move |row| (table, row)));
    rows.map(|(table, row)| {
        let (number, body) = (row * 7 % ROWS, body(table + row));
        format!("INSERT INTO table_{table} VALUES ({row}, {number}, 'row {row} of table {table}', '{body}');\n")
    })
    .collect()
}

/// Plain text, another one for each `start`.
fn body(start: usize) -> String {
    let words = (start..).map(|place| WORDS[place * place % WORDS.len()]);
    let mut body = String::new();
    for word in words {
        if body.len() + word.len() > BODY {
            return body;
        }
        body += word;
        body.push(' ');
    }
    body
}

/// Leaves a file alone that is right, so that nothing is built again for it.
fn write(path: &Path, text: &str) -> io::Result<()> {
    if fs::read_to_string(path).is_ok_and(|found| found == text) {
        return Ok(());
    }
    fs::create_dir_all(path.parent().unwrap_or(path))?;
    fs::write(path, text)
}
