//! Rows of join tables, as lists of labels in rows of the joined ones: `tags: rust, sqlite`, or a list.

use super::{django, rails};
use crate::seed::{
    error::{SeedError, collect::Collector, kind::SeedErrorKind},
    files::text::{Spanned, Spot},
    parse::scalar::Scalar,
    parse::value::{Node, Row, TableRows, labels_in},
    schema::{Column, Reference, Table, Tables},
};
use std::{borrow::Cow, collections::HashMap, rc::Rc};

/// Takes such lists out of their rows, and returns the rows of join tables that they stand for.
pub(crate) fn take_joined_rows<'s>(
    rows: &mut TableRows<'s>,
    tables: &Tables<'_>,
    errors: &mut Collector,
) -> Vec<TableRows<'s>> {
    let Ok(table) = tables.get(&rows.table) else { return Vec::new() };
    let mut made: Vec<TableRows<'s>> = Vec::new();
    let mut known: HashMap<Cow<'s, str>, Option<Join>> = HashMap::new();
    // The fields of the last row without such a list: most rows are like the one before.
    let mut plain: Vec<Cow<'s, str>> = Vec::new();
    for row in &mut rows.rows {
        if row.has_fields(plain.iter().map(|name| &**name)) {
            continue;
        }
        let (mut at, before) = (0, row.fields.len());
        while let Some((name, _)) = row.fields.get(at) {
            let join = known.entry(name.value.clone()).or_insert_with_key(|field| join(&table, field, tables, row));
            let Some(join) = join else {
                at += 1;
                continue;
            };
            let (name, others) = row.fields.remove(at);
            let Some(own) = own_key(&table, row, name.spot) else {
                let fault = SeedErrorKind::invalid("a row with joined rows needs a label, or its key");
                errors.push(SeedError::new(fault).at(row.source.place(name.spot)).in_table(&*table.name));
                continue;
            };
            let mut joined = Vec::new();
            let labels = labels_in(&others, row.source).and_then(|labels| {
                for other in labels {
                    joined.push(join.row(row, own.clone(), name.spot, other)?);
                }
                Ok(())
            });
            if let Err(error) = labels {
                let label = row.label.as_ref().map(|label| &*label.value);
                errors.push(error.in_table(&*table.name).in_row(label).in_column(&*name.value));
                continue;
            }
            match made.iter_mut().find(|rows| rows.table == join.table.name) {
                Some(rows) => rows.rows.extend(joined),
                None => made.push(TableRows {
                    table: join.table.name.clone(),
                    source: row.source,
                    start: Some(name.spot),
                    rows: joined,
                    bytes: 0,
                }),
            }
        }
        if row.fields.len() == before {
            plain = row.fields.iter().map(|(name, _)| name.value.clone()).collect();
        }
    }
    made
}

/// A join table, and its columns that refer to the two joined tables.
struct Join {
    table: Rc<Table>,
    own: usize,
    other: usize,
    /// The table of the labels, where the schema does not name it.
    of: Option<String>,
    /// Timestamps of its rows.
    made: Vec<(String, Scalar<'static>)>,
}

impl Join {
    fn new(table: Rc<Table>, own: usize, other: usize, field: &str, row: &Row<'_>) -> Self {
        let is_reference = table.references.iter().any(|reference| reference.column == other);
        let timestamps = |column: &Column| Some((column.name.clone(), rails::default_timestamp(column, row)?));
        let made = table.columns.iter().filter_map(timestamps).collect();
        Self { table, own, other, of: (!is_reference).then(|| field.to_owned()), made }
    }

    /// The row that joins `row`, which has the key `own`, and the row of a label.
    fn row<'s>(
        &self,
        row: &Row<'s>,
        own: Spanned<Node<'s>>,
        spot: Spot,
        label: Spanned<Node<'s>>,
    ) -> Result<Row<'s>, SeedError> {
        let name = |column: usize, spot| Spanned::new(self.table.columns[column].name.clone().into(), spot);
        let other = Spanned::new(self.reference(label.value, label.spot, row)?, label.spot);
        let mut fields = vec![(name(self.own, spot), own), (name(self.other, label.spot), other)];
        fields.extend(self.made.iter().map(|(name, value)| {
            (Spanned::new(name.clone().into(), spot), Spanned::new(Node::Scalar(value.clone()), spot))
        }));
        Ok(Row { source: row.source, label: None, fields, spot: label.spot, is_django: row.is_django })
    }

    /// A label, or a key, in the column that refers to the other table.
    fn reference<'s>(&self, label: Node<'s>, spot: Spot, row: &Row<'s>) -> Result<Node<'s>, SeedError> {
        if let Some(of) = &self.of {
            return Ok(Node::Label { label: label.into_text(), of: of.clone().into() });
        }
        if !row.is_django {
            return Ok(label);
        }
        let stored = django::as_stored(&self.table.columns[self.other], &label);
        Ok(stored.map_err(|kind| SeedError::new(kind).at(row.source.place(spot)))?.unwrap_or(label))
    }
}

