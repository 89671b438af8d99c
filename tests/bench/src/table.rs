//! What is printed: one line for each measurement as soon as it is made, on standard output. Targets stand beside the figures and are
//! never asserted: how fast a machine is, is no bug. An error is one, and fails the benchmark at its end.

#![expect(clippy::print_stdout, reason = "a benchmark prints what it measured")]

use crate::load::Load;
use std::time::Duration;

/// The table, and what went wrong while it was filled.
#[derive(Debug, Default)]
pub struct Table {
    errors: Vec<String>,
}

/// What a load is compared with.
#[derive(Debug, Clone, Copy, Default)]
pub struct Against {
    /// The requests per processor second of the baseline.
    pub baseline: Option<f64>,
    /// What is to be reached, in words.
    pub target: &'static str,
}

const WIDE: usize = 44;

impl Table {
    /// The head of the loads.
    pub fn loads(&self) {
        println!(
            "\n{:<WIDE$}{:>12}{:>8}  {:<10}{:>10}{:>10}{:>10}{:>8}",
            "", "per CPU-s", "ratio", "target", "p50", "p99", "requests", "errors"
        );
    }

    /// One load.
    pub fn load(&mut self, name: &str, load: &Load, against: Against) {
        let per = load.per_processor_second();
        let ratio = against.baseline.map(|baseline| format!("{:.2}", per / baseline)).unwrap_or_default();
        println!(
            "{name:<WIDE$}{per:>12.0}{ratio:>8}  {:<10}{:>10}{:>10}{:>10}{:>8}",
            against.target,
            milliseconds(load.quantile(0.5)),
            milliseconds(load.quantile(0.99)),
            load.turns,
            load.errors
        );
        self.judge(name, load);
    }

    /// The head of the other figures.
    pub fn figures(&self) {
        println!("\n{:<WIDE$}{:>12}  target", "", "");
    }

    /// Another figure.
    pub fn figure(&self, name: &str, value: &str, target: &str) {
        println!("{name:<WIDE$}{value:>12}  {target}");
    }

    /// Notes errors of a load, and one that did nothing.
    pub fn judge(&mut self, name: &str, load: &Load) {
        if load.errors > 0 {
            let first = load.first_error.as_deref().unwrap_or("unknown");
            self.errors.push(format!("{name}: {} errors, the first: {first}", load.errors));
        } else if load.turns == 0 {
            self.errors.push(format!("{name}: nothing was done"));
        }
    }

    /// Notes something else that is wrong.
    pub fn wrong(&mut self, what: String) {
        self.errors.push(what);
    }

    /// What went wrong.
    pub fn errors(&self) -> &[String] {
        &self.errors
    }
}

/// A time as the table writes it.
pub fn milliseconds(time: Duration) -> String {
    format!("{:.2} ms", time.as_secs_f64() * 1e3)
}

/// Bytes as the table writes them.
pub fn megabytes(bytes: u64) -> String {
    format!("{:.1} MB", bytes as f64 / 1e6)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_and_empty_loads_are_remembered() {
        let mut table = Table::default();
        let mut load = Load::default();
        table.judge("nothing", &load);
        load.turns = 1;
        table.judge("fine", &load);
        load.errors = 2;
        table.judge("broken", &load);
        assert_eq!(table.errors().len(), 2);
    }

    #[test]
    fn figures_have_units() {
        assert_eq!(milliseconds(Duration::from_micros(1_500)), "1.50 ms");
        assert_eq!(megabytes(20_000_000), "20.0 MB");
    }
}
