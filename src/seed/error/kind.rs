//! What can be wrong with seed files, and how it is said: one table of messages, each with its remedy.

use super::BrokenReference;
use crate::{
    position::Position,
    seed::{files::text::LARGEST, load::bounds::Beyond},
};
use std::{error::Error, fmt, io, path::PathBuf};

/// What is wrong.
#[derive(Debug)]
pub(crate) enum Fault {
    NoFolder {
        looked_in: Vec<PathBuf>,
        is_relative: bool,
    },
    NoSchema,
    TwoSchemas,
    NoMigrations,
    Read(io::Error),
    NoFile(io::Error),
    NotUtf8,
    TooLarge,
    LeadsOut,
    Empty,
    UnknownFormat,
    #[cfg(not(all(feature = "base64", feature = "csv", feature = "json", feature = "toml", feature = "yaml")))]
    Feature {
        what: &'static str,
        feature: &'static str,
    },
    #[cfg(any(feature = "csv", feature = "json", feature = "toml", feature = "yaml"))]
    Syntax {
        format: crate::seed::files::format::Format,
        message: String,
    },
    Shape {
        expected: &'static str,
        found: &'static str,
    },
    Value(&'static str),
    #[cfg(any(feature = "json", feature = "toml", feature = "yaml"))]
    Deep,
    Serialize(String),
    #[cfg(feature = "yaml")]
    TemplateLanguage(&'static str),
    UnknownTable {
        nearest: Option<String>,
    },
    UnknownColumn {
        nearest: Option<String>,
    },
    NoForeignKey {
        column: String,
    },
    DuplicateColumn {
        first: Position,
    },
    DuplicateLabel {
        first: Position,
    },
    AmbiguousLabel {
        tables: Vec<String>,
    },
    UnknownLabel {
        parent: Option<String>,
        nearest: Option<String>,
    },
    NoKeyForLabel,
    Constraint {
        message: String,
        source: rusqlite::Error,
    },
    Statement {
        message: String,
        nearest: Option<String>,
    },
    Sql(rusqlite::Error),
    Forbidden,
    Beyond(Beyond),
    OpenTransaction,
    OwnTransaction,
    BrokenReferences {
        references: Vec<BrokenReference>,
        untold: usize,
    },
    Database(rusqlite::Error),
    WrittenMeanwhile,
    Restore {
        load: crate::seed::error::SeedError,
        source: rusqlite::Error,
    },
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoFolder { looked_in, is_relative } => {
                no_folder(f, looked_in, *is_relative)
            }
            Self::NoSchema => f.write_str(
                "the folder has neither `schema.sql` nor `migrations/`; add one, or give the template its schema in code",
            ),
            Self::TwoSchemas => {
                f.write_str("the folder has both `schema.sql` and `migrations/`; keep the one that is the schema")
            }
            Self::NoMigrations => {
                f.write_str("the folder holds no `*.sql` but `*.down.sql`; add the migrations, or remove the folder")
            }
            Self::Read(_) => f.write_str("the file cannot be read; check that it exists and its permissions"),
            Self::NoFile(_) => {
                f.write_str("there is no such file in the folder `files` beside this one; put it there, or correct the name")
            }
            Self::NotUtf8 => f.write_str("the file is not UTF-8 from here on; save it as UTF-8"),
            Self::TooLarge => write!(f, "the file is larger than {} MiB; split it", LARGEST >> 20),
            Self::LeadsOut => {
                f.write_str("the symbolic link leads out of the folder, or to a folder, and is not followed; put a copy in its place")
            }
            Self::Empty => f.write_str("the file is empty; write what it should hold, or remove it"),
            Self::UnknownFormat => f.write_str(
                "this is no format of seed files; name the file *.sql, *.csv, *.tsv, *.json, *.jsonl, *.toml or *.yaml, or move it out of the folder",
            ),
            #[cfg(not(all(feature = "base64", feature = "csv", feature = "json", feature = "toml", feature = "yaml")))]
            Self::Feature { what, feature } => {
                write!(f, "{what} needs the crate feature `{feature}`; add it with `cargo add --dev sqlite-fixtures --features {feature}`")
            }
            #[cfg(any(feature = "csv", feature = "json", feature = "toml", feature = "yaml"))]
            Self::Syntax { format, message } => write!(f, "this is not {format}: {message}; correct it here"),
            Self::Shape { expected, found } => write!(f, "expected {expected}, found {found}; write it so"),
            Self::Value(rule) => write!(f, "this is not allowed: {rule}; change it"),
            #[cfg(feature = "yaml")]
            Self::TemplateLanguage(language) => write!(
                f,
                "this is {language}, which is not run here; write what it gives, or keep such a text in a file of another format"
            ),
            #[cfg(any(feature = "json", feature = "toml", feature = "yaml"))]
            Self::Deep => f.write_str("values are nested at most 64 deep; flatten this one, or store it as JSON in a text"),
            Self::Serialize(message) => write!(f, "the row does not serialize: {message}; correct its `Serialize`"),
            Self::UnknownTable { nearest } => {
                f.write_str("there is no such table")?;
                remedy(f, nearest.as_deref(), "; name the file after its table, or add the table to the schema")
            }
            Self::UnknownColumn { nearest } => {
                f.write_str("there is no such column")?;
                remedy(f, nearest.as_deref(), "; correct the name, or add the column to the schema")
            }
            Self::NoForeignKey { column } => write!(
                f,
                "there is no such column, and `{column}` points at no table; declare its FOREIGN KEY, or give `{column}`"
            ),
            Self::DuplicateColumn { first } => {
                write!(f, "the column is given twice, first at {first}; keep one")
            }
            Self::DuplicateLabel { first } => {
                write!(f, "the label is taken by the row at {first}; rename one of them")
            }
            Self::AmbiguousLabel { tables } => ambiguous(f, tables),
            Self::UnknownLabel { parent, nearest } => {
                match parent {
                    Some(parent) => write!(f, "this is neither a key nor a label of `{parent}`")?,
                    None => f.write_str("no row of any table has this label")?,
                }
                remedy(f, nearest.as_deref(), "; correct it, or add the row it means")
            }
            Self::NoKeyForLabel => {
                f.write_str("no key can be made from a label for a key column of bytes; give the key itself")
            }
            Self::Constraint { message, .. } => f.write_str(message),
            Self::Statement { message, nearest } => {
                write!(f, "SQLite does not understand this: {message}")?;
                remedy(f, nearest.as_deref(), "; correct the statement")
            }
            Self::Sql(_) => f.write_str("SQLite refused this statement; correct it"),
            Self::Forbidden => {
                f.write_str("seed SQL may not attach or write other files, nor set limits of memory or size; remove the statement")
            }
            Self::Beyond(bound) => bound.fmt(f),
            Self::OpenTransaction => {
                f.write_str("the script ends inside a transaction; add the COMMIT that is missing")
            }
            Self::OwnTransaction => f.write_str(
                "a script runs on a connection of its own, not inside a transaction; load it before the transaction begins",
            ),
            Self::BrokenReferences { references, untold } => broken(f, references, *untold),
            Self::Database(_) => f.write_str("the database could not be read or written; see the cause"),
            Self::WrittenMeanwhile => {
                f.write_str("another connection has written to the database meanwhile; load again when it is done")
            }
            Self::Restore { load, .. } => write!(
                f,
                "{load}\nnor could the database be put back as it was, because another connection uses it; rebuild it"
            ),
        }
    }
}

