//! `/proc/[pid]/stat`: how many processes are in which state.
//!
//! `/proc/stat` has only two of the states and counts threads; the rest takes one small file per
//! process. That is about 10 µs each, so it is done seldom, and not at all on a host with more
//! processes than [`MOST`].

use novacron_telemetry::collect::Run;

use crate::Root;

/// The most processes that are looked at.
pub const MOST: usize = 32_768;

/// How many processes are in which state.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Processes {
    /// `R`, and `W` of old kernels: run, or are ready to.
    pub running: u32,
    /// `S`: wait, and can be woken.
    pub sleeping: u32,
    /// `D`: wait for a device, and cannot be woken.
    pub disk_sleep: u32,
    /// `T` and `t`: were stopped, or are traced.
    pub stopped: u32,
    /// `Z` and `X`: ended, and are still listed.
    pub zombie: u32,
    /// `I` and `P`: threads of the kernel that have nothing to do.
    pub idle: u32,
}

impl Processes {
    /// Looks at every process. `None`, with the reason left in `run`, if some are hidden from this
    /// process (`hidepid`), if there are too many, or if the time is up: a part of them would be a
    /// wrong number.
    pub fn read(root: &Root, run: &mut Run) -> Option<Self> {
        let names = match root.list("proc") {
            Ok(names) => names,
            Err(error) => {
                run.skip("processes", error);
                return None;
            }
        };
        let pids: Vec<&String> = names
            .iter()
            .filter(|name| name.bytes().all(|byte| byte.is_ascii_digit()))
            .collect();
        if pids.len() > MOST {
            run.skip("processes", format_args!("there are more than {MOST}"));
            return None;
        }
        // The first process never ends; where it is not listed, others are not listed either.
        if !pids.iter().any(|pid| *pid == "1") {
            return None;
        }
        let mut processes = Self::default();
        for pid in pids {
            if run.expired() {
                run.skip("processes", "no time was left");
                return None;
            }
            match root.bytes(format!("proc/{pid}/stat")) {
                Ok(stat) => processes.add(&stat)?,
                // It ended since it was listed.
                Err(error) if super::super::is_absent(&error) || ended(&error) => {}
                Err(error) => {
                    run.skip("processes", error);
                    return None;
                }
            }
        }
        Some(processes)
    }

    /// Counts one process; `None` if its state cannot be read.
    fn add(&mut self, stat: &[u8]) -> Option<()> {
        // The name in parentheses may hold anything, parentheses too.
        let end = stat.iter().rposition(|byte| *byte == b')')?;
        let [b' ', state, b' ', ..] = stat[end + 1..] else {
            return None;
        };
        *match state {
            b'R' | b'W' => &mut self.running,
            b'S' => &mut self.sleeping,
            b'D' | b'K' => &mut self.disk_sleep,
            b'T' | b't' => &mut self.stopped,
            b'Z' | b'X' | b'x' => &mut self.zombie,
            b'I' | b'P' => &mut self.idle,
            _ => return None,
        } += 1;
        Some(())
    }
}

/// What the kernel says of a process that ended between opening and reading.
fn ended(error: &std::io::Error) -> bool {
    error.raw_os_error() == Some(rustix::io::Errno::SRCH.raw_os_error())
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn world(processes: &[(u32, &str)]) -> (tempfile::TempDir, Root) {
        let folder = tempfile::tempdir().unwrap();
        for (pid, stat) in processes {
            let at = folder.path().join(format!("proc/{pid}"));
            std::fs::create_dir_all(&at).unwrap();
            std::fs::write(at.join("stat"), stat).unwrap();
        }
        let root = Root::new(folder.path());
        (folder, root)
    }

    #[test]
    fn a_name_may_look_like_a_state() {
        let (_folder, root) = world(&[
            (1, "1 (init) S 0 1 1"),
            (2, "2 (a) R (b) D 0 0 0"),
            (3, "3 (\u{7f}) Z 1 3 3"),
            (77, "77 (idle worker) I 2 0 0"),
        ]);
        let run = &mut Run::within(Duration::from_secs(60));
        let expected = Processes {
            sleeping: 1,
            disk_sleep: 1,
            zombie: 1,
            idle: 1,
            ..Processes::default()
        };
        assert_eq!(Processes::read(&root, run), Some(expected));
        assert_eq!(run.skipped(), 0);
    }

    #[test]
    fn a_part_of_the_processes_is_no_number() {
        let late = &mut Run::within(Duration::ZERO);
        let (_folder, root) = world(&[(1, "1 (init) S 0 1 1")]);
        assert_eq!(Processes::read(&root, late), None);
        assert_eq!(late.skipped(), 1);
        let run = &mut Run::within(Duration::from_secs(60));
        let (_folder, root) = world(&[(7, "7 (mine) S 0 1 1")]);
        assert_eq!(Processes::read(&root, run), None, "the first one is hidden");
        let (_folder, root) = world(&[(1, "1 (init) S 0 1 1"), (7, "7 (cut")]);
        assert_eq!(Processes::read(&root, run), None);
    }
}
