//! What a database holds, as text that snapshot tests can keep, and what a test has changed.
//!
//! [`table`] reads one table, [`text`] writes all of them, [`diff`] compares two databases.

mod diff;
mod table;
mod text;

pub(crate) use diff::between;
pub use diff::{Became, Change, Diff};
pub(crate) use text::of;