fn no_folder(f: &mut fmt::Formatter<'_>, looked_in: &[PathBuf], is_relative: bool) -> fmt::Result {
    f.write_str("there is no such file or folder")?;
    for (number, folder) in looked_in.iter().enumerate() {
        write!(f, "{} {}", if number == 0 { "; looked in" } else { "," }, folder.display())?;
    }
    f.write_str(if is_relative {
        "; create it, or set CARGO_MANIFEST_DIR to the folder of the crate"
    } else {
        "; create it, or correct the path"
    })
}

fn ambiguous(f: &mut fmt::Formatter<'_>, tables: &[String]) -> fmt::Result {
    let tables: Vec<_> = tables.iter().map(|table| format!("`{table}`")).collect();
    let remedy = "declare the FOREIGN KEY of the column, or rename the others";
    write!(f, "each of the tables {} has a row of this label; {remedy}", tables.join(", "))
}

fn broken(f: &mut fmt::Formatter<'_>, references: &[BrokenReference], untold: usize) -> fmt::Result {
    let all = references.len() + untold;
    write!(f, "{all} broken reference{}:", if all == 1 { "" } else { "s" })?;
    for reference in references {
        write!(f, "\n  {reference}")?;
        if let Some(excerpt) = &reference.excerpt {
            write!(f, "\n{excerpt}")?;
        }
    }
    if untold > 0 {
        write!(f, "\n  and {untold} more")?;
    }
    f.write_str("\nadd the rows that are missing, or correct the values")
}

fn remedy(f: &mut fmt::Formatter<'_>, nearest: Option<&str>, otherwise: &str) -> fmt::Result {
    match nearest {
        Some(name) => write!(f, "; did you mean `{name}`?"),
        None => f.write_str(otherwise),
    }
}

impl Fault {
    /// What SQLite says of a statement.
    pub(crate) fn statement(message: impl Into<String>) -> Self {
        Self::Statement { message: message.into(), nearest: None }
    }

    pub(crate) fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Read(source) | Self::NoFile(source) => Some(source),
            Self::Constraint { source, .. }
            | Self::Sql(source)
            | Self::Database(source)
            | Self::Restore { source, .. } => Some(source),
            _ => None,
        }
    }
}
