//! What was measured, as a table for people and as JSON for comparisons.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Serialize;

use crate::machine::Machine;
use crate::stats::Spread;

/// Everything of one run.
#[derive(Debug, Serialize)]
pub struct Report {
    /// On what.
    pub machine: Machine,
    /// `full` or `quick`.
    pub plan: &'static str,
    /// What was measured.
    pub lines: Vec<Line>,
}

/// One line of the table.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Line {
    /// Which row of the list it belongs to.
    pub row: u8,
    /// What was measured.
    pub what: String,
    /// What came out, in words.
    pub figure: String,
    /// What that is to be seen beside, in words.
    pub beside: String,
    /// What is aimed at, if something is.
    pub aim: Option<Aim>,
    /// The numbers, named with their units.
    pub values: BTreeMap<String, Spread>,
}

/// What is aimed at. Nothing fails for missing it: machines differ.
#[derive(Clone, Debug, Serialize)]
pub struct Aim {
    /// In words.
    pub text: String,
    /// Whether it was met here.
    pub met: bool,
}

impl Line {
    /// A line with nothing but its name.
    pub fn new(row: u8, what: impl Into<String>) -> Self {
        Self { row, what: what.into(), ..Self::default() }
    }

    /// Sets what came out.
    pub fn figure(mut self, figure: impl Into<String>) -> Self {
        self.figure = figure.into();
        self
    }

    /// Sets what it stands beside.
    pub fn beside(mut self, beside: impl Into<String>) -> Self {
        self.beside = beside.into();
        self
    }

    /// Adds a number.
    pub fn value(mut self, name: &str, value: Spread) -> Self {
        self.values.insert(name.to_owned(), value);
        self
    }

    /// Says what is aimed at, and whether `value` meets it.
    pub fn at_most(mut self, value: f64, bound: f64, unit: &str) -> Self {
        self.aim = Some(Aim { text: format!("≤ {bound}{unit}"), met: value <= bound });
        self
    }

    /// Says what is aimed at, and whether `value` meets it.
    pub fn at_least(mut self, value: f64, bound: f64, unit: &str) -> Self {
        self.aim = Some(Aim { text: format!("≥ {bound}{unit}"), met: value >= bound });
        self
    }

    fn cells(&self) -> [String; 5] {
        let aim = self.aim.as_ref().map_or_else(String::new, |aim| {
            format!("{} {}", aim.text, if aim.met { "met" } else { "MISSED" })
        });
        [self.row.to_string(), self.what.clone(), self.figure.clone(), self.beside.clone(), aim]
    }
}

impl Report {
    /// The table.
    pub fn table(&self) -> String {
        let head = ["", "what", "median (least–most)", "beside it", "aim"].map(str::to_owned);
        let rows: Vec<[String; 5]> =
            std::iter::once(head).chain(self.lines.iter().map(Line::cells)).collect();
        let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
        let widths: Vec<usize> = (0..5).map(width).collect();
        let mut table = format!("{} · {} run\n\n", self.machine.line(), self.plan);
        for row in &rows {
            let cells: Vec<String> =
                row.iter().zip(&widths).map(|(cell, width)| format!("{cell:width$}")).collect();
            table.push_str(cells.join("  ").trim_end());
            table.push('\n');
        }
        table
    }
}

/// A rate with its unit: `5,100/s (4,900–5,300)`.
pub fn rate(spread: Spread, unit: &str) -> String {
    format!("{}{unit}/s{}", grouped(spread.median), within(spread, grouped))
}

/// Milliseconds: `0.14 ms (0.13–0.20)`.
pub fn millis(spread: Spread) -> String {
    format!("{} ms{}", short(spread.median), within(spread, short))
}

/// Microseconds: `71 µs (70–75)`.
pub fn micros(spread: Spread) -> String {
    format!("{} µs{}", short(spread.median), within(spread, short))
}

/// Seconds: `1.2 s (1.1–1.3)`.
pub fn seconds(spread: Spread) -> String {
    format!("{} s{}", short(spread.median), within(spread, short))
}

/// A ratio: `0.31 (0.29–0.33)`.
pub fn ratio(spread: Spread) -> String {
    format!("{}{}", short(spread.median), within(spread, short))
}

fn within(spread: Spread, number: fn(f64) -> String) -> String {
    let (min, max) = (number(spread.min), number(spread.max));
    if min == max { String::new() } else { format!(" ({min}–{max})") }
}

/// Three digits that count.
fn short(number: f64) -> String {
    match number.abs() {
        size if size >= 100.0 => grouped(number),
        size if size >= 10.0 => format!("{number:.1}"),
        _ => format!("{number:.2}"),
    }
}

/// A whole number with its thousands apart.
pub fn grouped(number: f64) -> String {
    let digits = format!("{:.0}", number.abs());
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// Microseconds of `time` for each of `count`.
pub fn micros_each(time: Duration, count: usize) -> f64 {
    time.as_secs_f64() * 1e6 / (count.max(1) as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_written_for_people() {
        assert_eq!(
            rate(Spread { median: 51_234.4, min: 999.0, max: 1_000_000.0 }, ""),
            "51,234/s (999–1,000,000)"
        );
        assert_eq!(millis(Spread { median: 0.141, min: 0.136, max: 12.34 }), "0.14 ms (0.14–12.3)");
        assert_eq!(seconds(Spread::once(3.0)), "3.00 s");
    }

    #[test]
    fn an_aim_is_met_at_its_bound() {
        assert!(Line::new(1, "x").at_most(1.3, 1.3, "").aim.unwrap().met);
        assert!(!Line::new(1, "x").at_least(0.24, 0.25, "").aim.unwrap().met);
    }
}
