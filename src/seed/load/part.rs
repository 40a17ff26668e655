//! What a load does one after another: a script, or the rows of a table.

use crate::seed::{
    dialect::{
        file::{Contents, TableRows},
        join_tables, rails,
    },
    error::collect::Mistakes,
    files::text::Source,
    schema::Tables,
};

/// What is done with a file: a part of it at a time.
pub(crate) enum Part<'s> {
    Script(&'s Source),
    Rows(TableRows<'s>),
}

impl<'s> Part<'s> {
    pub(crate) fn bytes(&self) -> usize {
        match self {
            Self::Script(source) => source.text().len(),
            Self::Rows(rows) => rows.bytes,
        }
    }

    /// How large a value may be that it holds itself, in bytes.
    pub(crate) fn largest(&self) -> usize {
        match self {
            Self::Script(source) => source.size(),
            Self::Rows(rows) => rows.source.size(),
        }
    }

    pub(crate) fn rows(&self) -> Option<&TableRows<'s>> {
        match self {
            Self::Script(_) => None,
            Self::Rows(rows) => Some(rows),
        }
    }
}

/// The parts of files, in their order; then the rows that join those of two tables.
pub(crate) fn parts<'s>(contents: Vec<Contents<'s>>, tables: &Tables<'_>, mistakes: &mut Mistakes) -> Vec<Part<'s>> {
    let mut parts = Vec::with_capacity(contents.len());
    for held in contents {
        match held {
            Contents::Script(source) => parts.push(Part::Script(source)),
            Contents::Rows(rows) => parts.push(Part::Rows(rows)),
            #[cfg(any(feature = "json", feature = "toml", feature = "yaml"))]
            Contents::Document(document) => {
                let rows = crate::seed::dialect::rows(document, tables, mistakes);
                parts.extend(rows.into_iter().map(Part::Rows));
            }
        }
    }
    let of = |part: &mut Part<'s>| match part {
        Part::Script(_) => Vec::new(),
        Part::Rows(rows) => {
            rails::polymorphic(rows, tables);
            join_tables::joins(rows, tables, mistakes)
        }
    };
    let joins: Vec<TableRows<'s>> = parts.iter_mut().flat_map(of).collect();
    parts.extend(joins.into_iter().map(Part::Rows));
    parts
}
