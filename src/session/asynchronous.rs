//! Sessions whose blocking calls run on their own threads, for any runtime or none.

use super::{CloseError, Session, SessionError, SessionFactory};
use crate::engine::{AsyncEngine, Engine};
use crate::labels::LabelError;
use crate::ledger::Entry;
use futures_channel::oneshot;
use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, Location, catch_unwind, resume_unwind};
use std::pin::pin;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Wake, Waker};
use std::thread;
use std::thread::{JoinHandle, Thread};

type Job = Box<dyn FnOnce(&mut Session) + Send>;

/// An asynchronous session: [`call`](Self::call) runs blocking work on the session's own thread.
///
/// It closes like a [`Session`]. Dropping it blocks until it is closed, so that the leak assertion does not race;
/// [`close`](Self::close) waits without blocking.
#[derive(Debug)]
#[must_use = "a session that is not bound to a name is closed at once"]
pub struct AsyncSession {
    worker: Worker,
    entry: Entry,
    /// The last field, so that its leak assertion runs after the close.
    engine: Engine,
}

impl AsyncEngine {
    /// Opens a session with its own thread. The future can be awaited on any runtime.
    ///
    /// ```
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # pollster::block_on(async {
    /// use sqlite_fixtures::AsyncEngine;
    ///
    /// let engine = AsyncEngine::memory()?;
    /// let session = engine.session().await?;
    /// session.call(|session| session.execute_batch("CREATE TABLE users (name TEXT)")).await?;
    /// session.close().await?;
    /// # Ok(()) })
    /// # }
    /// ```
    ///
    /// # Errors
    /// See [`SessionFactory::open`]; also [`SessionError::Thread`].
    #[track_caller]
    pub fn session(&self) -> impl Future<Output = Result<AsyncSession, SessionError>> + Send + use<> {
        let location = Location::caller();
        AsyncSession::open(self.engine().clone(), location)
    }
}

impl AsyncSession {
    async fn open(engine: Engine, location: &'static Location<'static>) -> Result<Self, SessionError> {
        let (worker, opened) = Worker::start(&engine, location)?;
        let entry = opened.await.unwrap_or_else(|_| unreachable!("the worker reports before it ends"))?;
        Ok(Self { worker, entry, engine })
    }

    /// Opens a session and blocks until it is open, for code that is not asynchronous.
    pub(crate) fn open_blocking(engine: Engine, location: &'static Location<'static>) -> Result<Self, SessionError> {
        struct Unpark(Thread);
        impl Wake for Unpark {
            fn wake(self: Arc<Self>) {
                self.0.unpark();
            }
        }
        let waker = Waker::from(Arc::new(Unpark(thread::current())));
        let mut opened = pin!(Self::open(engine, location));
        loop {
            match opened.as_mut().poll(&mut Context::from_waker(&waker)) {
                Poll::Ready(session) => return session,
                Poll::Pending => thread::park(),
            }
        }
    }

    /// Runs blocking work on the session's thread.
    ///
    /// The work runs to its end even if the future is dropped; closing waits for it.
    ///
    /// # Panics
    /// If `work` panics, with the same payload.
    pub fn call<T, F>(&self, work: F) -> impl Future<Output = T> + Send + use<T, F>
    where
        T: Send + 'static,
        F: FnOnce(&mut Session) -> T + Send + 'static,
    {
        let (sender, done) = oneshot::channel();
        self.worker.send(Box::new(move |session| {
            let _ = sender.send(catch_unwind(AssertUnwindSafe(|| work(session))));
        }));
        async move {
            match done.await {
                Ok(Ok(value)) => value,
                Ok(Err(panic)) => resume_unwind(panic),
                Err(_) => unreachable!("the worker runs every job before it ends"),
            }
        }
    }

    /// Closes the session without blocking.
    ///
    /// # Errors
    /// See [`Session::close`].
    pub async fn close(mut self) -> Result<(), CloseError> {
        self.worker.stop();
        match self.worker.closed.take() {
            Some(closed) => closed.await.unwrap_or(Ok(())),
            None => Ok(()),
        }
    }