/// The join table that a field means, which is not a column.
fn join(table: &Table, field: &str, tables: &Tables<'_>, row: &Row<'_>) -> Option<Join> {
    if table.field(field).is_some() {
        return None;
    }
    let (join, own, other) = of_field(table, field, tables)
        .or_else(|| by_convention(table, field, tables))
        .or_else(|| between(table, field, tables))?;
    Some(Join::new(join, own, other, field, row))
}

/// A table, and its columns that refer to two others.
type Columns = (Rc<Table>, usize, usize);

/// The join table that is named after a table and its field, as in Django.
fn of_field(table: &Table, field: &str, tables: &Tables<'_>) -> Option<Columns> {
    let join = tables.find(&format!("{}_{field}", table.name)).ok()??;
    let [one, two] = join.references.as_slice() else { return None };
    let is_own = |reference: &Reference| {
        let from = join.columns[reference.column].name.to_ascii_lowercase().starts_with("from_");
        reference.parent.eq_ignore_ascii_case(&table.name) && (from || one.parent != two.parent)
    };
    let (own, other) = match (is_own(one), is_own(two)) {
        (true, false) => (one.column, two.column),
        (false, true) => (two.column, one.column),
        _ => return None,
    };
    Some((join, own, other))
}

/// The join table that is named after two tables in the order of their names, as in Rails, with foreign keys or without.
fn by_convention(table: &Table, other: &str, tables: &Tables<'_>) -> Option<Columns> {
    let other = tables.find(other).ok()??;
    let mut names = [table.name.to_ascii_lowercase(), other.name.to_ascii_lowercase()];
    if names[0] > names[1] {
        names.swap(0, 1);
    }
    // What both names begin with stands once: `music_artists_records`.
    let prefix = names[0].rmatch_indices('_').map(|(at, _)| &names[0][..=at]).find(|start| names[1].starts_with(start));
    let shortened = prefix.map(|prefix| format!("{}_{}", names[0], &names[1][prefix.len()..]));
    let mut candidates = [names.join("_")].into_iter().chain(shortened);
    let join = candidates.find_map(|name| tables.find(&name).ok().flatten())?;
    let column = |of: &Table| {
        let is_of = |column: &Column| {
            let name = column.name.to_ascii_lowercase();
            let one = name.strip_suffix("_id").unwrap_or_default();
            rails::table_names(one).contains(&of.name.to_ascii_lowercase())
        };
        join.columns.iter().position(is_of)
    };
    let (own, other) = (column(table)?, column(&other)?);
    (own != other).then_some((join, own, other))
}

/// The only table whose foreign keys join `table` and `other`.
fn between(table: &Table, other: &str, tables: &Tables<'_>) -> Option<Columns> {
    let other = tables.find(other).ok()??;
    let mut found = tables.names().ok()?.into_iter().filter_map(|name| {
        let join = tables.find(&name).ok()??;
        let points = |to: &str| {
            let mut to = join.references.iter().filter(|reference| reference.parent.eq_ignore_ascii_case(to));
            let only = to.next()?;
            to.next().is_none().then_some(only.column)
        };
        let (own, other_column) = (points(&table.name)?, points(&other.name)?);
        (join.name != table.name && join.name != other.name).then_some((join, own, other_column))
    });
    let only = found.next()?;
    found.next().is_none().then_some(only)
}

/// The key or label of a row, for the columns that refer to it.
fn own_key<'s>(table: &Table, row: &Row<'s>, spot: Spot) -> Option<Spanned<Node<'s>>> {
    let key = table.key.map(|key| &table.columns[key].name);
    let given = row.fields.iter().find(|(name, value)| {
        value.value != Node::Scalar(Scalar::Null) && key.is_some_and(|key| key.eq_ignore_ascii_case(&name.value))
    });
    let label =
        || row.label.as_ref().map(|label| Node::Label { label: label.value.clone(), of: table.name.clone().into() });
    Some(Spanned::new(given.map(|(_, key)| key.value.clone()).or_else(label)?, spot))
}
