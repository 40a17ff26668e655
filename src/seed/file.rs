//! A seed file, read: what it holds, or why it cannot be read.

#[cfg(any(feature = "json", feature = "toml", feature = "yaml"))]
use super::shape::Document;
use super::{
    Fault, Format, SeedError, folder,
    node::Row,
    source::{Place, Source, Spot},
};
use crate::Position;
use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

/// What a seed file holds.
#[derive(Debug)]
pub(crate) enum File {
    /// A SQL script, which says itself where its rows go.
    Script(Arc<Source>),
    /// Rows of one table.
    Rows(TableRows),
    /// Rows of one table or of several, which the schema may have to tell.
    #[cfg(any(feature = "json", feature = "toml", feature = "yaml"))]
    Document(Document),
    /// One that cannot be read, its text as far as it is known, and the table that it is named after.
    Unread { error: SeedError, text: String, table: String },
}

/// Rows of one table, and where they begin.
#[derive(Debug, Clone)]
pub(crate) struct TableRows {
    pub table: String,
    pub start: Place,
    pub rows: Vec<Row>,
    /// How much of the text of files they are, for whoever watches a long load.
    pub bytes: usize,
}

/// Reads seed files.
pub(crate) fn read_all(paths: &[PathBuf]) -> Vec<File> {
    paths.iter().map(|path| read(path)).collect()
}

/// Reads a seed file.
fn read(path: &Path) -> File {
    let table = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    let unread = |error, text: &str| File::Unread { error, text: text.to_owned(), table: table.clone() };
    let format = folder::format(path).and_then(|format| match format.is_read() {
        Ok(()) => Ok((format, Source::read(path)?)),
        Err(fault) => Err(SeedError::new(fault).at(Position::whole(path))),
    });
    let (format, source) = match format {
        Ok(read) => read,
        Err(error) => return unread(error, ""),
    };
    let start = source.position(Spot::Offset(0));
    if source.text().trim().is_empty() {
        return unread(SeedError::new(Fault::Empty).at(start), "");
    }
    parse(format, &source, &table).unwrap_or_else(|error| unread(error.at(start).table_is(&*table), source.text()))
}

#[cfg_attr(
    not(any(feature = "csv", feature = "json", feature = "toml", feature = "yaml")),
    expect(unused_variables, clippy::unnecessary_wraps, reason = "no format is read")
)]
fn parse(format: Format, source: &Arc<Source>, table: &str) -> Result<File, SeedError> {
    #[cfg(feature = "csv")]
    let separated = |by| {
        let (table, start, bytes) = (table.to_owned(), source.position(Spot::Offset(0)).into(), source.text().len());
        super::csv::parse(source, format, by).map(|rows| File::Rows(TableRows { table, start, rows, bytes }))
    };
    #[cfg(any(feature = "json", feature = "toml", feature = "yaml"))]
    let document = |root: Result<_, SeedError>| {
        let (source, table) = (Arc::clone(source), table.to_owned());
        root.map(|root| File::Document(Document { source, table, root }))
    };
    match format {
        #[cfg(feature = "csv")]
        Format::Csv => separated(b','),
        #[cfg(feature = "csv")]
        Format::Tsv => separated(b'\t'),
        #[cfg(feature = "json")]
        Format::Json => document(super::json::parse(source)),
        #[cfg(feature = "json")]
        Format::JsonLines => document(super::json::parse_lines(source)),
        #[cfg(feature = "toml")]
        Format::Toml => document(super::toml::parse(source)),
        #[cfg(feature = "yaml")]
        Format::Yaml => document(super::yaml::parse(source)),
        // A format that this build does not read was refused before.
        _ => Ok(File::Script(Arc::clone(source))),
    }
}
