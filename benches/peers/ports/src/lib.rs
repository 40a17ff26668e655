//! Applications in the shapes that real ones have. They know nothing of the crate that tests them.

#![allow(clippy::missing_errors_doc, clippy::missing_panics_doc, clippy::must_use_candidate)]

pub mod actor;
pub mod pool;
pub mod quoted;
pub mod store;
