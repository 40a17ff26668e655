//! A diff as serde's data, for snapshots and reports.

use super::diff::{ColumnChange, Diff, RowChange, RowDiff, SchemaChange, TableDiff};
use rusqlite::types::Value;
use serde::ser::{Serialize, SerializeStruct, Serializer};

impl Serialize for Diff {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut diff = serializer.serialize_struct("Diff", 2)?;
        diff.serialize_field("schema", &self.schema)?;
        diff.serialize_field("tables", &Tables(&self.tables))?;
        diff.end()
    }
}

struct Tables<'a>(&'a [TableDiff]);

impl Serialize for Tables<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|table| (&table.name, &table.rows)))
    }
}

impl Serialize for SchemaChange {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let (kind, name) = (Some(&self.kind), Some(&self.name));
        let (before, after) = (self.before.as_ref(), self.after.as_ref());
        serializer.collect_map([("kind", kind), ("name", name), ("before", before), ("after", after)])
    }
}

impl Serialize for RowDiff {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut row = serializer.serialize_struct("RowDiff", 2)?;
        row.serialize_field("key", &self.key.iter().map(Data).collect::<Vec<_>>())?;
        match &self.change {
            RowChange::Added(columns) => row.serialize_field("added", &Columns(columns))?,
            RowChange::Removed(columns) => row.serialize_field("removed", &Columns(columns))?,
            RowChange::Changed(changes) => row.serialize_field("changed", &Changes(changes))?,
        }
        row.end()
    }
}

struct Columns<'a>(&'a [(String, Value)]);

impl Serialize for Columns<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(column, value)| (column, Data(value))))
    }
}

struct Changes<'a>(&'a [ColumnChange]);

impl Serialize for Changes<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|change| (&change.column, change)))
    }
}

impl Serialize for ColumnChange {
    /// Without the field `before` or `after` where there is no such column, since a value may be null.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let fields = [("before", &self.before), ("after", &self.after)];
        serializer.collect_map(fields.into_iter().filter_map(|(name, value)| Some((name, Data(value.as_ref()?)))))
    }
}

struct Data<'a>(&'a Value);

impl Serialize for Data<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            Value::Null => serializer.serialize_unit(),
            Value::Integer(integer) => serializer.serialize_i64(*integer),
            Value::Real(real) => serializer.serialize_f64(*real),
            Value::Text(text) => serializer.serialize_str(text),
            Value::Blob(blob) => serializer.serialize_bytes(blob),
        }
    }
}
