//! What can be wrong with seed files: one table of messages, each with its remedy.

use super::{BrokenReference, SeedError};
use crate::position::{Position, shown};
use std::{error::Error, fmt, io, path::PathBuf, time::Duration};

/// What is wrong with seed files or rows; see [`SeedError::kind`].
///
/// `Display` is the sentence that the error shows, with its remedy, without its place.
#[derive(Debug)]
#[non_exhaustive]
pub enum SeedErrorKind {
    /// There is no file or folder at the path.
    NotFound {
        /// The paths that were tried.
        looked_in: Vec<PathBuf>,
        /// Whether the path is relative to the folder of the crate.
        is_relative: bool,
    },
    /// A folder has neither `schema.sql` nor `migrations/`.
    NoSchema,
    /// A folder has both `schema.sql` and `migrations/`.
    TwoSchemas,
    /// A `migrations` folder has no migration.
    NoMigrations,
    /// A migration is a program, or a script in a folder of its own.
    NotAMigration,
    /// Two migrations have the same version.
    DuplicateVersion {
        /// The first of them.
        first: Position,
    },
    /// A file or folder cannot be read.
    Read(io::Error),
    /// The file that a value names (`FILE=photo.png`) cannot be read.
    ValueFile(io::Error),
    /// A file is not UTF-8.
    NotUtf8,
    /// A file is larger than the limit.
    TooLarge {
        /// The limit, in bytes.
        limit: u64,
    },
    /// A symbolic link leads out of the seed folder.
    LinkLeavesFolder,
    /// A file is empty.
    Empty,
    /// The extension of a file belongs to no format of seed files.
    UnknownFormat,
    /// The build lacks the crate feature that a file or a value needs.
    MissingFeature {
        /// What needs it.
        what: &'static str,
        /// The name of the feature.
        feature: &'static str,
    },
    /// A file is not valid in its format.
    Syntax {
        /// The name of the format.
        format: &'static str,
        /// What the parser says.
        message: String,
    },
    /// A value has another shape than the format of seed files allows there.
    Shape {
        /// What belongs there.
        expected: &'static str,
        /// What stands there.
        found: &'static str,
    },
    /// A value breaks a rule of seed files.
    InvalidValue {
        /// The rule.
        rule: &'static str,
    },
    /// Values are nested too deeply.
    TooDeep,
    /// The `Serialize` of a row failed.
    Serialize {
        /// What it says.
        message: String,
    },
    /// A file is a template of another language, such as ERB, which is not run.
    TemplateLanguage {
        /// The language.
        language: &'static str,
    },
    /// There is no table of that name.
    UnknownTable {
        /// The most similar name of a table.
        nearest: Option<String>,
    },
    /// The table has no column of that name.
    UnknownColumn {
        /// The most similar name of a column.
        nearest: Option<String>,
    },
    /// A row gives a value for a [generated column](https://sqlite.org/gencol.html).
    GeneratedColumn,
    /// A field is named after an association whose column has no foreign key.
    NoForeignKey {
        /// The column.
        column: String,
    },
    /// A row gives a column twice.
    DuplicateColumn {
        /// Where it is given first.
        first: Position,
    },
    /// Two rows of a table have the same label.
    DuplicateLabel {
        /// Where the first of them stands.
        first: Position,
    },
    /// Rows of several tables have the label that a column without a foreign key holds.
    AmbiguousLabel {
        /// The tables.
        tables: Vec<String>,
    },
    /// No row has the label, nor the key, that a value names.
    UnknownLabel {
        /// The referenced table, where it is known.
        parent: Option<String>,
        /// The most similar label.
        nearest: Option<String>,
    },
    /// A label names a row whose key has several columns, or none.
    CompositeKey {
        /// The table.
        table: String,
        /// The columns of its key.
        columns: Vec<String>,
    },
    /// No key can be made from the label of a row.
    NoKeyForLabel,
    /// A row violates a constraint of its table.
    Constraint {
        /// The violated rule, and what to do.
        message: String,
        /// SQLite's error.
        error: rusqlite::Error,
    },
    /// SQLite cannot prepare a statement.
    Statement {
        /// What SQLite says.
        message: String,
        /// The most similar name, where an unknown one is the reason.
        nearest: Option<String>,
    },
    /// SQLite cannot prepare the insert of a row: a trigger of its table is wrong, or a module is missing.
    Insert {
        /// What SQLite says.
        message: String,
    },
    /// SQLite could not run a statement.
    Sql(rusqlite::Error),
    /// A statement does what seed files may not do.
    Forbidden,
    /// SQL of a seed file exceeds a limit.
    LimitExceeded(LimitExceeded),
    /// A script ends inside a transaction.
    OpenTransaction,
    /// A script begins or ends a transaction inside a transaction of the caller.
    OwnTransaction,
    /// Rows refer to rows that do not exist.
    BrokenReferences {
        /// The first hundred of them.
        references: Vec<BrokenReference>,
        /// How many more there are.
        omitted: usize,
    },
    /// The linked SQLite is too old to load seed files.
    OldSqlite {
        /// Its version.
        version: &'static str,
    },
    /// The database cannot be read or written.
    Database(rusqlite::Error),
    /// A script has transactions of its own, and another connection uses the database.
    NotAlone,
    /// The load failed, and the database could not be restored.
    NotRestored {
        /// Why the load failed.
        load: SeedError,
        /// Why the database could not be restored.
        error: rusqlite::Error,
    },
}

