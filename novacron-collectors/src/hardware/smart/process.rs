//! Running a program that may hang, print without end, or leave others behind.
//!
//! It runs without a shell, by an absolute path, with an environment and a process group of its
//! own. When it ends, or its time is over, the whole group is killed and the program reaped. One
//! thing nobody can do is kill a process that waits for a dead disk; such a one is handed back, to
//! be reaped when the kernel lets go of it.

use std::ffi::OsStr;
use std::io::{self, Read};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, ChildStdout, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process_group, waitid};

/// How long a killed process may take to go.
const GRACE: Duration = Duration::from_millis(500);
/// How often is looked whether it has gone.
const PAUSE: Duration = Duration::from_millis(5);

/// What a program left.
#[derive(Debug)]
pub struct Output {
    /// What it printed.
    pub stdout: Vec<u8>,
    /// How it ended.
    pub status: ExitStatus,
}

/// Why there is no output.
#[derive(Debug)]
pub enum Failure {
    /// It could not be started, or its output not be read.
    Io(io::Error),
    /// It was killed since its time was over.
    TimedOut,
    /// It was killed since it printed more than it may.
    TooLong,
    /// It was killed and did not go: to be reaped later, and not to be started again before that.
    Stuck(Child),
}

/// Runs a program until it ends or the deadline comes, and reads at most so many bytes of what it
/// prints.
///
/// # Errors
///
/// See [`Failure`].
pub fn run<A: AsRef<OsStr>>(
    program: &Path,
    arguments: &[A],
    deadline: Instant,
    longest: usize,
) -> Result<Output, Failure> {
    let mut child = Command::new(program)
        .args(arguments)
        // Nothing of ours leaks into it, and its words are not translated.
        .env_clear()
        .env("LC_ALL", "C")
        .env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin")
        .current_dir("/")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .process_group(0)
        .spawn()
        .map_err(Failure::Io)?;
    let read = match child.stdout.take() {
        Some(stdout) => read_until(stdout, deadline, longest),
        None => Err(Failure::Io(io::ErrorKind::BrokenPipe.into())),
    };
    // Its pipe may be closed long before it ends.
    let ended = read.is_ok() && ends_by(&child, deadline);
    // Not reaped yet, so the number is still its group's: what it left behind goes with it.
    let _ = kill_process_group(Pid::from_child(&child), Signal::KILL);
    if !ends_by(&child, Instant::now() + GRACE) {
        return Err(Failure::Stuck(child));
    }
    let status = child.wait().map_err(Failure::Io)?;
    let stdout = read?;
    match ended {
        true => Ok(Output { stdout, status }),
        false => Err(Failure::TimedOut),
    }
}

/// Whether the process ends by then. It is not reaped.
fn ends_by(child: &Child, deadline: Instant) -> bool {
    let options = WaitIdOptions::EXITED | WaitIdOptions::NOWAIT | WaitIdOptions::NOHANG;
    loop {
        match waitid(WaitId::Pid(Pid::from_child(child)), options) {
            Ok(None) | Err(Errno::INTR) if Instant::now() < deadline => std::thread::sleep(PAUSE),
            Ok(None) | Err(Errno::INTR) => return false,
            // Ended; or no child of ours, which is reaped as well.
            Ok(Some(_)) | Err(_) => return true,
        }
    }
}

fn read_until(
    mut stdout: ChildStdout,
    deadline: Instant,
    longest: usize,
) -> Result<Vec<u8>, Failure> {
    let mut bytes = Vec::new();
    let mut chunk = [0; 16 << 10];
    loop {
        let left = deadline.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err(Failure::TimedOut);
        }
        let timeout = Timespec {
            tv_sec: left.as_secs().try_into().unwrap_or(i64::MAX),
            tv_nsec: left.subsec_nanos().into(),
        };
        let mut readable = [PollFd::new(&stdout, PollFlags::IN)];
        match poll(&mut readable, Some(&timeout)) {
            Ok(0) | Err(Errno::INTR) => continue,
            Ok(_) => {}
            Err(error) => return Err(Failure::Io(error.into())),
        }
        // What is readable does not block: one reader, and at least one byte or the end.
        match stdout.read(&mut chunk) {
            Ok(0) => return Ok(bytes),
            Ok(read) if bytes.len() + read > longest => return Err(Failure::TooLong),
            Ok(read) => bytes.extend_from_slice(&chunk[..read]),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(Failure::Io(error)),
        }
    }
}
