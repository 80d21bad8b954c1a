//! The table: one row for each question, with the ratio to the best rival and whether it meets its
//! goal.

use std::fmt::{self, Write as _};

use crate::questions::verbs::PART;

/// One measured question.
#[derive(Clone, Debug)]
pub struct Row {
    /// Which part it belongs to.
    pub part: &'static str,
    /// What was done.
    pub case: String,
    /// What the figures count.
    pub unit: Unit,
    /// This library.
    pub ours: Option<f64>,
    /// The same work done by others, by name.
    pub rivals: Vec<(String, f64)>,
    /// What was promised.
    pub goals: Vec<Goal>,
}

/// What was promised.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Goal {
    /// The best rival's figure is at least this many times ours.
    Ratio(f64),
    /// Ours is at most this.
    AtMost(f64),
}

/// What a figure counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names say it")]
pub enum Unit {
    Nanoseconds,
    Microseconds,
    Milliseconds,
    Bytes,
    KibiBytes,
    Allocations,
    Percent,
    BytesPerSecond,
}

impl fmt::Display for Unit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Unit::Nanoseconds => "ns",
            Unit::Microseconds => "µs",
            Unit::Milliseconds => "ms",
            Unit::Bytes => "B",
            Unit::KibiBytes => "KiB",
            Unit::Allocations => "allocations",
            Unit::Percent => "%",
            Unit::BytesPerSecond => "B/s",
        })
    }
}

impl Row {
    /// A row without rivals or goals yet.
    pub fn new(part: &'static str, case: impl Into<String>, unit: Unit, ours: Option<f64>) -> Self {
        Self {
            part,
            case: case.into(),
            unit,
            ours,
            rivals: Vec::new(),
            goals: Vec::new(),
        }
    }

    /// Adds what others need.
    #[must_use]
    pub fn rivals<N: Into<String>>(mut self, rivals: impl IntoIterator<Item = (N, f64)>) -> Self {
        self.rivals.extend(
            rivals
                .into_iter()
                .map(|(name, figure)| (name.into(), figure)),
        );
        self
    }

    /// Adds a promise.
    #[must_use]
    pub fn goal(mut self, goal: Goal) -> Self {
        self.goals.push(goal);
        self
    }

    /// The rival with the smallest figure.
    #[must_use]
    pub fn best_rival(&self) -> Option<(&str, f64)> {
        self.rivals
            .iter()
            .map(|(name, figure)| (name.as_str(), *figure))
            .min_by(|a, b| a.1.total_cmp(&b.1))
    }

    /// How many times our figure the best rival's is.
    #[must_use]
    pub fn ratio(&self) -> Option<f64> {
        let (_, best) = self.best_rival()?;
        self.ours.filter(|ours| *ours > 0.0).map(|ours| best / ours)
    }

    /// Whether a goal is met; `None` if it could not be measured.
    #[must_use]
    pub fn meets(&self, goal: Goal) -> Option<bool> {
        match goal {
            Goal::Ratio(times) => self.ratio().map(|ratio| ratio >= times),
            Goal::AtMost(most) => self.ours.map(|ours| ours <= most),
        }
    }

    fn ours_with_unit(&self) -> String {
        self.ours.map_or(String::from("–"), |ours| {
            format!("{} {}", figure(ours), self.unit)
        })
    }

    fn verdict(&self) -> String {
        let mut verdict = String::new();
        for goal in &self.goals {
            if !verdict.is_empty() {
                verdict.push_str(", ");
            }
            let word = match self.meets(*goal) {
                Some(true) => "met",
                Some(false) => "**missed**",
                None => "not measured",
            };
            let _ = match goal {
                Goal::Ratio(times) => write!(verdict, "≥ {times}×: {word}"),
                Goal::AtMost(most) => write!(verdict, "≤ {} {}: {word}", figure(*most), self.unit),
            };
        }
        verdict
    }
}

/// Everything that was measured, and what has to be known to read it.
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// About the machine and the run: name and value.
    pub facts: Vec<(String, String)>,
    /// The rows, in the order of the questions.
    pub rows: Vec<Row>,
    /// How to read single rows.
    pub notes: Vec<String>,
}

impl Report {
    /// The whole report as Markdown.
    #[must_use]
    pub fn markdown(&self) -> String {
        let Self { facts, rows, notes } = self;
        let mut out = String::from(INTRODUCTION);
        for (name, value) in facts {
            let _ = writeln!(out, "- {name}: {value}");
        }
        out.push('\n');
        let (verbs, others): (Vec<_>, Vec<_>) = rows.iter().partition(|row| row.part == PART);
        out.push_str(&table(&others));
        out.push_str(&verb_table(&verbs));
        if !notes.is_empty() {
            out.push_str("\n## Notes\n\n");
            for note in notes {
                let _ = writeln!(out, "- {note}");
            }
        }
        out
    }
}

