//! What seed files contain: rows of the table that a file is named after, or several tables with their rows.
//!
//! The shape of a document decides, and where two shapes look alike, the schema:
//!
//! | document | contains |
//! | --- | --- |
//! | a list with a `{model, pk, fields}` in it | rows that Django dumped |
//! | nothing, in a file that is not named after a table | no rows |
//! | any other list | rows of the table that the file is named after |
//! | a map with a list in it | table -> rows |
//! | a map of maps, in a file that is named after a table | label -> row |
//! | a map of maps that are all named after tables, in any other file | table -> label -> row |

#[cfg(feature = "csv")]
mod dbunit;
mod django;
pub(crate) mod join_tables;
pub(crate) mod rails;

use super::error::SeedError;
use super::error::collect::Collector;
use super::error::kind::SeedErrorKind;
use super::files::folder;
use super::files::format::Format;
use super::files::text::{Source, Spanned, Spot};
use super::parse::scalar::Scalar;
use super::parse::value::{Field, Node, Row, TableRows, row};
use super::schema::Tables;
use crate::position::Position;
use django::is_list_of_objects;
use rails::{model_class, table_names, without_defaults};
use std::path::{Path, PathBuf};

/// Seed files that could be read, in the order of their paths, and those that could not.
#[derive(Debug, Default)]
pub(crate) struct Files {
    pub read: Vec<File>,
    pub unread: Vec<Unparsed>,
}

impl Files {
    pub(crate) fn read(paths: &[PathBuf]) -> Self {
        let mut files = Self::default();
        for path in paths {
            match File::read(path) {
                Ok(file) => files.read.push(file),
                Err(error) => files.unread.push(Unparsed { error, text: String::new(), table: table(path) }),
            }
        }
        files
    }
}

/// The name of the table of a file.
fn table(path: &Path) -> String {
    path.file_stem().unwrap_or_default().to_string_lossy().into_owned()
}

/// A seed file and its text.
#[derive(Debug)]
pub(crate) struct File {
    pub format: Format,
    pub source: Source,
    /// The table that it is named after.
    table: String,
    #[cfg(feature = "csv")]
    is_dbunit_folder: bool,
}

/// A file that cannot be read or parsed, its text as far as it is known, and the table that it is named after.
#[derive(Debug)]
pub(crate) struct Unparsed {
    pub error: SeedError,
    pub text: String,
    pub table: String,
}

/// The contents of a seed file.
#[derive(Debug)]
pub(crate) enum Contents<'s> {
    /// A SQL script.
    Script(&'s Source),
    /// Rows of one table.
    Rows(TableRows<'s>),
    /// Rows of one table or of several, which may depend on the schema.
    #[cfg_attr(
        not(any(feature = "json", feature = "toml", feature = "yaml")),
        expect(dead_code, reason = "no format of documents is read")
    )]
    Document(Document<'s>),
}

impl File {
    fn read(path: &Path) -> Result<Self, SeedError> {
        let format = folder::format(path)?;
        format.is_read().map_err(|fault| SeedError::new(fault).at(Position::whole(path)))?;
        let source = Source::read(path)?;
        Ok(Self {
            format,
            source,
            table: table(path),
            #[cfg(feature = "csv")]
            is_dbunit_folder: folder::is_dbunit_folder(path),
        })
    }

    /// Parses the file.
    pub(crate) fn contents(&self) -> Result<Contents<'_>, Unparsed> {
        let Self { source, table, .. } = self;
        let start = || source.position(Spot::START);
        self.parse().map_err(|error| Unparsed {
            error: error.at(start()).in_table(&**table),
            text: source.text().to_owned(),
            table: table.clone(),
        })
    }

    #[cfg_attr(
        not(any(feature = "csv", feature = "json", feature = "toml", feature = "yaml")),
        expect(clippy::unnecessary_wraps, reason = "no format is read")
    )]
    fn parse(&self) -> Result<Contents<'_>, SeedError> {
        let Self { format, source, .. } = self;
        // An empty file does nothing, like a script without a statement.
        if source.text().trim().is_empty() {
            return Ok(Contents::Script(source));
        }
        #[cfg(feature = "csv")]
        let of_table = |rows| {
            let (table, bytes) = (self.table.clone(), source.text().len());
            Contents::Rows(TableRows { table, source, start: None, rows, bytes })
        };
        #[cfg(feature = "csv")]
        let separated = |by| super::parse::csv::parse(source, *format, by).map(of_table);
        #[cfg(any(feature = "json", feature = "toml", feature = "yaml"))]
        let document = |root: Result<_, SeedError>| {
            root.map(|root| Contents::Document(Document { source, table: self.table.clone(), root }))
        };
        match format {
            #[cfg(feature = "csv")]
            Format::Csv if self.is_dbunit_folder => dbunit::parse(source).map(of_table),
            #[cfg(feature = "csv")]
            Format::Csv => separated(b','),
            #[cfg(feature = "csv")]
            Format::Tsv => separated(b'\t'),
            #[cfg(feature = "json")]
            Format::Json => document(super::parse::json::parse(source)),
            #[cfg(feature = "json")]
            Format::JsonLines => document(super::parse::json::parse_lines(source)),
            #[cfg(feature = "toml")]
            Format::Toml => document(super::parse::toml::parse(source)),
            #[cfg(feature = "yaml")]
            Format::Yaml => document(super::parse::yaml::parse(source)),
            // Formats that this build cannot read were rejected before.
            _ => Ok(Contents::Script(source)),
        }
    }
}

