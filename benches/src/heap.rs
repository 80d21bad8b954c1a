//! What is asked of the allocator.
//!
//! The counting allocator is linked into the program `heap` only, so that it weighs on no time.
//! That program prints its rows as lines of tab-separated fields, and the one that times reads them.

use std::io::{self, Write};
use std::path::Path;
use std::process::Command;

use crate::questions::{self, Case, scrape};
use crate::report::{Goal, Row, Unit};

/// What a piece of work asked of the allocator, on its own thread.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Heap {
    /// Allocations.
    pub allocations: u64,
    /// The most bytes held at once, above what was held at the start.
    pub peak_bytes: u64,
    /// Bytes still held at the end.
    pub left_bytes: i64,
}

/// Does the work and counts.
pub type Count = fn(&mut dyn FnMut()) -> Heap;

/// Counts what the arguments ask for and prints it: one page (`counters 1000`), or the allocations
/// of one operation of every case.
///
/// A page has a process of its own, so that it finds no memory that an earlier one left behind.
///
/// # Errors
///
/// If `out` cannot be written to.
pub fn print(count: Count, arguments: &[String], out: &mut dyn Write) -> io::Result<()> {
    let rows = match arguments {
        [] => rows(count),
        [kind, series] => scrape::read_page(kind, series)
            .map(|page| scrape::count(count, page))
            .ok_or_else(|| io::Error::other(format!("no page is called {kind} {series}")))?,
        _ => {
            return Err(io::Error::other(
                "expected no argument, or a kind and a number",
            ));
        }
    };
    for row in rows {
        write!(out, "{}\t{}\t{}\t", row.part, row.case, row.unit)?;
        match row.ours {
            Some(ours) => write!(out, "{ours}")?,
            None => write!(out, "-")?,
        }
        for (name, figure) in &row.rivals {
            write!(out, "\t{name}={figure}")?;
        }
        for goal in &row.goals {
            match goal {
                Goal::AtMost(most) => write!(out, "\t<={most}")?,
                Goal::Ratio(times) => write!(out, "\t>={times}")?,
            }
        }
        writeln!(out)?;
    }
    Ok(())
}

/// Runs the program that counts, once for each page and once for the rest, and reads its rows.
///
/// # Errors
///
/// If it does not start, fails, or prints something else.
pub fn run(program: &Path, quick: bool) -> io::Result<Vec<Row>> {
    let mut rows = run_once(program, &[])?;
    for page in scrape::pages(quick) {
        rows.extend(run_once(program, &page.arguments())?);
    }
    Ok(rows)
}

fn run_once(program: &Path, arguments: &[String]) -> io::Result<Vec<Row>> {
    let output = Command::new(program).args(arguments).output()?;
    if !output.status.success() {
        let text = String::from_utf8_lossy(&output.stderr).into_owned();
        return Err(io::Error::other(format!("{}: {text}", program.display())));
    }
    String::from_utf8_lossy(&output.stdout)
        .lines()
        .map(|line| read(line).ok_or_else(|| io::Error::other(format!("not a row: {line}"))))
        .collect()
}

fn rows(count: Count) -> Vec<Row> {
    let cases = questions::instruments::cases()
        .into_iter()
        .chain(questions::family::cases())
        .chain(questions::request::cases())
        .chain(questions::http::cases())
        .chain(questions::grpc::cases())
        .chain(questions::macros::cases())
        .chain(questions::verbs::cases());
    cases.flat_map(|case| per_operation(count, case)).collect()
}

/// Allocations of one operation, once everything is warm.
fn per_operation(count: Count, case: Case) -> Vec<Row> {
    const TIMES: u64 = 4_096;
    let Case {
        part,
        name,
        contenders,
    } = case;
    let figures = contenders
        .into_iter()
        .map(|mut contender| {
            contender.run(TIMES);
            let heap = count(&mut || contender.run(TIMES));
            (contender.name(), heap.allocations as f64 / TIMES as f64)
        })
        .collect::<Vec<_>>();
    if matches!(part, "http" | "grpc") {
        return questions::http::over_bare(
            part,
            &format!("allocations, {name}"),
            Unit::Allocations,
            &figures,
        );
    }
    let name = format!("allocations, {name}");
    let rows = questions::rows(part, &name, Unit::Allocations, figures);
    rows.into_iter()
        .map(|row| row.goal(Goal::AtMost(0.0)))
        .collect()
}

fn read(line: &str) -> Option<Row> {
    let mut fields = line.split('\t');
    let part = PARTS
        .into_iter()
        .find(|part| Some(*part) == line.split('\t').next())?;
    fields.next();
    let case = fields.next()?;
    let unit = fields.next()?;
    let unit = UNITS.into_iter().find(|known| known.to_string() == unit)?;
    let ours = fields.next()?.parse().ok();
    let mut row = Row::new(part, case, unit, ours);
    for field in fields {
        if let Some(most) = field.strip_prefix("<=") {
            row.goals.push(Goal::AtMost(most.parse().ok()?));
        } else if let Some(times) = field.strip_prefix(">=") {
            row.goals.push(Goal::Ratio(times.parse().ok()?));
        } else {
            let (name, figure) = field.rsplit_once('=')?;
            row.rivals.push((name.to_owned(), figure.parse().ok()?));
        }
    }
    Some(row)
}

const PARTS: [&str; 8] = [
    "instruments",
    "family",
    "request",
    "http",
    "grpc",
    "macros",
    questions::verbs::PART,
    "scrape",
];
const UNITS: [Unit; 3] = [Unit::Allocations, Unit::Bytes, Unit::KibiBytes];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_printed_row_reads_back() {
        let row = read("scrape\theap per series\tB\t59.5\tother=328\t<=60").expect("a row");
        assert_eq!(row.ours, Some(59.5));
        assert_eq!(row.rivals, [(String::from("other"), 328.0)]);
        assert_eq!(row.meets(Goal::AtMost(60.0)), Some(true));
        assert!(read("scrape\tcase\tparsec\t1").is_none());
    }
}
