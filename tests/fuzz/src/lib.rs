//! What the targets share, and the replay of their corpora in `tests/seed/corpora.rs` does too.

#[path = "../../seed/corpora/load.rs"]
mod load;

pub use load::load;
