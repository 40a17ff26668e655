//! Random bytes as a seed file in this format.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| fuzz::load("tsv", bytes));
