//! An actor on a task that nobody joins.

use ports::actor::Actor;
use rstest::rstest;
use sqlite_fixtures::{
    Engine, Session, SessionFactory,
    fixtures::{engine, sessions},
};

#[rstest]
#[tokio::test]
async fn counts(engine: Engine, #[values(0, 1, 2, 3)] notes: i64) {
    let actor = Actor::spawn(&engine.uri()).unwrap();
    for note in 0..notes {
        actor.add(&note.to_string()).await.unwrap();
    }
    assert_eq!(actor.count().await, Ok(notes));
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn counts_on_several_threads(engine: Engine, #[values(0, 1, 2)] notes: i64) {
    let actor = Actor::spawn(&engine.uri()).unwrap();
    let tasks: Vec<_> = (0..notes)
        .map(|note| {
            let actor = actor.clone();
            tokio::spawn(async move { actor.add(&note.to_string()).await })
        })
        .collect();
    for task in tasks {
        task.await.unwrap().unwrap();
    }
    assert_eq!(actor.count().await, Ok(notes));
}

#[rstest]
#[tokio::test]
async fn sees_what_a_session_commits(sessions: SessionFactory) {
    let actor = Actor::spawn(&sessions.engine().uri()).unwrap();
    let session: Session = sessions.open().unwrap();
    session.execute("INSERT INTO notes (body) VALUES ('seen')", []).unwrap();
    assert_eq!(actor.count().await, Ok(1));
}

#[rstest]
#[tokio::test]
async fn two_share_a_database(engine: Engine) {
    let (one, two) = (Actor::spawn(&engine.uri()).unwrap(), Actor::spawn(&engine.uri()).unwrap());
    one.add("note").await.unwrap();
    assert_eq!(two.count().await, Ok(1));
}

#[tokio::test]
async fn engine_may_end_before_it() {
    let actor = {
        let engine = Engine::memory().unwrap();
        Actor::spawn(&engine.uri()).unwrap()
    };
    assert_eq!(actor.count().await, Ok(0));
}
