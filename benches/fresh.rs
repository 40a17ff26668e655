//! What a fresh database costs, against floors and rivals in the same run: `cargo bench --bench fresh`.
//!
//! Rivals take turns, A B A B. A figure is the median of the ratios of such pairs, of thirty at least. It prints a table for
//! people, then a line `ratio NAME VALUE` for each figure, and fails when a bar does not hold.

#![expect(clippy::cast_precision_loss, reason = "sizes in memory, of which few digits are shown")]

mod common;

use common::{
    database::{TABLES, TEXT, schema, select, template},
    figures::{Bar, Figures},
    worker::{self, Worker},
};
use sqlite_fixtures::{
    Seeds, SessionFactory, Template,
    rusqlite::{Connection, ffi},
};
use std::{
    alloc::{GlobalAlloc, Layout, System},
    ffi::CString,
    fmt::Write,
    fs,
    path::Path,
    process::ExitCode,
    ptr,
    sync::atomic::{AtomicUsize, Ordering},
    time::{Duration, Instant},
};

const MIB: f64 = 1_048_576.0;

/// The same rows as a template of 1 MiB, as text.
fn rows() -> String {
    let mut sql = "BEGIN;".to_owned();
    for table in 0..TABLES {
        for row in 0..100 {
            let _ = writeln!(sql, "INSERT INTO table_{table} (a, b) VALUES ({row}, '{TEXT} {TEXT} {TEXT} {row}');");
        }
    }
    sql + "COMMIT;"
}

fn insert(connection: &Connection) {
    connection.execute("INSERT INTO table_3 (a, b) VALUES (-1, 'new')", []).expect("the first insert");
}

/// A clone as a test has it: engine, session, first insert, first select, close.
fn clone(template: &Template) {
    let session = template.session();
    insert(&session);
    select(&session);
    session.close().expect("a closed session");
}

/// A file of the template.
struct Copy {
    folder: tempfile::TempDir,
}

impl Copy {
    fn of(template: &Template) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let engine = template.memory().expect("a template");
        engine.save_to(folder.path().join("template")).expect("a file");
        Self { folder }
    }

    fn image(&self) -> Vec<u8> {
        fs::read(self.folder.path().join("template")).expect("the file")
    }

    /// What a careful hand would write for each test: copy, open with the same pragmas, first insert and select, clean up.
    fn by_hand(&self) {
        let path = self.folder.path().join("copy");
        fs::copy(self.folder.path().join("template"), &path).expect("a copy");
        let connection = Connection::open(&path).expect("a connection");
        connection
            .execute_batch("PRAGMA foreign_keys = ON; PRAGMA temp_store = MEMORY; PRAGMA synchronous = OFF")
            .expect("pragmas");
        insert(&connection);
        select(&connection);
        connection.close().expect("a closed connection");
        fs::remove_file(path).expect("a file to remove");
    }
}

/// The floor: an image opened in place, read-only, first select, close.
fn floor(image: &[u8]) {
    let connection = Connection::open_in_memory().expect("a connection");
    let len = i64::try_from(image.len()).expect("a length");
    // SAFETY: the image outlives the connection, which SQLite is told not to write to it, nor free it.
    let code = unsafe {
        ffi::sqlite3_deserialize(
            connection.handle(),
            c"main".as_ptr(),
            image.as_ptr().cast_mut(),
            len,
            len,
            ffi::SQLITE_DESERIALIZE_READONLY as _,
        )
    };
    assert_eq!(code, ffi::SQLITE_OK);
    select(&connection);
    connection.close().expect("a closed connection");
}

fn by_hand(sql: &str) {
    let connection = Connection::open_in_memory().expect("a connection");
    connection.execute_batch(sql).expect("a database");
    insert(&connection);
    select(&connection);
    connection.close().expect("a closed connection");
}

/// An empty table for a script.
fn empty() -> Connection {
    let connection = Connection::open_in_memory().expect("a connection");
    connection.execute_batch("CREATE TABLE t (id INTEGER PRIMARY KEY, name TEXT, price REAL)").expect("a table");
    connection
}

fn script(inserts: usize) -> String {
    let mut sql = "BEGIN;\n".to_owned();
    for row in 0..inserts {
        let _ =
            writeln!(sql, "INSERT INTO t (id, name, price) VALUES ({row}, 'row {row}, of a long script', {row}.5);");
    }
    sql + "COMMIT;\n"
}

fn exec(connection: &Connection, sql: &CString) {
    // SAFETY: the handle is open and the text ends with a zero; no callback and no message are asked for.
    let code = unsafe { ffi::sqlite3_exec(connection.handle(), sql.as_ptr(), None, ptr::null_mut(), ptr::null_mut()) };
    assert_eq!(code, ffi::SQLITE_OK);
}

fn load(path: &Path) {
    let mut connection = empty();
    Seeds::from(path).load(&mut connection).expect("a loaded script");
}

/// Counts what Rust has allocated; SQLite counts for itself.
struct Counting;

static ALLOCATED: AtomicUsize = AtomicUsize::new(0);

#[global_allocator]
static ALLOCATOR: Counting = Counting;

