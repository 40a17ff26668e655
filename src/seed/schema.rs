//! What the schema says of the tables that rows go into.

use super::error::{SeedError, kind::SeedErrorKind};
use crate::{
    position::nearest,
    sqlite::{affinity::Affinity, quote::quoted},
};
use rusqlite::Connection;
use std::{
    cell::RefCell,
    collections::{BTreeMap, HashMap, HashSet},
    rc::Rc,
};

/// The tables, and of virtual ones how they were made.
///
/// `pragma_table_list` would say it too, but it expands all views, which takes for ever where they stand on each other.
const NAMES: &str = "SELECT name, CASE WHEN sql LIKE 'CREATE VIRTUAL TABLE%' THEN sql END
    FROM main.sqlite_master WHERE type = 'table'";

/// The tables in which modules keep what their own hold, which are called like that and a part: no rows go into these.
const KEPT: [(&str, &[&str]); 5] = [
    ("fts3", &["content", "segdir", "segments"]),
    ("fts4", &["content", "docsize", "segdir", "segments", "stat"]),
    ("fts5", &["config", "content", "data", "docsize", "idx"]),
    ("geopoly", &["node", "parent", "rowid"]),
    ("rtree", &["node", "parent", "rowid"]),
];

/// A table, as far as seeding needs it.
#[derive(Debug)]
pub(crate) struct Table {
    pub name: String,
    pub columns: Vec<Column>,
    pub references: Vec<Reference>,
    /// What its rowid is called; `None` where it has none, or no name for it that is not another column's.
    pub rowid: Option<&'static str>,
    pub has_foreign_keys: bool,
    /// The one column of the primary key; `None` without a key, or with a composite one.
    pub key: Option<usize>,
    /// The columns of the primary key, in its order.
    pub primary_key: Vec<usize>,
    /// The columns of each unique constraint but the key, in the order that they are declared in.
    pub unique: Vec<Vec<usize>>,
}

#[derive(Debug)]
pub(crate) struct Column {
    pub name: String,
    /// The type as the schema has it.
    pub declared: String,
    /// Whether the schema checks that it holds JSON.
    pub is_json: bool,
    pub has_default: bool,
    pub affinity: Affinity,
    /// Whether every row has to give it: it may not be NULL, and has no default.
    pub is_required: bool,
}

/// A foreign key of one column.
#[derive(Debug)]
pub(crate) struct Reference {
    pub column: usize,
    pub parent: String,
    /// The column that is pointed at; `None` for the parent's key.
    pub to: Option<String>,
}

impl Table {
    pub(crate) fn column(&self, name: &str) -> Option<usize> {
        self.columns.iter().position(|column| column.name.eq_ignore_ascii_case(name))
    }

    /// The column that a field of a row means: that of its name, or of an association, which is called so but for its `_id`.
    pub(crate) fn field(&self, name: &str) -> Option<usize> {
        self.column(name).or_else(|| self.column(&format!("{name}_id")))
    }

    /// What fields may be called.
    pub(crate) fn fields(&self) -> impl Iterator<Item = &str> {
        let names = self.columns.iter().map(|column| &*column.name);
        names.clone().chain(names.filter_map(|name| name.strip_suffix("_id").filter(|name| !name.is_empty())))
    }
}

/// The tables of a database, read once each.
pub(crate) struct Tables<'c> {
    connection: &'c Connection,
    known: RefCell<HashMap<String, Option<Rc<Table>>>>,
    /// The names of all, also in small letters; `None` before they are read.
    names: RefCell<Option<Rc<BTreeMap<String, String>>>>,
}

impl<'c> Tables<'c> {
    pub(crate) fn new(connection: &'c Connection) -> Self {
        Self { connection, known: RefCell::default(), names: RefCell::default() }
    }

    /// The table of this name, without regard to ASCII case.
    pub(crate) fn get(&self, name: &str) -> Result<Rc<Table>, SeedError> {
        if let Some(table) = self.find(name).map_err(SeedError::database)? {
            return Ok(table);
        }
        let names = self.names().map_err(SeedError::database)?;
        let nearest = nearest(name, names.iter().map(String::as_str));
        Err(SeedError::new(SeedErrorKind::UnknownTable { nearest }).in_table(name))
    }

    /// Likewise, where there may be none.
    pub(crate) fn find(&self, name: &str) -> rusqlite::Result<Option<Rc<Table>>> {
        let key = name.to_ascii_lowercase();
        if let Some(found) = self.known.borrow().get(&key) {
            return Ok(found.clone());
        }
        let found = self.read(name)?.map(Rc::new);
        self.known.borrow_mut().insert(key, found.clone());
        Ok(found)
    }

    /// Reads them again from now on.
    pub(crate) fn forget(&self) {
        self.known.borrow_mut().clear();
        self.names.borrow_mut().take();
    }

    /// The names of all but those of SQLite's own, in their order.
    pub(crate) fn names(&self) -> rusqlite::Result<Vec<String>> {
        let names = self.all_names()?;
        Ok(names.iter().filter(|(small, _)| !small.starts_with("sqlite_")).map(|(_, name)| name.clone()).collect())
    }

