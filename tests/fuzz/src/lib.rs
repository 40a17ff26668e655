//! What the targets share, and the replay of their corpora in `tests/corpora.rs` does too.

#[path = "../../corpora/load.rs"]
mod load;

pub use load::load;
