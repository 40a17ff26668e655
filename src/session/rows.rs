//! Rows and labels of a session's database, what it holds and what has changed in it.

use super::{Session, SessionError};
use crate::{
    engine::EngineError,
    labels::LabelError,
    position::Position,
    rows::{self, RowError, RowErrorKind},
    seed::{SeedError, Seeds, files::text::Source, load, parse::value::TableRows, rows_of},
    snapshot::{self, Diff},
};
use rusqlite::{Params, types::FromSql};
use serde_core::{Serialize, de::DeserializeOwned};
use std::panic::Location;

impl Session {
    /// The id of the row that has `label` in the seed file of `table`.
    ///
    /// # Errors
    /// [`LabelError`] when there is no such label, or its key is no integer.
    pub fn id(&self, table: &str, label: &str) -> Result<i64, LabelError> {
        self.key(table, label)
    }

    /// The key of the row that has `label` in the seed file of `table`, of whatever type it is.
    ///
    /// # Errors
    /// [`LabelError`] when there is no such label, or its key is composite or of another type than `T`.
    pub fn key<T: FromSql>(&self, table: &str, label: &str) -> Result<T, LabelError> {
        self.engine().labels().key(table, label)
    }

    /// Inserts rows: anything that serde can serialize as a map or a struct, one or many. Gives how many.
    ///
    /// All go in or none: in one transaction, or in a savepoint of the one that is open. Rows are treated as those of seed
    /// files: a label in a foreign-key column becomes the key it stands for, `_label` gives a row a label, bytes are given
    /// as bytes, and any other nested value is stored as JSON. A label that is known already stands for the newer row from
    /// now on; labels are not part of a transaction.
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
    /// [`SeedError`], which stands where this is called; the database is as it was.
    #[track_caller]
    pub fn insert(&self, table: &str, rows: &(impl Serialize + ?Sized)) -> Result<usize, SeedError> {
        let source = Source::code(Position::from(Location::caller()));
        let rows = rows_of(rows, &source)?;
        let count = rows.len();
        let rows = TableRows { table: table.to_owned(), source: &source, start: None, rows, bytes: 0 };
        self.engine().add_labels(load::insert(self, rows, &self.engine().labels())?);
        Ok(count)
    }

    /// The rows that a query gives, each as a value of the code: anything that serde can deserialize.
    ///
    /// A struct or a map takes the columns by their names, a tuple takes them in order, and what is no map takes the value of a
    /// query of one column. NULL is `None`; 0 and 1 may be `bool`; a nested value is read from the JSON that
    /// [`insert`](Self::insert) stores it as, bytes also as a list of numbers.
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
    /// [`RowError`], which stands where this is called: SQLite refuses the query, or a row is not what `T` is.
    #[track_caller]
    pub fn select<T: DeserializeOwned>(&self, sql: &str, parameters: impl Params) -> Result<Vec<T>, RowError> {
        let position = Position::from(Location::caller());
        rows::select(self, sql, parameters).map_err(|kind| RowError::new(position, sql, kind))
    }

    /// All rows of a table, in the order of their primary key, as [`select`](Self::select) reads them.
    ///
    /// # Errors
    /// [`RowError`], which stands where this is called: there is no such table, or a row is not what `T` is.
    #[track_caller]
    pub fn rows<T: DeserializeOwned>(&self, table: &str) -> Result<Vec<T>, RowError> {
        let position = Position::from(Location::caller());
        rows::rows(self, table).map_err(|kind| RowError::new(position, table, kind))
    }

    /// The row that has `label`, as [`select`](Self::select) reads it.
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
    /// // A label in a column that points at another table stands for the key of its row.
    /// session.insert("posts", &NewPost { _label: "salt", author_id: "alice", title: "On salt".to_owned() })?;
    /// let post: Post = session.row("posts", "salt")?;
    /// assert_eq!(post.author_id, session.id("users", "alice")?);
    /// assert_eq!(post.title, "On salt");
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`RowError`], which stands where this is called: there is no such table, label or row, or it is not what `T` is.
    #[track_caller]
    pub fn row<T: DeserializeOwned>(&self, table: &str, label: &str) -> Result<T, RowError> {
        let position = Position::from(Location::caller());
        let key = self.key(table, label).map_err(RowErrorKind::Label);
        key.and_then(|key| rows::row(self, table, key))
            .map_err(|kind| RowError::new(position, format!("{table}, {label}"), kind))
    }

    /// What the database holds, as this session sees it: a stable text of schema and rows, for snapshot tests.
    ///
    /// Rows are in the order of their primary key, or of what is in them. Of long bytes only the beginning is shown, their
    /// length and a checksum.
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
    /// [`EngineError::Read`] with what SQLite says, such as that the module of a virtual table is not loaded.
    pub fn snapshot(&self) -> Result<String, SessionError> {
        Ok(snapshot::of(self).map_err(EngineError::Read)?)
    }

    /// What differs between the database as this session sees it and as it was when it was cloned from its template, or made:
    /// rows that came, went or changed, and the schema. (`changes` is rusqlite's own.)
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
    /// As [`snapshot`](Self::snapshot).
    pub fn diff(&self) -> Result<Diff, SessionError> {
        let before = self.engine().connect_to_origin()?;
        Ok(snapshot::between(&before, self).map_err(EngineError::Read)?)
    }

    /// Loads more seed files into the database, as [`Seeds::load`] does; they may refer to labels that are known.
    ///
    /// # Errors
    /// [`SeedError`]; the database is as it was.
    pub fn seed(&mut self, seeds: impl Into<Seeds>) -> Result<(), SeedError> {
        let known = self.engine().labels();
        let labels = seeds.into().load_with_labels(self, &known)?;
        self.engine().add_labels(labels);
        Ok(())
    }
}
