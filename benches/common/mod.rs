//! What the benches share.

#![allow(dead_code, reason = "each bench uses its own part: the lint sees one at a time")]

pub mod database;
pub mod figures;
pub mod worker;
