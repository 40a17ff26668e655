//! What the schema says of the tables that rows go into.

use super::error::{SeedError, kind::SeedErrorKind};
use crate::position::{nearest, sort_by};
use crate::sqlite::affinity::Affinity;
use crate::sqlite::{quote::quoted, shadow_tables};
use rusqlite::Connection;
use std::{cell::RefCell, collections::HashMap, rc::Rc};

/// A table, as far as seeding needs it.
#[derive(Debug)]
pub(crate) struct Table {
    pub name: String,
    pub columns: Vec<Column>,
    pub references: Vec<Reference>,
    /// The name of its rowid; `None` for a table without rowid, or where columns have all of its names.
    pub rowid: Option<&'static str>,
    pub has_foreign_keys: bool,
    /// Whether an insert adds its row, which has a rowid, and does nothing else: there is no trigger, and no conflict replaces rows.
    pub only_adds_rows: bool,
    /// The one column of the primary key; `None` without a key, or with a composite one.
    pub key: Option<usize>,
    /// The columns of the primary key, in its order.
    pub primary_key: Vec<usize>,
    /// The columns of each unique constraint but the primary key, in the order of their declaration.
    pub unique: Vec<Vec<usize>>,
}

#[derive(Debug)]
#[expect(clippy::struct_excessive_bools, reason = "facts that are independent")]
pub(crate) struct Column {
    pub name: String,
    /// The declared type.
    pub declared: String,
    /// Whether the schema checks that it holds JSON.
    pub is_json: bool,
    pub has_default: bool,
    /// Whether SQLite computes it from the others.
    pub is_generated: bool,
    pub affinity: Affinity,
    /// Whether every row must give it: it is NOT NULL and has no default.
    pub is_required: bool,
}

/// A foreign key of one column.
#[derive(Debug)]
pub(crate) struct Reference {
    pub column: usize,
    pub parent: String,
    /// The referenced column; `None` for the primary key.
    pub to: Option<String>,
}

impl Table {
    pub(crate) fn column(&self, name: &str) -> Option<usize> {
        self.columns.iter().position(|column| column.name.eq_ignore_ascii_case(name))
    }

    /// The column of a field: the one of its name, or of an association (`author` for `author_id`).
    pub(crate) fn field(&self, name: &str) -> Option<usize> {
        self.column(name).or_else(|| self.column(&format!("{name}_id")))
    }

    /// The names that fields may have.
    pub(crate) fn fields(&self) -> impl Iterator<Item = &str> {
        let names = self.columns.iter().map(|column| &*column.name);
        names.clone().chain(names.filter_map(|name| name.strip_suffix("_id").filter(|name| !name.is_empty())))
    }
}

/// The tables of a database, read once each.
pub(crate) struct Tables<'c> {
    connection: &'c Connection,
    known: RefCell<HashMap<String, Option<Rc<Table>>>>,
    /// The names of all tables, by the name in lower case; `None` before they are read.
    names: RefCell<Option<Rc<HashMap<String, String>>>>,
}

impl<'c> Tables<'c> {
    pub(crate) fn new(connection: &'c Connection) -> Self {
        Self { connection, known: RefCell::default(), names: RefCell::default() }
    }

    /// The table of this name, ignoring ASCII case.
    pub(crate) fn get(&self, name: &str) -> Result<Rc<Table>, SeedError> {
        if let Some(table) = self.find(name).map_err(SeedError::database)? {
            return Ok(table);
        }
        let names = self.names().map_err(SeedError::database)?;
        let nearest = nearest(name, &mut names.iter().map(String::as_str));
        Err(SeedError::new(SeedErrorKind::UnknownTable { nearest }).in_table(name))
    }

    /// Likewise; `None` if there is none.
    pub(crate) fn find(&self, name: &str) -> rusqlite::Result<Option<Rc<Table>>> {
        let key = name.to_ascii_lowercase();
        if let Some(found) = self.known.borrow().get(&key) {
            return Ok(found.clone());
        }
        let found = match self.all_names()?.get(&key) {
            Some(name) => Some(Rc::new(self.read(name)?)),
            None => None,
        };
        self.known.borrow_mut().insert(key, found.clone());
        Ok(found)
    }

    /// Forgets what was read, since the schema may have changed.
    pub(crate) fn forget(&self) {
        self.known.borrow_mut().clear();
        self.names.borrow_mut().take();
    }

    /// The names of all tables but SQLite's own, sorted.
    pub(crate) fn names(&self) -> rusqlite::Result<Vec<String>> {
        let mut names = Vec::new();
        for (lower, name) in &*self.all_names()? {
            if !lower.starts_with("sqlite_") {
                names.push(name.clone());
            }
        }
        sort_by(&mut names, String::cmp);
        Ok(names)
    }

