//! E0597: a statement cannot outlive its session.
use sqlite_fixtures::SessionFactory;

fn misuse(sessions: SessionFactory) {
    let mut statement = {
        let session = sessions.open().unwrap();
        session.prepare("SELECT 1").unwrap() // error
    };
    statement.exists([]).unwrap();
}