/// The contents of a file in JSON, TOML or YAML.
#[derive(Debug)]
pub(crate) struct Document<'s> {
    pub source: &'s Source,
    /// The table that the file is named after.
    pub table: String,
    pub root: Spanned<Node<'s>>,
}

/// The rows of a document, table by table, in the order of the file.
pub(crate) fn rows_in<'s>(document: Document<'s>, tables: &Tables<'_>, errors: &mut Collector) -> Vec<TableRows<'s>> {
    let Document { source, mut table, root } = document;
    if let Node::Map(entries) = &root.value
        && let Some(class) = model_class(entries)
        && let Some(found) =
            table_names(class).into_iter().find(|name| tables.find(name).is_ok_and(|table| table.is_some()))
    {
        table = found;
    }
    match root.value {
        // There are only comments.
        Node::Scalar(Scalar::Null) => Vec::new(),
        Node::List(items) if items.is_empty() && is_no_table(&table, tables) => Vec::new(),
        Node::Map(entries) if entries.is_empty() && is_no_table(&table, tables) => Vec::new(),
        list if is_list_of_objects(&list) => django::rows(source, list, tables, errors),
        Node::Map(entries) if is_of_tables(&entries, &table, tables) => {
            let bytes = source.text().len() / entries.len();
            let of = |(name, rows): Field<'s>| {
                let rows = of_table(source, name.value.into_owned(), Some(name.spot), rows, errors)?;
                Some(TableRows { bytes, ..rows })
            };
            entries.into_iter().filter_map(of).collect()
        }
        _ => of_table(source, table, None, root, errors).into_iter().collect(),
    }
}

/// Whether a name is neither that of a table nor similar to one.
fn is_no_table(name: &str, tables: &Tables<'_>) -> bool {
    tables.get(name).is_err_and(|error| matches!(error.kind(), SeedErrorKind::UnknownTable { nearest: None }))
}

/// Whether the entries of a document are tables, and not rows of the table that its file is named after.
fn is_of_tables(entries: &[Field<'_>], file: &str, tables: &Tables<'_>) -> bool {
    let is_table = |name: &str| tables.find(name).is_ok_and(|table| table.is_some());
    // A row is not a list.
    entries.iter().any(|(_, value)| matches!(value.value, Node::List(_)))
        || !entries.is_empty() && !is_table(file) && entries.iter().all(|(name, _)| is_table(&name.value))
}

/// The rows of one table: a map of label -> row, or a list of rows.
fn of_table<'s>(
    source: &'s Source,
    table: String,
    start: Option<Spot>,
    rows: Spanned<Node<'s>>,
    errors: &mut Collector,
) -> Option<TableRows<'s>> {
    let mut made: Vec<Row<'s>> = Vec::new();
    let mut add = |row: Result<Row<'s>, SeedError>| match row {
        Ok(row) => made.push(row),
        Err(error) => errors.push(error.in_table(&*table)),
    };
    match rows.value {
        Node::List(items) => items.into_iter().for_each(|item| add(row(source, None, item))),
        Node::Map(entries) => match without_defaults(entries, source) {
            Ok(entries) => entries.into_iter().for_each(|(label, item)| add(row(source, Some(label), item))),
            Err(error) => add(Err(error)),
        },
        other => {
            let expected = "a map of label -> row or a list of rows";
            let fault = SeedErrorKind::Shape { expected, found: other.kind() };
            errors.push(SeedError::new(fault).at(source.place(rows.spot)).in_table(&*table));
            return None;
        }
    }
    Some(TableRows { table, source, start, rows: made, bytes: source.text().len() })
}
