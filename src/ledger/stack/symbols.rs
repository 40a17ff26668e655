//! The names of the functions in the executable, by its symbol table; for the few questions that only names answer.
//!
//! Only ELF executables of 64 bits are read, and only if they are not stripped.

use super::addresses::load_bias;
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::ops::Range;
use std::sync::OnceLock;

/// Whether libtest runs a test on a stack with these return addresses; `None` where that is not known.
pub(in crate::ledger) fn is_test_on(addresses: &[usize]) -> Option<bool> {
    let bias = load_bias();
    let runners = &symbols()?.runners;
    Some(addresses.iter().any(|address| runners.iter().any(|runner| runner.contains(&address.wrapping_sub(bias)))))
}

/// Whether there is a function for the test of this name, as rstest makes them: it runs one with a time limit on a thread of its own.
pub(in crate::ledger) fn is_test_function(test: &str) -> bool {
    let mangled = |path: &str| path.split("::").map(|part| format!("{}{part}", part.len())).collect::<String>();
    let last = test.rsplit("::").next().unwrap_or(test);
    // The body is a function of the same name in a module, and a case is a function in it.
    let [body, case] = [mangled(test) + &mangled(last), mangled(test)];
    let is_case = test.contains("::");
    symbols().is_some_and(|symbols| {
        symbols.names().any(|name| is_rust(name) && (contains(name, &body) || is_case && contains(name, &case)))
    })
}

struct Symbols {
    /// The functions from which libtest calls a test, by their addresses in the file.
    runners: Vec<Range<usize>>,
    names: Vec<u8>,
}

impl Symbols {
    fn names(&self) -> impl Iterator<Item = &[u8]> {
        self.names.split(|byte| *byte == 0)
    }
}

/// The symbols of this executable, read once.
fn symbols() -> Option<&'static Symbols> {
    static SYMBOLS: OnceLock<Option<Symbols>> = OnceLock::new();
    SYMBOLS.get_or_init(|| read(&mut File::open(std::env::current_exe().ok()?).ok()?).ok()?).as_ref()
}

/// Reads the [symbol table](https://man7.org/linux/man-pages/man5/elf.5.html).
fn read(file: &mut File) -> io::Result<Option<Symbols>> {
    /// `SHT_SYMTAB`
    const SYMBOLS: u32 = 2;
    const SECTION: usize = 64;
    const SYMBOL: usize = 24;
    let header = part(file, 0, 64)?;
    // 64 bits, little-endian.
    if !header.starts_with(b"\x7fELF\x02\x01") {
        return Ok(None);
    }
    let sections = part(file, number(&header, 0x28, 8), SECTION * number(&header, 0x3c, 2))?;
    let section = |index: usize| sections.chunks_exact(SECTION).nth(index);
    let bytes_of = |file: &mut File, section: &[u8]| part(file, number(section, 0x18, 8), number(section, 0x20, 8));
    let Some(table) = sections.chunks_exact(SECTION).find(|section| number(section, 4, 4) == SYMBOLS as usize) else {
        return Ok(None);
    };
    let Some(strings) = section(number(table, 0x28, 4)) else { return Ok(None) };
    let (table, names) = (bytes_of(file, table)?, bytes_of(file, strings)?);
    let mut runners = Vec::new();
    for symbol in table.chunks_exact(SYMBOL) {
        let name = names.get(number(symbol, 0, 4)..).unwrap_or_default();
        if is_runner(name) {
            let start = number(symbol, 8, 8);
            // A return address is behind its call, which may be the last instruction.
            runners.push(start..start + number(symbol, 16, 8) + 1);
        }
    }
    Ok((!runners.is_empty()).then_some(Symbols { runners, names }))
}

/// Whether a text begins with the mangled name of `test::__rust_begin_short_backtrace`.
fn is_runner(name: &[u8]) -> bool {
    let is_v0 = || {
        let name = name.strip_prefix(b"_RINvCs")?;
        let crate_name = name.iter().position(|byte| *byte == b'_')?;
        name[crate_name..].strip_prefix(b"_4test28___rust_begin_short_backtrace")
    };
    name.starts_with(b"_ZN4test28__rust_begin_short_backtrace") || is_v0().is_some()
}

fn is_rust(name: &[u8]) -> bool {
    name.starts_with(b"_ZN") || name.starts_with(b"_R")
}

fn contains(name: &[u8], part: &str) -> bool {
    name.windows(part.len()).any(|window| window == part.as_bytes())
}

fn part(file: &mut File, at: usize, len: usize) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    file.seek(SeekFrom::Start(at as u64))?;
    file.take(len as u64).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// A little-endian number; 0 beyond the end.
fn number(bytes: &[u8], at: usize, len: usize) -> usize {
    let bytes = bytes.get(at..at + len).unwrap_or_default();
    bytes.iter().rev().fold(0, |number, byte| number << 8 | usize::from(*byte))
}

#[cfg(all(test, target_os = "linux", target_pointer_width = "64"))]
#[path = "../../../tests/unit/ledger_symbols.rs"]
mod tests;
