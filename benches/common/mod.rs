//! What the benches share.

pub mod database;
pub mod figures;
pub mod worker;
