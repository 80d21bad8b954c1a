//! `nova metrics …`: what the documents call `nova-metrics …`.
//!
//! `nova NAME …` is `nova-NAME …` in the same folder. It becomes that program, so that signals and
//! exit codes are that program's.

use std::env;
use std::ffi::OsString;
use std::io::{self, Write as _};
use std::os::unix::process::CommandExt as _;
use std::process::{Command, ExitCode};

fn main() -> ExitCode {
    let mut arguments = env::args_os().skip(1);
    let what = match arguments.next() {
        Some(name) if name == "metrics" => become_it(arguments.collect()),
        Some(name) => format!(
            "there is no `nova {}`",
            name.to_string_lossy().escape_debug()
        ),
        None => "what?".to_owned(),
    };
    let _ = writeln!(
        io::stderr(),
        "nova: {what}\nhint: nova metrics --help, nova metrics rotate-token"
    );
    ExitCode::from(2)
}

/// Does not return unless it fails.
fn become_it(arguments: Vec<OsString>) -> String {
    // The one that was installed with this one, not whatever comes first on somebody's path.
    let program = env::current_exe().map(|nova| nova.with_file_name("nova-metrics"));
    match program {
        Ok(program) => {
            let error = Command::new(&program).args(arguments).exec();
            format!("cannot run {}: {error}", program.display())
        }
        Err(error) => format!("cannot find itself: {error}"),
    }
}
