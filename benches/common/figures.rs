//! Ratios of rivals that take turns, held to their bars.

use std::{env, fmt::Write, ops::RangeInclusive, process::ExitCode, time::Duration};

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
    /// Lets two rivals that time themselves take turns, and compares the first with the second. Gives the ratio, and the time of the
    /// first.
    pub fn compare(
        &mut self,
        name: &str,
        bar: Bar,
        pairs: usize,
        mut first: impl FnMut() -> Duration,
        mut second: impl FnMut() -> Duration,
    ) -> (f64, Duration) {
        if !is_wanted(name) {
            return (0.0, Duration::ZERO);
        }
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
        (ratio, Duration::from_secs_f64(first))
    }

    pub fn note(&mut self, name: &str, bar: Bar, ratio: f64, note: &str) {
        if !is_wanted(name) {
            return;
        }
        let shown = match (*bar.start(), *bar.end()) {
            (_, end) if end.is_finite() => format!("<= {end}"),
            (start, _) if start > 0.0 => format!(">= {start}"),
            _ => "-".to_owned(),
        };
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

/// Whether a figure is asked for: `cargo bench --bench NAME -- PART` is for those whose names have this part.
fn is_wanted(name: &str) -> bool {
    let mut parts = env::args().skip(1).filter(|argument| !argument.starts_with('-')).peekable();
    parts.peek().is_none() || parts.any(|part| name.contains(&part))
}

/// The middle one, of thirty at least.
pub fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.collect();
    assert!(values.len() >= 30, "{} pairs are too few for a figure", values.len());
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}
