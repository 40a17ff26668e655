//! What a fresh database costs, against floors and rivals in the same run: `cargo bench --bench fresh`.
//!
//! Rivals take turns, A B A B. A figure is the median of the ratios of such pairs, of thirty at least. It prints a table for
//! people, then a line `ratio NAME VALUE` for each figure, and fails when a bar does not hold.

#![expect(clippy::cast_precision_loss, reason = "sizes in memory, of which few digits are shown")]

mod common;

use common::{
    database::{TABLES, TEXT, schema, select, template},
    figures::{Bar, Figures, median},
    worker::{self, Worker},
};
use sqlite_fixtures::{
    Engine, Seeds, Session, SessionFactory, Template,
    engine::JournalMode,
    rusqlite::{Connection, ffi},
};
use std::{
    alloc::{GlobalAlloc, Layout, System},
    ffi::CString,
    fmt::Write,
    fs, hint,
    ops::Deref,
    path::Path,
    process::ExitCode,
    ptr,
    sync::{
        Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
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
        connection.execute_batch("PRAGMA temp_store = MEMORY; PRAGMA synchronous = OFF").expect("pragmas");
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

/// A database for the figures of the file system in memory, and how many rows the work on it has.
const ROWS: i64 = 2_000;

fn table(connection: &Connection) {
    connection.execute_batch("CREATE TABLE rows (id INTEGER PRIMARY KEY, a INTEGER, b TEXT)").expect("a table");
}

fn insert_rows(connection: &Connection) {
    for row in 0..ROWS {
        connection.execute("INSERT INTO rows (a, b) VALUES (?1, ?2)", (row, TEXT)).expect("a row");
    }
}

/// Each insert is a transaction of its own.
fn autocommit(connection: &Connection) -> Duration {
    timed(|| insert_rows(connection))() + empty_rows(connection)
}

/// All inserts are one transaction.
fn bulk(connection: &Connection) -> Duration {
    let inserted = timed(|| {
        connection.execute_batch("BEGIN").expect("a transaction");
        for _ in 0..5 {
            insert_rows(connection);
        }
        connection.execute_batch("COMMIT").expect("a commit");
    })();
    inserted + empty_rows(connection)
}

/// Is not timed.
fn empty_rows(connection: &Connection) -> Duration {
    connection.execute_batch("DELETE FROM rows").expect("an empty table");
    Duration::ZERO
}

/// Each select is a transaction of its own.
fn point_select(connection: &Connection) -> Duration {
    timed(|| {
        for row in 1..=ROWS {
            let found: i64 =
                connection.query_row("SELECT a FROM rows WHERE id = ?1", [row], |row| row.get(0)).expect("a row");
            assert_eq!(hint::black_box(found), row - 1);
        }
    })()
}

/// Reads all rows, with a cache that holds none of them.
fn scan(connection: &Connection) -> Duration {
    let mut select = connection.prepare("SELECT sum(length(b)) FROM rows").expect("a select");
    timed(|| {
        let length: i64 = select.query_row([], |row| row.get(0)).expect("a sum");
        assert!(length > 0);
    })()
}

/// The figures of the file system in memory, against SQLite's own memory, in every journal mode. SQLite's `memdb`, which several
/// connections can share too, has no bar.
fn file_system(figures: &mut Figures) {
    let memory = || {
        let connection = Connection::open_in_memory().expect("a connection");
        table(&connection);
        connection
    };
    let engine = |mode: JournalMode| {
        let sessions = Engine::builder().journal_mode(mode).memory().and_then(SessionFactory::new).expect("a factory");
        let session = sessions.open().expect("a session");
        table(&session);
        session
    };
    let memdb = Connection::open("file:/figures?vfs=memdb").expect("a connection");
    table(&memdb);
    let (wal, delete) = (engine(JournalMode::Wal), engine(JournalMode::Delete));
    let modes = [JournalMode::Truncate, JournalMode::Persist, JournalMode::Off];
    let others: Vec<_> = modes.into_iter().map(|mode| (mode.to_string(), engine(mode))).collect();
    let rivals: Vec<(&str, &Connection)> = vec![("delete", &delete), ("wal", &wal), ("memdb", &memdb)];
    let figure = |figures: &mut Figures,
                  name: &str,
                  bar: f64,
                  rivals: &[(&str, &Connection)],
                  work: fn(&Connection) -> Duration| {
        let memory = memory();
        if matches!(name, "vfs_point_select" | "vfs_scan") {
            for connection in rivals.iter().map(|(_, connection)| *connection).chain([&memory]) {
                empty_rows(connection);
                for _ in 0..if name == "vfs_scan" { 20 } else { 1 } {
                    connection.execute_batch("BEGIN").expect("a transaction");
                    insert_rows(connection);
                    connection.execute_batch("COMMIT").expect("a commit");
                }
            }
        }
        for (rival, connection) in rivals {
            let bar = if *rival == "memdb" { f64::INFINITY } else { bar };
            figures.compare(&format!("{name}_{rival}"), 0.0..=bar, 200, || work(connection), || work(&memory));
        }
    };
    figure(figures, "vfs_point_select", 1.15, &rivals, point_select);
    figure(figures, "vfs_scan", 1.1, &rivals, scan);
    for connection in [&*delete, &*wal, &memdb] {
        empty_rows(connection);
    }
    figure(figures, "vfs_bulk", 1.1, &rivals, bulk);
    let modes: Vec<_> = [("delete", &*delete), ("wal", &*wal)]
        .into_iter()
        .chain(others.iter().map(|(name, session)| (name.as_str(), &**session)))
        .collect();
    figure(figures, "vfs_autocommit", 1.4, &modes, autocommit);
    autocommit_in_memory_mode(figures, &engine(JournalMode::Memory), &memory(), &memdb);
}

/// `memdb` has this journal mode too, so what it costs is the least that a file system in memory costs on this machine: our bar is
/// 1.4, or 1.03 of `memdb` in the same rounds.
fn autocommit_in_memory_mode(figures: &mut Figures, ours: &Connection, memory: &Connection, memdb: &Connection) {
    let rounds: Vec<_> = (0..200)
        .map(|_| [ours, memory, memdb].map(|connection| autocommit(connection).as_secs_f64()))
        .map(|[ours, memory, memdb]| (ours / memory, memdb / memory))
        .collect();
    let of_memdb = median(rounds.iter().map(|(_, memdb)| *memdb));
    figures.note("vfs_autocommit_memdb", 0.0..=f64::INFINITY, of_memdb, "200 rounds");
    let bar = f64::max(1.4, (of_memdb * 1030.0).round() / 1000.0);
    figures.note("vfs_autocommit_memory", 0.0..=bar, median(rounds.iter().map(|(ours, _)| *ours)), "200 rounds");
}

/// How much more eight threads on eight databases read than one thread on one; at least 1.8, or as much as in SQLite's own memory, which
/// no lock of ours slows down: what two threads can do beside each other depends on the machine.
fn eight_threads(figures: &mut Figures) {
    let filled = |connection: &Connection| {
        table(connection);
        connection.execute_batch("BEGIN").expect("a transaction");
        insert_rows(connection);
        connection.execute_batch("COMMIT").expect("a commit");
    };
    let session = || {
        let session = Engine::memory().and_then(SessionFactory::new).expect("a factory").open().expect("a session");
        filled(&session);
        session
    };
    let memory = || {
        let connection = Connection::open_in_memory().expect("a connection");
        filled(&connection);
        connection
    };
    let memory: Vec<_> = (0..8).map(|_| Mutex::new(Box::new(memory()))).collect();
    let sessions: Vec<_> = (0..8).map(|_| Mutex::new(session())).collect();
    let rounds: Vec<_> = (0..40).map(|_| (throughput(&sessions), throughput(&memory))).collect();
    let of_memory = median(rounds.iter().map(|(_, memory)| *memory));
    figures.note("memory_eight_threads", 0.0..=f64::INFINITY, of_memory, "SQLite's own memory, in the same rounds");
    let bar = f64::min(1.8, 0.95 * of_memory);
    figures.note("vfs_eight_threads", bar..=f64::INFINITY, median(rounds.iter().map(|(ours, _)| *ours)), "40 rounds");
}

/// The throughput of a thread for each connection, to that of one thread.
fn throughput<C: Deref<Target = Connection> + Send>(connections: &[Mutex<C>]) -> f64 {
    // Prepared once, since SQLite's own allocator, which a statement needs, has a lock of the process.
    let read = |connection: &Mutex<C>| {
        let connection = connection.lock().expect("a connection");
        let mut select = connection.prepare("SELECT a FROM rows WHERE id = ?1").expect("a select");
        for number in 0..50_000 {
            let found: i64 = select.query_row([1 + number % ROWS], |row| row.get(0)).expect("a row");
            hint::black_box(found);
        }
    };
    let one = timed(|| (0..8).for_each(|_| read(&connections[0])))();
    let all = timed(|| {
        thread::scope(|scope| {
            for connection in connections {
                scope.spawn(|| read(connection));
            }
        });
    })();
    one.as_secs_f64() / all.as_secs_f64()
}

/// A thousand inserts of one row, in a database with rows that refer to others.
fn insert_beside(figures: &mut Figures) {
    #[derive(serde::Serialize)]
    struct Child {
        parent_id: i64,
    }
    let session = |children: i64| {
        let session = Engine::memory().and_then(SessionFactory::new).expect("a factory").open().expect("a session");
        session
            .execute_batch(
                "CREATE TABLE parents (id INTEGER PRIMARY KEY); INSERT INTO parents VALUES (1);
                 CREATE TABLE children (id INTEGER PRIMARY KEY, parent_id INTEGER NOT NULL REFERENCES parents)",
            )
            .expect("tables");
        let rows = "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?1)
            INSERT INTO children (parent_id) SELECT 1 FROM n WHERE i <= ?1 AND ?1 > 0";
        session.execute(rows, [children]).expect("children");
        session
    };
    let (million, none) = (session(1_000_000), session(0));
    let insert = |session: &Session| {
        for _ in 0..1000 {
            session.insert("children", &Child { parent_id: 1 }).expect("a child");
        }
    };
    figures.compare("insert_beside_million", 0.0..=1.3, 30, timed(|| insert(&million)), timed(|| insert(&none)));
}

/// An engine of a template that is dropped while a client's connection to it is open, as by a helper that returns only the latter;
/// to the engine alone. Each pair is two new processes, since a first time may cost more.
fn drop_open(figures: &mut Figures, template: &Template) {
    let before = resident();
    open_and_drop(template);
    let grown = resident().saturating_sub(before) as f64 / MIB;
    figures.note("drop_open_memory_in_MiB", 0.0..=2.0, grown, "what the process has more in memory");
    let first = |work: &str| Worker::new(work, &[]).time();
    figures.compare("drop_open_to_clone", 0.0..=20.0, 30, || first("drop_open 1MiB"), || first("engine 1MiB"));
}

fn open_and_drop(template: &Template) {
    let engine = template.memory().expect("a template");
    let connection = Connection::open(engine.uri()).expect("a connection");
    drop(engine);
    drop(connection);
}

/// The resident memory of this process, in bytes; 0 where it is not known.
fn resident() -> usize {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap_or_default();
    line.trim().trim_end_matches(" kB").parse::<usize>().unwrap_or_default() * 1024
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
        Some("clone") => worker::work(true, || clone(&template)),
        Some("engine") => worker::work(false, || drop(template.memory().expect("a template"))),
        Some("drop_open") => worker::work(false, || open_and_drop(&template)),
        Some("floor") => {
            let image = Copy::of(&template).image();
            worker::work(true, || floor(&image));
        }
        Some("session") => worker::work(true, || {
            let session = sessions.open().expect("a session");
            select(&session);
            session.close().expect("a closed session");
        }),
        _ => worker::work(true, || {
            let connection = Connection::open(engine.uri()).expect("a connection");
            connection.execute_batch("PRAGMA temp_store = MEMORY").expect("pragmas");
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
    let (mut ours, mut bare) = (Worker::new(ours, &[]), Worker::new(bare, &[("SQLITE_FIXTURES_LEAKS", "off")]));
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

    drop_open(&mut figures, &small);
    file_system(&mut figures);
    eight_threads(&mut figures);
    insert_beside(&mut figures);

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
