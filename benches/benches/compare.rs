//! `cargo bench -p benches`: measures, prints the table, and writes it to `benches/RESULTS.md`.
//!
//! Arguments: names of parts (see `benches::program::PARTS`), and `--quick` to see that everything
//! runs. Either keeps the file as it is.

use std::io::{self, Write};
use std::path::Path;

use benches::measure::Settings;
use benches::program::{self, Programs};

fn main() -> io::Result<()> {
    // Cargo itself adds `--bench`.
    let (flags, parts): (Vec<String>, Vec<String>) = std::env::args()
        .skip(1)
        .partition(|argument| argument.starts_with("--"));
    let quick = flags.iter().any(|flag| flag == "--quick");
    let settings = if quick {
        Settings::quick()
    } else {
        Settings::full()
    };
    let programs = Programs {
        heap: Path::new(env!("CARGO_BIN_EXE_heap")),
        server: Path::new(env!("CARGO_BIN_EXE_server")),
    };
    let report = program::measure(&settings, &parts, programs, &mut io::stderr())?;
    let text = report.markdown();
    if !quick && parts.is_empty() {
        std::fs::write(
            Path::new(env!("CARGO_MANIFEST_DIR")).join("RESULTS.md"),
            &text,
        )?;
    }
    io::stdout().lock().write_all(text.as_bytes())
}