/// Verbs have no rivals, but two figures each: a line for each verb.
fn verb_table(rows: &[&Row]) -> String {
    const HEAD: [&str; 5] = ["verb", "time", "goal", "allocations", "goal"];
    let mut cells: Vec<[String; HEAD.len()]> = Vec::new();
    for row in rows.iter().filter(|row| row.unit == Unit::Nanoseconds) {
        let counted = format!("allocations, {}", row.case);
        let allocations = rows.iter().find(|row| row.case == counted);
        cells.push([
            row.case.clone(),
            row.ours_with_unit(),
            row.verdict(),
            allocations.map_or(String::from("–"), |row| {
                row.ours.map_or(String::from("–"), figure)
            }),
            allocations.map_or(String::new(), |row| row.verdict()),
        ]);
    }
    if cells.is_empty() {
        return String::new();
    }
    format!("\n## Verbs\n\n{VERBS}\n\n{}", aligned(HEAD, cells))
}

fn table(rows: &[&Row]) -> String {
    const HEAD: [&str; 7] = [
        "part",
        "case",
        "ours",
        "best rival",
        "ratio",
        "goal",
        "all rivals",
    ];
    let mut cells = Vec::new();
    for row in rows {
        let best = row.best_rival().map_or(String::from("–"), |(name, best)| {
            format!("{} {name}", figure(best))
        });
        let all: Vec<String> = row
            .rivals
            .iter()
            .map(|(name, value)| format!("{name} {}", figure(*value)))
            .collect();
        cells.push([
            row.part.to_owned(),
            row.case.clone(),
            row.ours_with_unit(),
            best,
            row.ratio()
                .map_or(String::from("–"), |ratio| format!("{}×", figure(ratio))),
            row.verdict(),
            all.join(" · "),
        ]);
    }
    aligned(HEAD, cells)
}

/// A table whose columns stand below each other, but for the last one: what is in it is long on some
/// rows and nothing on most.
fn aligned<const N: usize>(head: [&str; N], mut cells: Vec<[String; N]>) -> String {
    cells.insert(0, head.map(String::from));
    let mut widths = [0; N];
    for line in &cells {
        for (width, cell) in widths.iter_mut().zip(line).take(N - 1) {
            *width = (*width).max(cell.chars().count());
        }
    }
    let mut out = String::new();
    for (at, line) in cells.iter().enumerate() {
        for (width, cell) in widths.iter().zip(line) {
            let padding = width.saturating_sub(cell.chars().count());
            let _ = write!(out, "| {cell}{:padding$} ", "");
        }
        out.push_str("|\n");
        if at == 0 {
            for width in widths {
                let _ = write!(out, "|{:-<1$}", "", width + 2);
            }
            out.push_str("|\n");
        }
    }
    out
}

/// Three digits that matter.
#[must_use]
pub fn figure(value: f64) -> String {
    let size = value.abs();
    if size >= 100.0 || value == value.trunc() {
        grouped(value)
    } else if size >= 10.0 {
        format!("{value:.1}")
    } else if size >= 0.01 {
        format!("{value:.2}")
    } else {
        format!("{value:.4}")
    }
}

fn grouped(value: f64) -> String {
    let digits = format!("{:.0}", value.abs());
    let mut out = String::from(if value < 0.0 { "-" } else { "" });
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push(' ');
        }
        out.push(digit);
    }
    out
}

const VERBS: &str = "\
Once its series are there, with the same labels each time, the clock that a verb reads included, and
tracing off. The recorder is that of the work at hand, as inside a layer or an attribute.";

const INTRODUCTION: &str = "\
# What it costs

Written by `cargo bench -p benches`. A figure is the best round's median of many short samples that
all contenders took in turn, in one process; small is good. A ratio is the best rival's figure over
ours. `2 threads` is nanoseconds as each of two threads sees them, and only samples count in which
both were on a CPU side by side.

";

#[cfg(test)]
mod tests {
    use super::*;

    fn row() -> Row {
        Row::new("part", "case", Unit::Nanoseconds, Some(2.0))
            .rivals([("slow", 30.0), ("fast", 10.0)])
            .goal(Goal::Ratio(6.0))
            .goal(Goal::AtMost(2.0))
    }

    #[test]
    fn the_ratio_is_to_the_best_rival() {
        assert_eq!(row().best_rival(), Some(("fast", 10.0)));
        assert_eq!(row().ratio(), Some(5.0));
        assert_eq!(row().verdict(), "≥ 6×: **missed**, ≤ 2 ns: met");
    }

    #[test]
    fn what_was_not_measured_meets_nothing() {
        let row = Row {
            ours: None,
            ..row()
        };
        assert_eq!(row.verdict(), "≥ 6×: not measured, ≤ 2 ns: not measured");
    }

    #[test]
    fn figures_keep_three_digits() {
        let figures = [0.0, 0.531, 12.34, 123.4, 9_588_984.0, -5.25].map(figure);
        assert_eq!(figures, ["0", "0.53", "12.3", "123", "9 588 984", "-5.25"]);
    }
}
