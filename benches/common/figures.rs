//! Ratios of rivals that take turns, held to their bars.

use std::{
    fmt::Write,
    process::ExitCode,
    time::{Duration, Instant},
};

pub fn time(act: impl FnOnce()) -> Duration {
    let start = Instant::now();
    act();
    start.elapsed()
}

/// What the figures are and how they are shown.
#[derive(Default)]
pub struct Figures {
    table: String,
    ratios: String,
    broken: Vec<String>,
}

#[derive(Clone, Copy)]
pub enum Bar {
    AtMost(f64),
    AtLeast(f64),
}

impl Figures {
    /// Lets two rivals take turns and compares the first with the second.
    pub fn compare(&mut self, name: &str, bar: Bar, pairs: usize, mut first: impl FnMut(), mut second: impl FnMut()) {
        self.compare_timed(name, bar, pairs, || time(&mut first), || time(&mut second));
    }

    /// The same, of rivals that time themselves.
    pub fn compare_timed(
        &mut self,
        name: &str,
        bar: Bar,
        pairs: usize,
        mut first: impl FnMut() -> Duration,
        mut second: impl FnMut() -> Duration,
    ) {
        // Once for the caches of both.
        first();
        second();
        let times: Vec<_> = (0..pairs).map(|_| (first(), second())).collect();
        let ratio = median(times.iter().map(|(first, second)| first.as_secs_f64() / second.as_secs_f64()));
        let micros = |side: fn(&(Duration, Duration)) -> Duration| {
            median(times.iter().map(|pair| side(pair).as_secs_f64() * 1e6))
        };
        let note = format!("{:>12.1} us {:>12.1} us  {pairs} pairs", micros(|pair| pair.0), micros(|pair| pair.1));
        self.note(name, bar, ratio, &note);
    }

    pub fn note(&mut self, name: &str, bar: Bar, ratio: f64, note: &str) {
        let (holds, shown) = match bar {
            Bar::AtMost(most) => (ratio <= most, format!("<= {most}")),
            Bar::AtLeast(least) => (ratio >= least, format!(">= {least}")),
        };
        let _ = writeln!(self.table, "{name:<32} {ratio:>9.4} {shown:>9}  {note}");
        let _ = writeln!(self.ratios, "ratio {name} {ratio:.4}");
        if !holds {
            self.broken.push(format!("{name} is {ratio:.4}, not {shown}"));
        }
        eprintln!("{name} done");
    }

    /// Prints all, and whether every bar holds.
    pub fn conclude(&self) -> ExitCode {
        println!("\n{:<32} {:>9} {:>9}\n{}\n{}", "figure", "ratio", "bar", self.table, self.ratios);
        for broken in &self.broken {
            eprintln!("a bar does not hold: {broken}");
        }
        if self.broken.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
    }
}

/// The middle one, of thirty at least.
fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.collect();
    assert!(values.len() >= 30, "{} pairs are too few for a figure", values.len());
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}
