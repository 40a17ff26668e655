//! Tests that leave nothing open in the end, though not all is closed when the body of the test ends.

use planted::Pool;
use rstest::{fixture, rstest};
use rusqlite::Connection;
use sqlite_fixtures::{Engine, Session, SessionFactory, Template, fixtures::{engine, sessions}};
use std::{
    sync::{Arc, Mutex, mpsc},
    thread,
};

static USERS: Template = Template::folder("fixtures");

fn count(connection: &Connection) -> i64 {
    connection.query_row("SELECT count(*) FROM users", [], |row| row.get(0)).unwrap()
}

type Job = Box<dyn FnOnce(&Connection) + Send>;

/// An application that owns its connection on a thread, which ends when the application is dropped.
struct Actor(mpsc::Sender<Job>);

impl Actor {
    fn start(uri: String) -> Self {
        let (sender, jobs) = mpsc::channel::<Job>();
        thread::spawn(move || {
            let connection = Connection::open(uri).unwrap();
            for job in jobs {
                job(&connection);
            }
        });
        Self(sender)
    }

    fn count(&self) -> i64 {
        let (sender, counted) = mpsc::channel();
        self.0.send(Box::new(move |connection| sender.send(count(connection)).unwrap())).unwrap();
        counted.recv().unwrap()
    }
}

#[rstest]
fn thread_ends_with_its_channel(engine: Engine) {
    assert_eq!(Actor::start(engine.uri()).count(), 1);
}

#[test]
fn thread_ends_with_its_channel_without_rstest() {
    let engine = USERS.engine().unwrap();
    assert_eq!(Actor::start(engine.uri()).count(), 1);
}

/// The connection closes just after its answer is there.
#[rstest]
#[tokio::test]
async fn spawn_blocking_closes_later(engine: Engine) {
    let (sender, counted) = tokio::sync::oneshot::channel();
    let uri = engine.uri();
    tokio::task::spawn_blocking(move || {
        let connection = Connection::open(uri).unwrap();
        sender.send(count(&connection)).unwrap();
    });
    assert_eq!(counted.await, Ok(1));
}

/// A server has requests, and is never told to stop.
fn serve(work: impl Fn() -> i64 + Send + 'static) -> tokio::sync::mpsc::Sender<tokio::sync::oneshot::Sender<i64>> {
    let (sender, mut requests) = tokio::sync::mpsc::channel::<tokio::sync::oneshot::Sender<i64>>(1);
    let kept = sender.clone();
    tokio::spawn(async move {
        let _kept = kept;
        while let Some(answer) = requests.recv().await {
            answer.send(work()).unwrap();
        }
    });
    sender
}

async fn ask(server: &tokio::sync::mpsc::Sender<tokio::sync::oneshot::Sender<i64>>) -> i64 {
    let (answer, answered) = tokio::sync::oneshot::channel();
    server.send(answer).await.unwrap();
    answered.await.unwrap()
}

#[rstest]
#[tokio::test]
async fn server_task_of_one_thread(engine: Engine) {
    let connection = Mutex::new(Connection::open(engine.uri()).unwrap());
    let server = serve(move || count(&connection.lock().unwrap()));
    assert_eq!(ask(&server).await, 1);
}

#[rstest]
#[tokio::test]
async fn server_task_of_one_thread_with_a_session(sessions: SessionFactory) {
    let session = Mutex::new(sessions.open().unwrap());
    let server = serve(move || count(&session.lock().unwrap()));
    assert_eq!(ask(&server).await, 1);
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn server_task_of_several_threads(engine: Engine) {
    let connection = Mutex::new(Connection::open(engine.uri()).unwrap());
    let server = serve(move || count(&connection.lock().unwrap()));
    assert_eq!(ask(&server).await, 1);
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn server_task_of_several_threads_with_a_session(sessions: SessionFactory) {
    let session = Mutex::new(sessions.open().unwrap());
    let server = serve(move || count(&session.lock().unwrap()));
    assert_eq!(ask(&server).await, 1);
}

#[rstest]
fn pool_is_dropped_late(engine: Engine) {
    let pool = Arc::new(Pool::of(2, engine.uri().as_ref()));
    let (end, ended) = mpsc::channel::<()>();
    let other = Arc::clone(&pool);
    thread::spawn(move || {
        let _ = ended.recv();
        assert_eq!(other.with(count), 1);
    });
    assert_eq!(pool.with(count), 1);
    drop(end);
}

struct App {
    sessions: SessionFactory,
    session: Session,
    connection: Connection,
}

#[fixture]
fn app_of_sessions(sessions: SessionFactory) -> App {
    let connection = Connection::open(sessions.engine().uri()).unwrap();
    App { session: sessions.open().unwrap(), sessions: sessions.clone(), connection }
}

#[fixture]
fn app_of_engine(engine: Engine) -> App {
    let sessions = SessionFactory::new(&engine).unwrap();
    App { session: sessions.open().unwrap(), connection: Connection::open(engine.uri()).unwrap(), sessions }
}

fn use_app(app: &App) {
    assert_eq!((count(&app.session), count(&app.connection), count(&app.sessions.open().unwrap())), (1, 1, 1));
}

#[rstest]
fn fixture_makes_an_application_of_sessions(app_of_sessions: App) {
    use_app(&app_of_sessions);
}

#[rstest]
fn fixture_makes_an_application_of_an_engine(app_of_engine: App) {
    use_app(&app_of_engine);
}

#[rstest]
fn session_moves_to_a_thread(sessions: SessionFactory) {
    let session = sessions.open().unwrap();
    thread::spawn(move || assert_eq!(count(&session), 1));
}

#[rstest]
fn session_moves_to_a_thread_with_a_name(sessions: SessionFactory) {
    let session = sessions.open().unwrap();
    let worker = thread::Builder::new().name("worker".to_owned());
    worker.spawn(move || assert_eq!(count(&session), 1)).unwrap();
}

#[rstest]
fn session_moves_to_a_thread_that_waits(sessions: SessionFactory) {
    let session = sessions.open().unwrap();
    let (end, ended) = mpsc::channel::<()>();
    thread::spawn(move || {
        let _ = ended.recv();
        assert_eq!(count(&session), 1);
    });
    assert_eq!(count(&sessions.open().unwrap()), 1);
    drop(end);
}
