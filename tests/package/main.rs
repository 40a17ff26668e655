//! The crate as its users get it: what the quickstart prints, and how many crates a build compiles.

mod quickstart;
mod weight;
