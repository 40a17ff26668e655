//! The methods of a session for labels, rows, snapshots, diffs and seeds.

use super::{Session, SessionError};
use crate::{
    engine::EngineError,
    labels::LabelError,
    position::Position,
    rows::{self, RowError, RowErrorKind},
    seed::{SeedError, Seeds, files::text::Source, load, parse::value::TableRows, rows_of},
    snapshot::{self, Diff},
    sqlite::unrecorded,
};
use rusqlite::{Params, types::FromSql};
use serde::{Serialize, de::DeserializeOwned};
use std::panic::Location;

impl Session {
    /// The id of the row that has `label` in the seed file of `table`.
    ///
    /// # Errors
    /// [`LabelError`] if there is no such label, or its key is not an integer.
    pub fn id(&self, table: &str, label: &str) -> Result<i64, LabelError> {
        self.key(table, label)
    }

    /// The key of any type of the row that has `label` in the seed file of `table`.
    ///
    /// # Errors
    /// [`LabelError`] if there is no such label, or its key is composite or cannot be read as a `T`.
    pub fn key<T: FromSql>(&self, table: &str, label: &str) -> Result<T, LabelError> {
        self.engine().labels().key(table, label)
    }

    /// Inserts rows: one value or a sequence of values that serde serializes as a map or struct. Returns their number.
    ///
    /// It is all-or-nothing: in its own transaction, or in a savepoint of the open one. As in seed files, a label in a foreign-key
    /// column becomes the key it stands for, and `_label` labels the row. Other values are stored as they are: bytes as a blob, nested
    /// values as JSON; [`Sql`](crate::seed::Sql) is an expression that SQLite computes. A label that exists already stands for the new row; labels are not part of the transaction.
    ///
    /// ```
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # use sqlite_fixtures::Template;
    /// #[derive(serde::Serialize)]
    /// struct User<'a> { name: &'a str, age: Option<u32> }
    ///
    /// # let template = Template::from_fn(|connection| {
    /// #     Ok(connection.execute_batch("CREATE TABLE users (id INTEGER PRIMARY KEY, name TEXT, age INT)")?)
    /// # });
    /// # let session = template.session();
    /// session.insert("users", &User { name: "Alice", age: Some(42) })?;
    /// let inserted = session.insert("users", &[User { name: "Bob", age: None }, User { name: "Carol", age: None }])?;
    /// assert_eq!(inserted, 2);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`SeedError`] with the position of this call; the database is unchanged.
    #[track_caller]
    pub fn insert(&self, table: &str, rows: &(impl Serialize + ?Sized)) -> Result<usize, SeedError> {
        let source = Source::from_code(Position::from(Location::caller()));
        let rows = rows_of(rows, &source)?;
        let count = rows.len();
        let rows = TableRows { table: table.to_owned(), source: &source, start: None, rows, bytes: 0 };
        // The labels are borrowed no longer when they are added to, so they are not copied.
        let labels = unrecorded(|| load::insert(self, rows, &self.engine().labels()))?;
        self.engine().add_labels(labels);
        Ok(count)
    }

    /// The rows of a query, deserialized with serde.
    ///
    /// A struct or map has the columns by name, a tuple has them in order, and any other type is the value of a single column.
    /// NULL is `None`; 0 and 1 can be `bool`; a blob can be a list of numbers; nested values are read from JSON, as
    /// [`insert`](Self::insert) stores them.
    ///
    /// ```
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # use sqlite_fixtures::Template;
    /// #[derive(Debug, PartialEq, serde::Serialize, serde::Deserialize)]
    /// struct User { name: String, age: Option<u32> }
    ///
    /// # let template = Template::from_fn(|connection| {
    /// #     Ok(connection.execute_batch("CREATE TABLE users (id INTEGER PRIMARY KEY, name TEXT, age INT)")?)
    /// # });
    /// # let session = template.session();
    /// let alice = User { name: "Alice".to_owned(), age: Some(42) };
    /// session.insert("users", &alice)?;
    /// let found: Vec<User> = session.select("SELECT name, age FROM users WHERE age > ?1", [18])?;
    /// assert_eq!(found, [alice]);
    /// let names: Vec<String> = session.select("SELECT name FROM users", [])?;
    /// assert_eq!(names, ["Alice"]);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`RowError`] with the position of this call, if SQLite rejects the query or a row is not a `T`.
    #[track_caller]
    pub fn select<T: DeserializeOwned>(&self, sql: &str, parameters: impl Params) -> Result<Vec<T>, RowError> {
        let position = Position::from(Location::caller());
        rows::select(self, sql, parameters).map_err(|kind| RowError::new(position, sql, kind))
    }

