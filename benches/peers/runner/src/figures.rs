//! The times, as a table for people and as ratios.

use crate::suites::{Runner, WAYS};
use std::{collections::BTreeMap, fmt::Write, time::Duration};

/// What a ratio must be.
#[derive(Debug, Clone, Copy)]
pub enum Bar {
    AtLeast(f64),
    AtMost(f64),
}

#[derive(Default)]
pub struct Figures {
    cold: BTreeMap<(Runner, &'static str), f64>,
    warm: BTreeMap<(Runner, &'static str), Vec<f64>>,
}

impl Figures {
    pub fn cold(&mut self, runner: Runner, way: &'static str, time: Duration) {
        self.cold.insert((runner, way), time.as_secs_f64());
        eprintln!("{runner:?} {way} cold {time:.3?}");
    }

    pub fn warm(&mut self, runner: Runner, way: &'static str, time: Duration) {
        self.warm.entry((runner, way)).or_default().push(time.as_secs_f64());
        eprintln!("{runner:?} {way} warm {time:.3?}");
    }

    pub fn table(&self) -> String {
        let mut table = format!(
            "seconds for 100 tests {:>20} {:>9} {:>13} {:>9} {:>7}\n",
            "cargo test: cold", "warm", "nextest: cold", "warm", "rounds"
        );
        for way in WAYS {
            let shown = |time: Option<f64>| time.map_or_else(|| "-".to_owned(), |time| format!("{time:.3}"));
            let cold = |runner| shown(self.cold.get(&(runner, way)).copied());
            let warm = |runner| shown(self.warm.get(&(runner, way)).map(|times| median(times)));
            let rounds = self.warm.get(&(Runner::Direct, way)).map_or(0, Vec::len);
            let _ = writeln!(
                table,
                "{way:<22}{:>20} {:>9} {:>13} {:>9} {rounds:>7}",
                cold(Runner::Direct),
                warm(Runner::Direct),
                cold(Runner::Nextest),
                warm(Runner::Nextest),
            );
        }
        table
    }

    /// Prints the median of the ratios of runs that followed each other, warm. Whether it is what it must be.
    pub fn ratio(&self, name: &str, runner: Runner, way: &str, to: &str, bar: Option<Bar>) -> bool {
        let times = |way: &str| {
            let found = self.warm.iter().find(|((found, name), _)| *found == runner && *name == way);
            found.map_or(&[][..], |(_, times)| times)
        };
        let ratios: Vec<f64> = times(way).iter().zip(times(to)).map(|(one, other)| one / other).collect();
        if ratios.is_empty() {
            return true;
        }
        let ratio = median(&ratios);
        println!("ratio {name} {ratio:.4}");
        match bar {
            Some(Bar::AtLeast(least)) if ratio < least => {
                eprintln!("a bar does not hold: {name} is {ratio:.4}, not at least {least}");
                false
            }
            Some(Bar::AtMost(most)) if ratio > most => {
                eprintln!("a bar does not hold: {name} is {ratio:.4}, not at most {most}");
                false
            }
            _ => true,
        }
    }
}

fn median(values: &[f64]) -> f64 {
    let mut values = values.to_vec();
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}
