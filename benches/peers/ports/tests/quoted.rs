//! Texts in double quotes, on a session of a template.

use ports::quoted::{SCHEMA, close_ticket, code, log, open_ticket, owner};
use rstest::{fixture, rstest};
use sqlite_fixtures::{Session, Template};
use std::sync::LazyLock;

static TICKETS: LazyLock<Template> =
    LazyLock::new(|| Template::from_fn(|connection| Ok(connection.execute_batch(SCHEMA)?)));

#[fixture]
fn tickets() -> Session {
    TICKETS.session()
}

#[rstest]
fn owner_is_read_by_its_path(tickets: Session, #[values("ann", "bob", "it's")] name: &str) {
    let id = open_ticket(&tickets, name).unwrap();
    assert_eq!(owner(&tickets, id).unwrap().as_deref(), Some(name));
}

#[rstest]
fn unknown_ticket_has_no_owner(tickets: Session) {
    assert_eq!(owner(&tickets, 9).unwrap(), None);
}

#[rstest]
fn closes_once(tickets: Session) {
    let id = open_ticket(&tickets, "ann").unwrap();
    assert_eq!((close_ticket(&tickets, id), close_ticket(&tickets, id)), (Ok(true), Ok(false)));
}

#[rstest]
fn trigger_logs(tickets: Session) {
    let id = open_ticket(&tickets, "ann").unwrap();
    close_ticket(&tickets, id).unwrap();
    assert_eq!(log(&tickets).unwrap(), [format!("closed {id}")]);
}

#[rstest]
fn check_refuses_other_states(tickets: Session) {
    open_ticket(&tickets, "ann").unwrap();
    assert!(tickets.execute(r#"UPDATE tickets SET state = "lost""#, []).is_err());
}

#[rstest]
fn view_makes_codes(tickets: Session) {
    let id = open_ticket(&tickets, "ann").unwrap();
    assert_eq!(code(&tickets, id).unwrap(), format!("T-{id}"));
}

#[rstest]
fn rows_of_code_fire_the_trigger(mut tickets: Session) {
    let id = open_ticket(&tickets, "ann").unwrap();
    let transaction = tickets.transaction().unwrap();
    close_ticket(&transaction, id).unwrap();
    transaction.commit().unwrap();
    assert_eq!(log(&tickets).unwrap().len(), 1);
}

#[rstest]
fn default_is_open(tickets: Session) {
    tickets.execute("INSERT INTO tickets DEFAULT VALUES", []).unwrap();
    assert_eq!(tickets.query_row("SELECT state || data FROM tickets", [], |row| row.get(0)), Ok("open{}".to_owned()));
}