/// A limit on the SQL of seed files; see [`Seeds`](crate::seed::Seeds).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum LimitExceeded {
    /// The steps of [SQLite's virtual machine](https://sqlite.org/opcode.html) that a statement may take.
    Steps(u32),
    /// The CPU time of a load.
    Time(Duration),
    /// The bytes by which the database, or SQLite's memory, may grow.
    Growth(u64),
    /// The bytes of a value or a row.
    Value(u64),
}

impl fmt::Display for SeedErrorKind {
    #[expect(clippy::too_many_lines, reason = "one table of messages")]
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotFound { looked_in, is_relative } => not_found(f, looked_in, *is_relative),
            Self::NoSchema => f.write_str(
                "the folder has neither `schema.sql` nor `migrations/`, nor is `migrations/` beside it; add one, or build the template's schema in code",
            ),
            Self::TwoSchemas => {
                f.write_str("the folder has both `schema.sql` and `migrations/`; remove the one that is not the schema, or name it (`Template::schema`, `--schema PATH`)")
            }
            Self::NoMigrations => f.write_str(
                "the folder has no migration, only scripts that undo one (`*.down.sql`), or none; add the migrations, or remove the folder",
            ),
            Self::NotAMigration => f.write_str(
                "this migration is not run, since it is no script in the folder itself, nor an `up.sql` or `migration.sql` in a folder below; move it there, or build the schema by code (`Template::from_fn`)",
            ),
            Self::DuplicateVersion { first } => write!(
                f,
                "the migration {first} has the same version, so their order is not known; give one of them another number"
            ),
            Self::Read(_) => f.write_str("the file cannot be read; check that it exists, and its permissions"),
            Self::ValueFile(_) => {
                f.write_str("the folder `files` beside this file has no such file; add it, or correct the name")
            }
            Self::NotUtf8 => f.write_str("the file is not UTF-8 from here on; save it as UTF-8"),
            Self::TooLarge { limit } => write!(f, "the file is larger than {}; split it", size(*limit)),
            Self::LinkLeavesFolder => f.write_str(
                "the symbolic link leads out of the folder, or to a folder, and is not followed; replace it with a copy",
            ),
            Self::Empty => f.write_str("the file is empty; add its content, or remove it"),
            Self::UnknownFormat => f.write_str(
                "this is not a format of seed files; name the file *.sql, *.csv, *.tsv, *.json, *.jsonl, *.toml or *.yaml, or move it out of the folder",
            ),
            Self::MissingFeature { what, feature } => write!(
                f,
                "{what} needs the crate feature `{feature}`; add it with `cargo add --dev sqlite-fixtures --features {feature}`"
            ),
            Self::Syntax { format, message } => write!(f, "invalid {format}: {message}; correct it here"),
            Self::Shape { expected, found } => write!(f, "expected {expected}, found {found}; correct it here"),
            Self::InvalidValue { rule } => write!(f, "invalid value: {rule}; change it"),
            Self::TooDeep => {
                f.write_str("values are nested more than 64 levels deep; flatten this one, or store it as JSON in a text")
            }
            Self::Serialize { message } => write!(f, "the row does not serialize: {message}; correct its `Serialize`"),
            Self::TemplateLanguage { language } => write!(
                f,
                "this is {language}, which is not run here; replace it with its output, or keep such a text in a file of another format"
            ),
            Self::UnknownTable { nearest } => {
                f.write_str("there is no such table")?;
                remedy(f, nearest.as_deref(), "; name the file after its table, or add the table to the schema")
            }
            Self::UnknownColumn { nearest } => {
                f.write_str("there is no such column")?;
                remedy(f, nearest.as_deref(), "; correct the name, or add the column to the schema")
            }
            Self::GeneratedColumn => f.write_str("SQLite computes this column; leave it out"),
            Self::NoForeignKey { column } => write!(
                f,
                "there is no such column, and `{column}` is not a foreign key; declare its FOREIGN KEY, or give `{column}`"
            ),
            Self::DuplicateColumn { first } => write!(f, "the column is given twice, first at {first}; remove one"),
            Self::DuplicateLabel { first } => {
                write!(f, "the row at {first} has the same label; rename one of them")
            }
            Self::AmbiguousLabel { tables } => write!(
                f,
                "each of the tables `{}` has a row with this label; declare the FOREIGN KEY of the column, or rename the others",
                tables.join("`, `")
            ),
            Self::UnknownLabel { parent, nearest } => {
                match parent {
                    Some(parent) => write!(f, "this is neither a key nor a label of `{parent}`")?,
                    None => f.write_str("no row of any table has this label")?,
                }
                remedy(f, nearest.as_deref(), "; correct it, label the row that it means, or add that row")
            }
            Self::CompositeKey { table, columns } if columns.is_empty() => {
                write!(f, "`{table}` has no key that a label could stand for; give the values that the column refers to")
            }
            Self::CompositeKey { table, columns } => write!(
                f,
                "the key of `{table}` has several columns (`{}`), for which a label cannot stand; give each column that refers to one",
                columns.join("`, `")
            ),
            Self::NoKeyForLabel => {
                f.write_str("a label cannot become a key in a key column of bytes; give the key itself")
            }
            Self::Constraint { message, .. } => f.write_str(message),
            Self::Statement { message, nearest } => {
                write!(f, "SQLite cannot prepare this statement: {message}")?;
                if message.starts_with("object name reserved for internal use: sqlite_") {
                    return f.write_str("; remove it, SQLite makes its own tables when it needs them");
                }
                remedy(f, nearest.as_deref(), "; correct the statement")
            }
            Self::Insert { message } => {
                write!(f, "SQLite cannot insert into this table: {message}; correct the table, or the trigger that it fires")
            }
            Self::Sql(_) => f.write_str("SQLite cannot run this statement; correct it"),
            Self::Forbidden => f.write_str(
                "SQL in seed files cannot attach or write other files, load extensions, or set limits of memory and size; remove the statement",
            ),
            Self::LimitExceeded(limit) => limit.fmt(f),
            Self::OpenTransaction => f.write_str("the script ends inside a transaction; add the missing COMMIT"),
            Self::OwnTransaction => f.write_str(
                "a script cannot begin or end a transaction inside a transaction of the caller; load it before that begins",
            ),
            Self::BrokenReferences { references, omitted } => broken(f, references, *omitted),
            Self::OldSqlite { version } => write!(
                f,
                "seed files need SQLite 3.38 or newer, and this is {version}; update it, or use the crate feature `bundled`"
            ),
            Self::Database(_) => f.write_str("the database cannot be read or written; see the cause"),
            Self::NotAlone => f.write_str(
                "another connection uses the database while it is created, or while a script runs that has transactions of its own, or settings that cannot be in one; close the other, or load first",
            ),
            Self::NotRestored { load, .. } => write!(
                f,
                "{load}\nthe database could not be restored either, perhaps because another connection uses it; rebuild it"
            ),
        }
    }
}

