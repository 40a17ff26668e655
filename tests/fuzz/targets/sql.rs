//! Random texts as a SQL script.
#![no_main]

libfuzzer_sys::fuzz_target!(|script: &str| fuzz::load("sql", script.as_bytes()));
