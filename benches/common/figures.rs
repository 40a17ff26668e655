//! Ratios of rivals that take turns, held to their bars.

use std::{fmt::Write, ops::RangeInclusive, process::ExitCode, time::Duration};

/// What the figures are and how they are shown.
#[derive(Default)]
pub struct Figures {
    table: String,
    ratios: String,
    broken: Vec<String>,
}

/// What a ratio may be; its end is infinite where more is better.
pub type Bar = RangeInclusive<f64>;

impl Figures {
    /// Lets two rivals that time themselves take turns, and compares the first with the second. Gives the time of the first.
    pub fn compare(
        &mut self,
        name: &str,
        bar: Bar,
        pairs: usize,
        mut first: impl FnMut() -> Duration,
        mut second: impl FnMut() -> Duration,
    ) -> Duration {
        // Once for the caches of both.
        first();
        second();
        let times: Vec<_> = (0..pairs).map(|_| (first(), second())).collect();
        let ratio = median(times.iter().map(|(first, second)| first.as_secs_f64() / second.as_secs_f64()));
        let seconds =
            |side: fn(&(Duration, Duration)) -> Duration| median(times.iter().map(|pair| side(pair).as_secs_f64()));
        let (first, second) = (seconds(|pair| pair.0), seconds(|pair| pair.1));
        let note = format!("{:>12.1} us {:>12.1} us  {pairs} pairs", first * 1e6, second * 1e6);
        self.note(name, bar, ratio, &note);
        Duration::from_secs_f64(first)
    }

    pub fn note(&mut self, name: &str, bar: Bar, ratio: f64, note: &str) {
        let shown = if bar.end().is_finite() { format!("<= {}", bar.end()) } else { format!(">= {}", bar.start()) };
        let _ = writeln!(self.table, "{name:<32} {ratio:>9.4} {shown:>9}  {note}");
        let _ = writeln!(self.ratios, "ratio {name} {ratio:.4}");
        if !bar.contains(&ratio) {
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