    fn all_names(&self) -> rusqlite::Result<Rc<HashMap<String, String>>> {
        if let Some(names) = &*self.names.borrow() {
            return Ok(Rc::clone(names));
        }
        let mut names = HashMap::new();
        // `pragma_table_list` expands all views, in time exponential in their depth.
        let mut statement = self.connection.prepare("SELECT name FROM main.sqlite_master WHERE type = 'table'")?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            let name: String = row.get(0)?;
            names.insert(name.to_ascii_lowercase(), name);
        }
        // No rows go into these.
        for shadow in shadow_tables(self.connection)? {
            names.remove(&shadow);
        }
        let names = Rc::new(names);
        *self.names.borrow_mut() = Some(Rc::clone(&names));
        Ok(names)
    }

    /// Calls `each` with the rows of a query about a table, or an index.
    fn query(&self, sql: &str, name: &str, each: &mut EachRow<'_>) -> rusqlite::Result<()> {
        let mut statement = self.connection.prepare(sql)?;
        let mut rows = statement.query([name])?;
        while let Some(row) = rows.next()? {
            each(row)?;
        }
        Ok(())
    }

    fn read(&self, name: &str) -> rusqlite::Result<Table> {
        let mut table = Table {
            name: name.to_owned(),
            columns: Vec::new(),
            references: Vec::new(),
            rowid: None,
            has_foreign_keys: false,
            only_adds_rows: false,
            key: None,
            primary_key: Vec::new(),
            unique: Vec::new(),
        };
        let mut text = String::new();
        let sql = "SELECT coalesce(sql, '') FROM main.sqlite_master WHERE type = 'table' AND name = ?1";
        self.query(sql, name, &mut |row| row.get(0).map(|sql| text = sql))?;
        let sql = "SELECT name, type, pk, \"notnull\" AND coalesce(upper(dflt_value), 'NULL') = 'NULL', upper(dflt_value) <> 'NULL', hidden IN (2, 3)
            FROM pragma_table_xinfo(?1, 'main') ORDER BY cid";
        let mut keys: Vec<(i64, usize)> = Vec::new();
        self.query(sql, name, &mut |row| {
            let (name, declared): (String, String) = (row.get(0)?, row.get(1)?);
            let place = row.get(2)?;
            if place > 0 {
                keys.push((place, table.columns.len()));
            }
            table.columns.push(Column {
                affinity: Affinity::of(&declared),
                is_json: text.contains(&format!("JSON_VALID({})", quoted(&name))),
                name,
                declared,
                is_required: row.get(3)?,
                has_default: row.get::<_, Option<bool>>(4)?.unwrap_or_default(),
                is_generated: row.get(5)?,
            });
            Ok(())
        })?;
        for place in 1.. {
            match keys.iter().find(|(key, _)| *key == place) {
                Some((_, column)) => table.primary_key.push(*column),
                None => break,
            }
        }
        if let [key] = table.primary_key[..] {
            table.key = Some(key);
        }
        let is_free = |name: &&str| table.column(name).is_none();
        let rowid = ["rowid", "_rowid_", "oid"].into_iter().find(is_free);
        let has =
            |name: &&str| self.connection.prepare(&format!("SELECT {name} FROM main.{}", quoted(&table.name))).is_ok();
        table.rowid = rowid.filter(has);
        let sql = "SELECT count(*) FROM (SELECT type, tbl_name FROM main.sqlite_master UNION ALL SELECT type, tbl_name FROM temp.sqlite_master)
            WHERE type = 'trigger' AND lower(tbl_name) = lower(?1)";
        let mut triggers = 0;
        self.query(sql, name, &mut |row| row.get(0).map(|count| triggers = count))?;
        table.only_adds_rows = triggers == 0 && table.rowid.is_some() && !text.to_ascii_lowercase().contains("replace");
        self.read_references(&mut table)?;
        self.read_unique(&mut table)?;
        Ok(table)
    }

    /// The foreign keys; only for one of a single column can a label stand.
    fn read_references(&self, table: &mut Table) -> rusqlite::Result<()> {
        let sql = "SELECT \"from\", \"table\", \"to\", count(*) FROM pragma_foreign_key_list(?1, 'main') GROUP BY id ORDER BY id";
        let (mut references, mut has_foreign_keys) = (Vec::new(), false);
        self.query(sql, &table.name, &mut |row| {
            has_foreign_keys = true;
            let (from, columns): (String, i64) = (row.get(0)?, row.get(3)?);
            if let (1, Some(column)) = (columns, table.column(&from)) {
                references.push(Reference { column, parent: row.get(1)?, to: row.get(2)? });
            }
            Ok(())
        })?;
        (table.references, table.has_foreign_keys) = (references, has_foreign_keys);
        Ok(())
    }

    fn read_unique(&self, table: &mut Table) -> rusqlite::Result<()> {
        // SQLite lists the newest first.
        let sql = "SELECT name FROM pragma_index_list(?1, 'main')
            WHERE \"unique\" AND origin <> 'pk' AND NOT partial ORDER BY seq DESC";
        let mut names: Vec<String> = Vec::new();
        self.query(sql, &table.name, &mut |row| row.get(0).map(|name| names.push(name)))?;
        for name in names {
            let (mut columns, mut has_expression) = (Vec::new(), false);
            self.query("SELECT cid FROM pragma_index_info(?1, 'main') ORDER BY seqno", &name, &mut |row| {
                // An expression has no column.
                match usize::try_from(row.get::<_, i64>(0)?) {
                    Ok(column) => columns.push(column),
                    Err(_) => has_expression = true,
                }
                Ok(())
            })?;
            if !has_expression {
                table.unique.push(columns);
            }
        }
        Ok(())
    }
}

type EachRow<'a> = dyn FnMut(&rusqlite::Row<'_>) -> rusqlite::Result<()> + 'a;