    /// All rows of a table in the order of the primary key, read as by [`select`](Self::select).
    ///
    /// # Errors
    /// [`RowError`] with the position of this call, if there is no such table or a row is not a `T`.
    #[track_caller]
    pub fn rows<T: DeserializeOwned>(&self, table: &str) -> Result<Vec<T>, RowError> {
        let position = Position::from(Location::caller());
        unrecorded(|| rows::rows(self, table)).map_err(|kind| RowError::new(position, table, kind))
    }

    /// The row that has `label`, read as by [`select`](Self::select).
    ///
    /// ```
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # use sqlite_fixtures::Template;
    /// #[derive(serde::Serialize)]
    /// struct NewPost { _label: &'static str, author_id: &'static str, title: String }
    /// #[derive(serde::Deserialize)]
    /// struct Post { author_id: i64, title: String }
    ///
    /// # let template = Template::from_fn(|connection| {
    /// #     Ok(connection.execute_batch("CREATE TABLE users (id INTEGER PRIMARY KEY, name TEXT);
    /// #         CREATE TABLE posts (id INTEGER PRIMARY KEY, author_id INTEGER REFERENCES users, title TEXT)")?)
    /// # });
    /// # let session = template.session();
    /// # session.insert("users", &std::collections::BTreeMap::from([("_label", "alice"), ("name", "Alice")]))?;
    /// // A label in a foreign-key column stands for the key of its row.
    /// session.insert("posts", &NewPost { _label: "salt", author_id: "alice", title: "On salt".to_owned() })?;
    /// let post: Post = session.row("posts", "salt")?;
    /// assert_eq!(post.author_id, session.id("users", "alice")?);
    /// assert_eq!(post.title, "On salt");
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`RowError`] with the position of this call, if there is no such table, label or row, or the row is not a `T`.
    #[track_caller]
    pub fn row<T: DeserializeOwned>(&self, table: &str, label: &str) -> Result<T, RowError> {
        let position = Position::from(Location::caller());
        let key = self.key(table, label).map_err(RowErrorKind::Label);
        key.and_then(|key| unrecorded(|| rows::row(self, table, key)))
            .map_err(|kind| RowError::new(position, format!("{table}, {label}"), kind))
    }

    /// The content of the database in this session's view, as a stable text of schema and rows for snapshot tests.
    ///
    /// Rows are ordered by primary key, or else by their values. A long blob is shown as its first bytes, length and checksum.
    ///
    /// ```
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let sessions = sqlite_fixtures::SessionFactory::new(sqlite_fixtures::Engine::memory()?)?;
    /// let session = sessions.open()?;
    /// session.execute_batch("CREATE TABLE users (id INTEGER PRIMARY KEY, name TEXT); INSERT INTO users VALUES (1, 'Alice')")?;
    /// let expected = "CREATE TABLE users (id INTEGER PRIMARY KEY, name TEXT);\n-- id | name\n1 | 'Alice'\n";
    /// assert_eq!(session.snapshot()?, expected);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`EngineError::Read`], for example if the module of a virtual table is not loaded.
    pub fn snapshot(&self) -> Result<String, SessionError> {
        Ok(unrecorded(|| snapshot::of(self)).map_err(EngineError::Read)?)
    }

    /// The difference between the initial database, cloned or empty, and this session's view of it: changes of the schema, and
    /// rows that were added, removed or changed.
    ///
    /// ```
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # use sqlite_fixtures::Template;
    /// # let template = Template::from_fn(|connection| {
    /// #     Ok(connection.execute_batch(
    /// #         "CREATE TABLE users (id INTEGER PRIMARY KEY, name TEXT); INSERT INTO users VALUES (1, 'Alice'), (2, 'Bob')")?)
    /// # });
    /// let session = template.session();
    /// session.execute_batch("UPDATE users SET name = 'Alicia' WHERE id = 1; DELETE FROM users WHERE id = 2")?;
    /// session.execute_batch("INSERT INTO users VALUES (3, NULL)")?;
    /// let expected = "users\n  ~ 1: name = 'Alice' -> 'Alicia'\n  - 2: id = 2, name = 'Bob'\n  + 3: id = 3, name = NULL";
    /// assert_eq!(session.diff()?.to_string(), expected);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// See [`snapshot`](Self::snapshot).
    pub fn diff(&self) -> Result<Diff, SessionError> {
        let before = self.engine().connect_to_origin()?;
        Ok(unrecorded(|| snapshot::between(&before, self)).map_err(EngineError::Read)?)
    }

    /// Loads more seed files, as [`Seeds::load`] does. They can refer to the labels of rows that are already loaded.
    ///
    /// # Errors
    /// [`SeedError`]; the database is unchanged.
    pub fn seed(&mut self, seeds: impl Into<Seeds>) -> Result<(), SeedError> {
        let known = self.engine().labels();
        let labels = unrecorded(|| seeds.into().load_with_labels(self, &known))?;
        self.engine().add_labels(labels);
        Ok(())
    }
}