    /// The engine of the database.
    #[must_use]
    pub fn engine(&self) -> &Engine {
        &self.engine
    }

    /// The session's entry in the ledger, as it was when it opened.
    #[must_use]
    pub fn entry(&self) -> &Entry {
        &self.entry
    }

    /// The id of the row that has `label` in the seed file of `table`.
    ///
    /// # Errors
    /// See [`Session::id`].
    pub fn id(&self, table: &str, label: &str) -> Result<i64, LabelError> {
        self.engine.labels().key(table, label)
    }
}

impl Drop for AsyncSession {
    fn drop(&mut self) {
        if thread::panicking() {
            self.engine.mark_failed();
        }
    }
}

/// The thread of a session. Dropping it waits until the session is closed.
#[derive(Debug)]
struct Worker {
    jobs: Arc<Jobs>,
    thread: Option<JoinHandle<()>>,
    closed: Option<Reported<Result<(), CloseError>>>,
}

/// The jobs that wait for the thread.
#[derive(Default)]
struct Jobs {
    /// The jobs, and whether there will be no more.
    queue: Mutex<(VecDeque<Job>, bool)>,
    changed: Condvar,
}

impl Jobs {
    fn queue(&self) -> MutexGuard<'_, (VecDeque<Job>, bool)> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits for the next job; `None` after the last.
    fn next(&self) -> Option<Job> {
        let mut queue = self.queue();
        while queue.0.is_empty() && !queue.1 {
            queue = self.changed.wait(queue).unwrap_or_else(PoisonError::into_inner);
        }
        queue.0.pop_front()
    }
}

impl std::fmt::Debug for Jobs {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Jobs").field("waiting", &self.queue().0.len()).finish_non_exhaustive()
    }
}

/// What the thread of a session reports once.
type Reported<T> = oneshot::Receiver<T>;

impl Worker {
    fn start(
        engine: &Engine,
        location: &'static Location<'static>,
    ) -> Result<(Self, Reported<Result<Entry, SessionError>>), SessionError> {
        let jobs = Arc::new(Jobs::default());
        let work = Arc::clone(&jobs);
        let (opened_sender, opened) = oneshot::channel();
        let (closed_sender, closed) = oneshot::channel();
        let factory = SessionFactory::from_engine(engine.clone());
        let test = engine.test();
        let thread = thread::Builder::new()
            .name("sqlite-fixtures-session".to_owned())
            .spawn(move || {
                let mut session = match factory.into_session_for(test, location) {
                    Ok(session) => session,
                    Err(error) => return drop(opened_sender.send(Err(error))),
                };
                let _ = opened_sender.send(Ok(session.entry()));
                while let Some(job) = work.next() {
                    // A value that nobody waits for is dropped here, and its drop may panic, even that of a panic's payload.
                    if let Err(payload) = catch_unwind(AssertUnwindSafe(|| job(&mut session))) {
                        std::mem::forget(payload);
                    }
                }
                let _ = closed_sender.send(session.close());
            })
            .map_err(SessionError::Thread)?;
        Ok((Self { jobs, thread: Some(thread), closed: Some(closed) }, opened))
    }

    fn send(&self, job: Job) {
        self.jobs.queue().0.push_back(job);
        self.jobs.changed.notify_one();
    }

    /// Makes the thread finish its jobs and close the session.
    fn stop(&mut self) {
        self.jobs.queue().1 = true;
        self.jobs.changed.notify_one();
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        self.stop();
        // In a job of its own the thread cannot wait for itself: it closes the session when the job is done.
        if let Some(thread) = self.thread.take().filter(|thread| thread.thread().id() != thread::current().id()) {
            let _ = thread.join();
        }
        if let Some(Ok(Some(Err(error)))) = self.closed.as_mut().map(oneshot::Receiver::try_recv) {
            // On the thread of the test, the drop of the session fails the test.
            drop(error.into_session());
        }
    }
}
