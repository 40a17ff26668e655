//! What the files of other tools mean.

#[cfg(feature = "csv")]
mod dbunit;
#[cfg(feature = "json")]
mod django;
#[cfg(feature = "yaml")]
mod rails;
#[cfg(feature = "yaml")]
mod testfixtures;

#[cfg(any(feature = "json", feature = "yaml"))]
use {crate::load_into, sqlite_fixtures::rusqlite::Connection};

#[cfg(any(feature = "json", feature = "yaml"))]
#[track_caller]
fn loaded(schema: &str, files: &[(&str, &str)]) -> Connection {
    let (connection, labels) = load_into(schema, files);
    labels.unwrap_or_else(|error| panic!("{error}"));
    connection
}

#[cfg(feature = "yaml")]
#[track_caller]
fn refused(schema: &str, files: &[(&str, &str)]) -> sqlite_fixtures::seed::SeedError {
    load_into(schema, files).1.unwrap_err()
}
