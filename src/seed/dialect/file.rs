//! Seed files as they are read, and what each holds.

#[cfg(any(feature = "json", feature = "toml", feature = "yaml"))]
use super::Document;
use crate::{
    position::Position,
    seed::{
        error::{SeedError, kind::Fault},
        files::{
            folder,
            format::Format,
            text::{Place, Source, Spot},
        },
        parse::value::Row,
    },
};
use std::path::{Path, PathBuf};

/// Seed files: those that could be read, in the order of their paths, and those that could not.
#[derive(Debug, Default)]
pub(crate) struct Files {
    pub read: Vec<File>,
    pub unread: Vec<Unread>,
}

impl Files {
    pub(crate) fn read(paths: &[PathBuf]) -> Self {
        let mut files = Self::default();
        for path in paths {
            match File::read(path) {
                Ok(file) => files.read.push(file),
                Err(error) => files.unread.push(Unread { error, text: String::new(), table: table(path) }),
            }
        }
        files
    }
}

/// The table that a file is named after.
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
    is_of_dbunit: bool,
}

/// A file that cannot be read, its text as far as it is known, and the table that it is named after.
#[derive(Debug)]
pub(crate) struct Unread {
    pub error: SeedError,
    pub text: String,
    pub table: String,
}

/// What a seed file holds.
#[derive(Debug)]
pub(crate) enum Contents<'s> {
    /// A SQL script, which says itself where its rows go.
    Script(&'s Source),
    /// Rows of one table.
    Rows(TableRows<'s>),
    /// Rows of one table or of several, which the schema may have to tell.
    #[cfg(any(feature = "json", feature = "toml", feature = "yaml"))]
    Document(Document<'s>),
}

/// Rows of one table.
#[derive(Debug)]
pub(crate) struct TableRows<'s> {
    pub table: String,
    pub source: &'s Source,
    /// Where the name of the table stands; `None` for that of the file.
    pub start: Option<Spot>,
    pub rows: Vec<Row<'s>>,
    /// How much of the text of files they are, for whoever watches a long load.
    pub bytes: usize,
}

impl TableRows<'_> {
    /// The place of the table's name.
    pub(crate) fn place(&self) -> Place {
        match self.start {
            Some(spot) => self.source.place(spot),
            None => self.source.position(Spot::START).into(),
        }
    }
}

impl File {
    fn read(path: &Path) -> Result<Self, SeedError> {
        let format = folder::format(path)?;
        format.is_read().map_err(|fault| SeedError::new(fault).at(Position::whole(path)))?;
        let source = Source::read(path)?;
        if source.text().trim().is_empty() {
            return Err(SeedError::new(Fault::Empty).at(source.position(Spot::START)));
        }
        Ok(Self {
            format,
            source,
            table: table(path),
            #[cfg(feature = "csv")]
            is_of_dbunit: folder::is_of_dbunit(path),
        })
    }

    /// What it holds, or why that cannot be said.
    pub(crate) fn contents(&self) -> Result<Contents<'_>, Unread> {
        let Self { source, table, .. } = self;
        let start = || source.position(Spot::START);
        self.parse().map_err(|error| Unread {
            error: error.at(start()).table_is(&**table),
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
        #[cfg(feature = "csv")]
        let of_table = |rows| {
            let (table, bytes) = (self.table.clone(), source.text().len());
            Contents::Rows(TableRows { table, source, start: None, rows, bytes })
        };
        #[cfg(feature = "csv")]
        let separated = |by| crate::seed::parse::csv::parse(source, *format, by).map(of_table);
        #[cfg(any(feature = "json", feature = "toml", feature = "yaml"))]
        let document = |root: Result<_, SeedError>| {
            root.map(|root| Contents::Document(Document { source, table: self.table.clone(), root }))
        };
        match format {
            #[cfg(feature = "csv")]
            Format::Csv if self.is_of_dbunit => crate::seed::dialect::dbunit::parse(source).map(of_table),
            #[cfg(feature = "csv")]
            Format::Csv => separated(b','),
            #[cfg(feature = "csv")]
            Format::Tsv => separated(b'\t'),
            #[cfg(feature = "json")]
            Format::Json => document(crate::seed::parse::json::parse(source)),
            #[cfg(feature = "json")]
            Format::JsonLines => document(crate::seed::parse::json::parse_lines(source)),
            #[cfg(feature = "toml")]
            Format::Toml => document(crate::seed::parse::toml::parse(source)),
            #[cfg(feature = "yaml")]
            Format::Yaml => document(crate::seed::parse::yaml::parse(source)),
            // A format that this build does not read was refused before.
            _ => Ok(Contents::Script(source)),
        }
    }
}
