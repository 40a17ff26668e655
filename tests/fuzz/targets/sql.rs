//! Random texts as a SQL script, split into its statements.
#![no_main]

libfuzzer_sys::fuzz_target!(|script: &str| sqlite_fixtures::assert_split(script));