// SAFETY: every call goes to the system's allocator as it came.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATED.fetch_add(layout.size(), Ordering::Relaxed);
        // SAFETY: as promised by the caller.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, place: *mut u8, layout: Layout) {
        ALLOCATED.fetch_sub(layout.size(), Ordering::Relaxed);
        // SAFETY: as promised by the caller.
        unsafe { System.dealloc(place, layout) }
    }
}

/// The bytes that this process has allocated, by Rust and by SQLite. A mapped image is none of them.
fn allocated() -> usize {
    // SAFETY: it reads a counter.
    let by_sqlite = unsafe { ffi::sqlite3_memory_used() };
    ALLOCATED.load(Ordering::Relaxed) + usize::try_from(by_sqlite).expect("a size")
}

/// The work of a rival in a process of its own.
fn work(name: &str) {
    let template = if name.ends_with("25MiB") { template::<25>() } else { template::<1>() };
    let engine = template.memory().expect("a template");
    let sessions = SessionFactory::new(&engine).expect("a factory");
    match name.split(' ').next() {
        Some("clone") => worker::work(|| clone(&template)),
        Some("floor") => {
            let image = Copy::of(&template).image();
            worker::work(|| floor(&image));
        }
        Some("session") => worker::work(|| {
            let session = sessions.open().expect("a session");
            select(&session);
            session.close().expect("a closed session");
        }),
        _ => worker::work(|| {
            let connection = Connection::open(engine.uri()).expect("a connection");
            connection.execute_batch("PRAGMA foreign_keys = ON; PRAGMA temp_store = MEMORY").expect("pragmas");
            select(&connection);
            connection.close().expect("a closed connection");
        }),
    }
}

/// A rival that does `act`.
fn timed(mut act: impl FnMut()) -> impl FnMut() -> Duration {
    move || {
        let start = Instant::now();
        act();
        start.elapsed()
    }
}

/// Compares ours with what it would be without us: there SQLite reports nothing to us either.
fn compare_with_nothing(figures: &mut Figures, name: &str, bar: Bar, ours: &str, bare: &str) {
    let (mut ours, mut bare) = (Worker::start(ours, &[]), Worker::start(bare, &[("SQLITE_FIXTURES_LEAKS", "off")]));
    figures.compare(name, bar, 300, || ours.time(), || bare.time());
}

fn main() -> ExitCode {
    if let Some(name) = worker::asked() {
        work(&name);
        return ExitCode::SUCCESS;
    }
    let mut figures = Figures::default();
    let (small, middle, large) = (template::<1>(), template::<25>(), template::<256>());
    for template in [&small, &middle, &large] {
        clone(template);
    }

    let (small_copy, middle_copy) = (Copy::of(&small), Copy::of(&middle));
    for (name, template) in [("1MiB", &small), ("25MiB", &middle), ("256MiB", &large)] {
        let session = template.session();
        let size: i64 = session
            .query_row("SELECT page_count * page_size FROM pragma_page_count, pragma_page_size", [], |row| row.get(0))
            .expect("a size");
        println!("{name}: a template of {:.1} MiB", size as f64 / MIB);
    }
    for size in ["1MiB", "25MiB"] {
        let (name, ours, bare) = (format!("clone_to_floor_{size}"), format!("clone {size}"), format!("floor {size}"));
        compare_with_nothing(&mut figures, &name, 0.0..=1.3, &ours, &bare);
    }
    figures.compare("clone_256MiB_to_1MiB", 0.0..=1.25, 300, timed(|| clone(&large)), timed(|| clone(&small)));

    let sql = schema() + &rows();
    figures.compare("handrolled_to_clone", 60.0..=f64::INFINITY, 60, timed(|| by_hand(&sql)), timed(|| clone(&small)));

    let in_file = template::<1>().in_temp_file();
    figures.compare(
        "tempfile_clone_to_copy",
        0.0..=1.3,
        300,
        timed(|| clone(&in_file)),
        timed(|| small_copy.by_hand()),
    );
    let in_file = template::<25>().in_temp_file();
    figures.compare(
        "tempfile_clone_to_copy_25MiB",
        0.0..=1.3,
        40,
        timed(|| clone(&in_file)),
        timed(|| middle_copy.by_hand()),
    );

    let folder = tempfile::tempdir().expect("a temporary folder");
    let (short, long) = (folder.path().join("short.sql"), folder.path().join("long.sql"));
    let text = script(150_000);
    fs::write(&short, &text).expect("a script");
    fs::write(&long, script(300_000)).expect("a script");
    let text = CString::new(text).expect("a text without zeros");
    figures.compare("sql_script_to_exec", 0.0..=1.2, 30, timed(|| load(&short)), timed(|| exec(&empty(), &text)));
    figures.compare("sql_script_doubling", 0.0..=2.2, 30, timed(|| load(&long)), timed(|| load(&short)));

    compare_with_nothing(&mut figures, "ledger_cost", 0.0..=1.05, "session", "bare");

    let before = allocated();
    let clones: Vec<_> = (0..1000)
        .map(|_| {
            let session = middle.session();
            insert(&session);
            session
        })
        .collect();
    let each = (allocated() - before) as f64 / clones.len() as f64;
    let note = format!("{:>12.1} KiB a clone, its session open", each / 1024.0);
    figures.note("clone_ram_per_clone_to_image", 0.0..=0.01, each / middle_copy.image().len() as f64, &note);
    drop(clones);

    figures.conclude()
}
