//! `nova-metrics` itself, with a NovaFile of a test's own.

use std::fs;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use crate::lab::{Lab, Pid, wait_for};
use crate::scrape::{self, Exposition};

/// A running `nova-metrics`; stopped at the end of the test.
pub(crate) struct Exporter {
    child: Child,
    address: SocketAddr,
    log: PathBuf,
}

impl Exporter {
    /// Starts it on a free port of this machine. `rest` is what follows `[metrics]` and its
    /// `listen` in the NovaFile: more keys of that table, then the collectors'.
    #[track_caller]
    pub(crate) fn start(lab: &Lab, name: &str, rest: &str) -> Exporter {
        Exporter::start_with(lab, name, rest, &[])
    }

    /// The same with more on its command line.
    #[track_caller]
    pub(crate) fn start_with(lab: &Lab, name: &str, rest: &str, flags: &[&str]) -> Exporter {
        let address = free_address();
        let folder = lab.folder().join("exporter");
        fs::create_dir_all(&folder).expect("the lab's folder can be written");
        let file = folder.join(format!("{name}.NovaFile"));
        let log = folder.join(format!("{name}.log"));
        fs::write(&file, format!("[metrics]\nlisten = \"{address}\"\n{rest}"))
            .expect("the lab's folder can be written");
        let stderr = fs::File::create(&log).expect("the lab's folder can be written");
        let child = Command::new(env!("CARGO_BIN_EXE_nova-metrics"))
            .arg("--config")
            .arg(&file)
            .args(flags)
            .stdin(Stdio::null())
            .stdout(stderr.try_clone().expect("a file can be shared"))
            .stderr(stderr)
            .spawn()
            .expect("nova-metrics starts");
        let mut exporter = Exporter {
            child,
            address,
            log,
        };
        exporter.wait_until_it_answers();
        exporter
    }

    #[track_caller]
    fn wait_until_it_answers(&mut self) {
        let begun = Instant::now();
        while scrape::get(self.address, "/metrics").is_err() {
            let ended = self.child.try_wait().expect("our own child");
            assert!(
                ended.is_none() && begun.elapsed() < Duration::from_secs(15),
                "nova-metrics does not answer ({ended:?}): {}",
                fs::read_to_string(&self.log).unwrap_or_default()
            );
            thread::sleep(Duration::from_millis(50));
        }
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    pub(crate) fn pid(&self) -> Pid {
        Pid::of(&self.child)
    }

    /// What it shows now, and how long it took to say so.
    #[track_caller]
    pub(crate) fn timed(&self) -> (Exposition, Duration) {
        let answer = scrape::get(self.address, "/metrics").expect("nova-metrics answers");
        assert_eq!(answer.status, 200, "{}", answer.body);
        (Exposition::parse(&answer.body), answer.took)
    }

    #[track_caller]
    pub(crate) fn scrape(&self) -> Exposition {
        self.timed().0
    }

    /// What it shows once each of these collectors has made a whole round that began after now:
    /// two rounds have ended by then, and the second began after the first.
    #[track_caller]
    pub(crate) fn after_rounds_of(&self, collectors: &[&str]) -> Exposition {
        let rounds = |shown: &Exposition| -> Vec<f64> {
            collectors
                .iter()
                .map(|collector| successes(shown, collector))
                .collect()
        };
        let before = rounds(&self.scrape());
        wait_for(
            &format!("two rounds of {collectors:?}"),
            Duration::from_secs(30),
            || {
                let shown = self.scrape();
                let all = rounds(&shown)
                    .iter()
                    .zip(&before)
                    .all(|(now, before)| *now >= before + 2.0);
                all.then_some(shown)
            },
        )
    }

    #[track_caller]
    pub(crate) fn after_a_round_of(&self, collector: &str) -> Exposition {
        self.after_rounds_of(&[collector])
    }
}

/// How often a collector has brought something home.
fn successes(shown: &Exposition, collector: &str) -> f64 {
    ["ok", "partial"]
        .iter()
        .filter_map(|result| {
            let labels = [("collector", collector), ("result", *result)];
            shown.value("novacron_collector_runs_total", &labels)
        })
        .sum()
}

impl Drop for Exporter {
    fn drop(&mut self) {
        // Politely first, so that its own way to stop is walked; it must not take long.
        let _ = self.pid().signal("TERM");
        let begun = Instant::now();
        while begun.elapsed() < Duration::from_secs(5) {
            if !matches!(self.child.try_wait(), Ok(None)) {
                return;
            }
            thread::sleep(Duration::from_millis(20));
        }
        println!("nova-metrics did not stop on SIGTERM within 5 s");
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// An address of this machine at which nobody listens.
pub(crate) fn free_address() -> SocketAddr {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
    listener.local_addr().expect("a bound socket has one")
}