impl fmt::Display for LimitExceeded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Steps(limit) => write!(
                f,
                "the statement took more than {} million steps of SQLite's virtual machine, as if it had no end; give it one, or split it",
                limit / 1_000_000
            ),
            Self::Time(limit) => write!(
                f,
                "the load took more than {} seconds of CPU time up to here; have it compute less in SQL",
                limit.as_secs()
            ),
            Self::Growth(limit) => write!(
                f,
                "the load adds more than {} to the database or to SQLite's memory, or the disk is full; have it make fewer or smaller values",
                size(*limit)
            ),
            Self::Value(limit) => write!(
                f,
                "a value or a row that SQL makes is larger than {}; make it smaller, or put it into a file of its own with `FILE=`",
                size(*limit)
            ),
        }
    }
}

fn size(bytes: u64) -> String {
    if bytes < 1 << 20 { format!("{} KiB", bytes >> 10) } else { format!("{} MiB", bytes >> 20) }
}

fn not_found(f: &mut fmt::Formatter<'_>, looked_in: &[PathBuf], is_relative: bool) -> fmt::Result {
    f.write_str("there is no such file or folder")?;
    for (number, folder) in looked_in.iter().enumerate() {
        write!(f, "{} {}", if number == 0 { "; looked in" } else { "," }, shown(folder))?;
    }
    f.write_str(if is_relative {
        "; create it, or set CARGO_MANIFEST_DIR to the folder of the crate"
    } else {
        "; create it, or correct the path"
    })
}

fn broken(f: &mut fmt::Formatter<'_>, references: &[BrokenReference], omitted: usize) -> fmt::Result {
    let all = references.len() + omitted;
    write!(f, "{all} broken reference{}:", if all == 1 { "" } else { "s" })?;
    for reference in references {
        write!(f, "\n  {reference}")?;
        if let Some(excerpt) = &reference.excerpt {
            write!(f, "\n{excerpt}")?;
        }
    }
    if omitted > 0 {
        write!(f, "\n  and {omitted} more")?;
    }
    f.write_str("\nadd the missing rows, or correct the values")
}

fn remedy(f: &mut fmt::Formatter<'_>, nearest: Option<&str>, otherwise: &str) -> fmt::Result {
    match nearest {
        Some(name) => write!(f, "; did you mean `{name}`?"),
        None => f.write_str(otherwise),
    }
}

impl SeedErrorKind {
    /// A statement that SQLite cannot prepare.
    pub(crate) fn statement(message: impl Into<String>) -> Self {
        Self::Statement { message: message.into(), nearest: None }
    }

    pub(crate) fn invalid(rule: &'static str) -> Self {
        Self::InvalidValue { rule }
    }

    pub(crate) fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Read(error) | Self::ValueFile(error) => Some(error),
            // The message of a constraint says what SQLite says.
            Self::Sql(error) | Self::Database(error) | Self::NotRestored { error, .. } => Some(error),
            _ => None,
        }
    }
}
