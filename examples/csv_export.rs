//! An export for another library to read, as CSV: `cargo run --example csv_export`.

use sqlite_fixtures::{Session, Template, rusqlite::types::ValueRef};
use std::{error::Error, io};

static LIBRARY: Template = Template::folder("fixtures");

/// Writes the result of a query, with a header; NULL is an empty field.
fn export(session: &Session, query: &str, to: impl io::Write) -> Result<usize, Box<dyn Error>> {
    let mut statement = session.prepare(query)?;
    let columns = statement.column_count();
    let mut writer = csv::Writer::from_writer(to);
    for column in 0..columns {
        writer.write_field(statement.column_name(column)?)?;
    }
    writer.write_record(None::<&[u8]>)?;
    let mut rows = statement.query([])?;
    let mut written = 0;
    while let Some(row) = rows.next()? {
        for column in 0..columns {
            match row.get_ref(column)? {
                ValueRef::Null => writer.write_field("")?,
                ValueRef::Integer(integer) => writer.write_field(integer.to_string())?,
                ValueRef::Real(real) => writer.write_field(real.to_string())?,
                ValueRef::Text(bytes) | ValueRef::Blob(bytes) => writer.write_field(bytes)?,
            }
        }
        writer.write_record(None::<&[u8]>)?;
        written += 1;
    }
    writer.flush()?;
    Ok(written)
}

fn main() -> Result<(), Box<dyn Error>> {
    export(&LIBRARY.session(), "SELECT title, published, price FROM books ORDER BY title", io::stdout())?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_exported_reads_back_whatever_letters_it_has() {
        let mut text = Vec::new();
        let query = "SELECT title, published FROM books ORDER BY title";
        assert_eq!(export(&LIBRARY.session(), query, &mut text).unwrap(), 6);
        let rows: Vec<csv::StringRecord> =
            csv::Reader::from_reader(text.as_slice()).into_records().collect::<Result<_, _>>().unwrap();
        assert!(rows.iter().any(|row| &row[0] == "Tides, \"Explained\"" && &row[1] == "2020"), "{rows:?}");
        assert!(rows.iter().any(|row| &row[0] == "The Harbour Master's Cat 🐈" && row[1].is_empty()), "{rows:?}");
    }
}