    fn all_names(&self) -> rusqlite::Result<Rc<BTreeMap<String, String>>> {
        if let Some(names) = &*self.names.borrow() {
            return Ok(Rc::clone(names));
        }
        let (mut names, mut kept) = (BTreeMap::new(), HashSet::new());
        let mut statement = self.connection.prepare(NAMES)?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            let (name, made): (String, Option<String>) = (row.get(0)?, row.get(1)?);
            let (small, made) = (name.to_ascii_lowercase(), made.unwrap_or_default().to_ascii_lowercase());
            for (_, parts) in KEPT.iter().filter(|(module, _)| made.contains(module)) {
                kept.extend(parts.iter().map(|part| format!("{small}_{part}")));
            }
            names.insert(small, name);
        }
        names.retain(|small, _| !kept.contains(small));
        let names = Rc::new(names);
        *self.names.borrow_mut() = Some(Rc::clone(&names));
        Ok(names)
    }

    fn read(&self, name: &str) -> rusqlite::Result<Option<Table>> {
        let Some(name) = self.all_names()?.get(&name.to_ascii_lowercase()).cloned() else { return Ok(None) };
        let text: String = self.connection.query_row(
            "SELECT coalesce(sql, '') FROM main.sqlite_master WHERE type = 'table' AND name = ?1",
            [&name],
            |row| row.get(0),
        )?;
        let mut keys = Vec::new();
        let columns = self
            .connection
            .prepare(
                "SELECT name, type, pk, \"notnull\" AND dflt_value IS NULL, dflt_value IS NOT NULL
                 FROM pragma_table_xinfo(?1, 'main') ORDER BY cid",
            )?
            .query_map([&name], |row| {
                let declared: String = row.get(1)?;
                let key: i64 = row.get(2)?;
                let name: String = row.get(0)?;
                let column = Column {
                    affinity: Affinity::of(&declared),
                    is_json: text.contains(&format!("JSON_VALID({})", quoted(&name))),
                    name,
                    declared,
                    is_required: row.get(3)?,
                    has_default: row.get(4)?,
                };
                Ok((column, key))
            })?
            .enumerate()
            .map(|(number, column)| {
                let (column, key) = column?;
                if key > 0 {
                    keys.push((key, number));
                }
                Ok(column)
            })
            .collect::<rusqlite::Result<Vec<_>>>()?;
        let mut table = Table {
            rowid: self.rowid(&name, &columns),
            has_foreign_keys: self.has_foreign_keys(&name)?,
            columns,
            references: Vec::new(),
            key: None,
            primary_key: Vec::new(),
            unique: Vec::new(),
            name,
        };
        if let [(_, key)] = keys[..] {
            table.key = Some(key);
        }
        {
            keys.sort_unstable();
            table.primary_key = keys.into_iter().map(|(_, column)| column).collect();
        }
        table.references = self.references(&table)?;
        table.unique = self.unique(&table)?;
        Ok(Some(table))
    }

    fn rowid(&self, table: &str, columns: &[Column]) -> Option<&'static str> {
        let is_free = |name: &&str| !columns.iter().any(|column| column.name.eq_ignore_ascii_case(name));
        let name = ["rowid", "_rowid_", "oid"].into_iter().find(is_free)?;
        self.connection.prepare(&format!("SELECT {name} FROM main.{}", quoted(table))).is_ok().then_some(name)
    }

    fn has_foreign_keys(&self, table: &str) -> rusqlite::Result<bool> {
        let sql = "SELECT EXISTS (SELECT 1 FROM pragma_foreign_key_list(?1, 'main'))";
        self.connection.query_row(sql, [table], |row| row.get(0))
    }

    fn unique(&self, table: &Table) -> rusqlite::Result<Vec<Vec<usize>>> {
        // SQLite lists the newest first.
        let names: Vec<String> = self
            .connection
            .prepare(
                "SELECT name FROM pragma_index_list(?1, 'main')
                 WHERE \"unique\" AND origin <> 'pk' AND NOT partial ORDER BY seq DESC",
            )?
            .query_map([&table.name], |row| row.get(0))?
            .collect::<rusqlite::Result<_>>()?;
        let mut columns = self.connection.prepare("SELECT cid FROM pragma_index_info(?1, 'main') ORDER BY seqno")?;
        let mut found = Vec::with_capacity(names.len());
        for name in names {
            // An expression has no column.
            let of_index = columns.query_map([name], |row| Ok(usize::try_from(row.get::<_, i64>(0)?).ok()))?;
            found.extend(of_index.collect::<rusqlite::Result<Option<Vec<usize>>>>()?);
        }
        Ok(found)
    }

    /// The foreign keys of one column; a label cannot stand for a composite one.
    fn references(&self, table: &Table) -> rusqlite::Result<Vec<Reference>> {
        let mut statement = self.connection.prepare(
            "SELECT \"from\", \"table\", \"to\" FROM pragma_foreign_key_list(?1, 'main')
             GROUP BY id HAVING count(*) = 1 ORDER BY id",
        )?;
        let references = statement
            .query_map([&table.name], |row| Ok((row.get::<_, String>(0)?, row.get(1)?, row.get(2)?)))?
            .collect::<rusqlite::Result<Vec<_>>>()?;
        Ok(references
            .into_iter()
            .filter_map(|(from, parent, to)| Some(Reference { column: table.column(&from)?, parent, to }))
            .collect())
    }
}
