//! What does the HTTP layer add to a request?

use super::Case;
use crate::measure::{self, Settings};
use crate::report::{Goal, Row, Unit};
use crate::rivals::{OURS, http};

const PART: &str = "http";

/// The cases on one thread; the first contender is the bare router.
#[must_use]
pub fn cases() -> Vec<Case> {
    vec![Case {
        part: PART,
        name: String::from("one HTTP request"),
        contenders: http::contenders(),
    }]
}

/// All rows: nanoseconds over the bare router.
#[must_use]
pub fn run(settings: &Settings) -> Vec<Row> {
    let mut out = Vec::new();
    for mut case in cases() {
        let times: Vec<_> = measure::compare(settings, &mut case.contenders)
            .into_iter()
            .map(|(name, time)| (name, time.best))
            .collect();
        out.extend(over_bare(PART, &case.name, Unit::Nanoseconds, &times));
    }
    out
}

/// What each contender adds to the first, which is the bare service; axum's own share is no rival
/// but stands beside.
#[must_use]
pub fn over_bare(
    part: &'static str,
    case: &str,
    unit: Unit,
    figures: &[(&'static str, f64)],
) -> Vec<Row> {
    let Some((_, bare)) = figures.first() else {
        return Vec::new();
    };
    let mut rows = vec![Row::new(part, format!("{case}, bare"), unit, Some(*bare))];
    let over = |figure: f64| (figure - bare).max(0.0);
    let rivals: Vec<_> = figures[1..]
        .iter()
        .filter(|(name, _)| !name.starts_with(OURS) && !name.starts_with("axum:"))
        .map(|(name, figure)| (*name, over(*figure)))
        .collect();
    for (name, figure) in &figures[1..] {
        if let Some(variant) = name.strip_prefix(OURS) {
            let row = Row::new(
                part,
                format!("{case}, over bare{variant}"),
                unit,
                Some(over(*figure)),
            )
            .rivals(rivals.clone());
            rows.push(match (variant.contains("around"), unit) {
                (true, Unit::Nanoseconds) if part == PART => row.goal(Goal::AtMost(150.0)),
                (true, Unit::Allocations) => row.goal(Goal::AtMost(0.0)),
                _ => row,
            });
        } else if name.starts_with("axum:") {
            rows.push(Row::new(
                part,
                format!("{case}, over bare, {name}"),
                unit,
                Some(over(*figure)),
            ));
        }
    }
    rows
}
