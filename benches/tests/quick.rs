//! The program that measures runs, and what it prints is a table.

use std::path::Path;

use benches::measure::Settings;
use benches::program::{self, Programs};

#[test]
fn a_quick_run_fills_every_row() {
    let programs = Programs {
        heap: Path::new(env!("CARGO_BIN_EXE_heap")),
        server: Path::new(env!("CARGO_BIN_EXE_server")),
    };
    let mut progress = Vec::new();
    let report = program::measure(&Settings::quick(), &[], programs, &mut progress)
        .expect("every part runs");
    for part in program::PARTS {
        let ran = String::from_utf8_lossy(&progress).contains(&format!("{part}: "));
        assert!(ran, "{part} did not run");
    }
    for row in &report.rows {
        // Two threads may find no moment together on a busy machine; one always finds its own.
        let figures = row
            .ours
            .iter()
            .chain(row.rivals.iter().map(|(_, figure)| figure));
        let mut count = 0;
        for figure in figures {
            // What is added or over something else is a difference of two readings, and on a busy
            // machine the smaller one may have been taken at the worse moment.
            let difference = ["over", "added"].iter().any(|word| row.case.contains(word));
            assert!(
                figure.is_finite() && (difference || *figure >= 0.0),
                "{}: {figure}",
                row.case
            );
            count += 1;
        }
        assert!(
            count > 0 || row.case.contains("2 threads"),
            "{} is empty",
            row.case
        );
    }
    let text = report.markdown();
    let lines = text.lines().filter(|line| line.starts_with('|')).count();
    let verbs = report.rows.iter().filter(|row| row.part == "verbs");
    assert_eq!(
        lines,
        report.rows.len() + 2 - verbs.count() / 2 + 2,
        "two heads, two rules, and a line for each row; a verb has its two figures in one"
    );
}
