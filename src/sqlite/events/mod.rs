//! What SQLite tells of the statements that it runs: [`trace`] their beginnings and ends, [`log`] their errors.

mod log;
mod trace;

pub(crate) use log::on_failure;
pub(crate) use trace::{Events, OpenHandle, Running, Tracer, Transaction, trace};
