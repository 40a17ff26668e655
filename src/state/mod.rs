//! What a database holds, as text that snapshot tests can keep, and what a test has changed.
//!
//! [`table`] reads one table, [`snapshot`] writes all of them, [`diff`] compares two databases.

mod diff;
mod snapshot;
mod table;

pub(crate) use diff::between;
pub use diff::{Became, Change, Diff};
pub(crate) use snapshot::of;
