//! The servers that `scripts/lab` started: what is there, and guards that undo what a test did.

use std::fmt::{self, Display};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

/// One test has the lab at a time: they stop, kill and migrate what the others look at.
static TURN: Mutex<()> = Mutex::new(());

/// The lab, for the length of a test.
pub(crate) struct Lab {
    folder: PathBuf,
    _turn: MutexGuard<'static, ()>,
}

/// A part of the lab that may be missing on a machine.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Part {
    Libvirt,
    Podman,
    NodeExporter,
    Prometheus,
}

impl Part {
    fn name(self) -> &'static str {
        match self {
            Part::Libvirt => "libvirt",
            Part::Podman => "podman",
            Part::NodeExporter => "node_exporter",
            Part::Prometheus => "prometheus",
        }
    }
}

/// One of the two libvirtds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Side {
    A,
    B,
}

impl Display for Side {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Side::A => "a",
            Side::B => "b",
        })
    }
}

impl Lab {
    /// The lab if it is up and has all of these parts. If not, says that the test is left out.
    pub(crate) fn enter(test: &str, parts: &[Part]) -> Option<Lab> {
        let here = std::env::var("NOVACRON_LAB_PARTS").unwrap_or_default();
        let here: Vec<&str> = here.split_whitespace().collect();
        let missing: Vec<&str> = parts
            .iter()
            .map(|part| part.name())
            .filter(|name| !here.contains(name))
            .collect();
        let folder = std::env::var_os("NOVACRON_LAB").map(PathBuf::from);
        match folder {
            Some(folder) if missing.is_empty() => Some(Lab {
                folder,
                // A test that failed let go of what it held; the others can go on.
                _turn: TURN.lock().unwrap_or_else(PoisonError::into_inner),
            }),
            _ => {
                println!(
                    "{test}: left out, no {} here; scripts/test live brings them up",
                    missing.join(", ")
                );
                None
            }
        }
    }

    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// The read-only socket of a side.
    pub(crate) fn socket(&self, side: Side) -> PathBuf {
        self.folder.join(format!("{side}/run/libvirt-sock-ro"))
    }

    /// Runs a script of `scripts/lab`; what it printed.
    #[track_caller]
    pub(crate) fn script(&self, name: &str, arguments: &[&str]) -> String {
        self.try_script(name, arguments)
            .unwrap_or_else(|why| panic!("scripts/lab/{name} {arguments:?}: {why}"))
    }

    pub(crate) fn try_script(&self, name: &str, arguments: &[&str]) -> Result<String, String> {
        let script = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("../scripts/lab")
            .join(name);
        said(
            Command::new(script)
                .args(arguments)
                .env("NOVACRON_LAB", &self.folder),
        )
    }

    /// virsh, the judge: on the same daemon, over the same read-only socket as ours.
    #[track_caller]
    pub(crate) fn virsh(&self, side: Side, arguments: &[&str]) -> String {
        self.try_virsh(side, arguments)
            .unwrap_or_else(|why| panic!("virsh {arguments:?} on side {side}: {why}"))
    }

    pub(crate) fn try_virsh(&self, side: Side, arguments: &[&str]) -> Result<String, String> {
        let socket = self.socket(side);
        said(
            Command::new("timeout")
                .args(["20", "virsh", "-q", "-r", "-c"])
                .arg(format!("qemu+unix:///system?socket={}", socket.display()))
                .args(arguments),
        )
    }

    /// Starts a guest and waits until its kernel is up. Gone at the end of the test. The tests
    /// count from 4, so that guests which somebody started by hand stay as they are.
    #[track_caller]
    pub(crate) fn guest(&self, number: u8) -> Guest<'_> {
        // The guard first: a start that fails half-way leaves nothing either.
        let guest = Guest { lab: self, number };
        self.script("guest", &["start", &number.to_string()]);
        guest
    }

    /// Defines a guest and leaves it switched off. Gone at the end of the test.
    #[track_caller]
    pub(crate) fn defined_guest(&self, number: u8) -> Guest<'_> {
        let guest = Guest { lab: self, number };
        self.script("guest", &["define", &number.to_string()]);
        guest
    }

    /// The process of a side's libvirtd.
    #[track_caller]
    pub(crate) fn libvirtd(&self, side: Side) -> Pid {
        Pid::parse(&self.script("guest", &["libvirtd", &side.to_string()]))
    }

    /// Kills a side's libvirtd; it runs again at the end of the test, if not before.
    #[track_caller]
    pub(crate) fn kill_libvirtd(&self, side: Side) -> Killed<'_> {
        let process = self.libvirtd(side);
        let killed = Killed {
            lab: self,
            side,
            restarted: false,
        };
        process.signal("KILL").expect("it runs");
        killed
    }
}

/// A libvirtd that is no more.
pub(crate) struct Killed<'a> {
    lab: &'a Lab,
    side: Side,
    restarted: bool,
}

impl Killed<'_> {
    /// Starts it again, and waits until it answers.
    pub(crate) fn restart(mut self) {
        self.request();
        wait_for("libvirtd answers again", Duration::from_secs(60), || {
            self.lab.try_virsh(self.side, &["version"]).ok()
        });
    }

    fn request(&mut self) {
        let file = self.lab.folder.join(format!("{}/restart", self.side));
        match std::fs::write(&file, "") {
            Ok(()) => self.restarted = true,
            Err(why) => println!("{}: {why}", file.display()),
        }
    }
}

impl Drop for Killed<'_> {
    fn drop(&mut self) {
        if !self.restarted {
            self.request();
        }
    }
}

/// A running guest.
pub(crate) struct Guest<'a> {
    lab: &'a Lab,
    number: u8,
}

impl Guest<'_> {
    pub(crate) fn name(&self) -> String {
        format!("lab{}", self.number)
    }

    /// Its interface of this machine, while it is on side a.
    pub(crate) fn tap(&self) -> String {
        format!("nvlab{}a", self.number)
    }

    /// The process of its emulator on side a.
    #[track_caller]
    pub(crate) fn qemu(&self) -> Pid {
        Pid::parse(
            &self
                .lab
                .script("guest", &["qemu", &self.number.to_string()]),
        )
    }

    /// Begins a live migration from side a to side b, at so many MiB/s.
    pub(crate) fn migrate(&self, speed: u32) -> thread::JoinHandle<Result<String, String>> {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../scripts/lab/guest");
        let folder = self.lab.folder.clone();
        let (number, speed) = (self.number.to_string(), speed.to_string());
        thread::spawn(move || {
            said(
                Command::new(script)
                    .args(["migrate", &number, &speed])
                    .env("NOVACRON_LAB", folder),
            )
        })
    }
}

impl Drop for Guest<'_> {
    fn drop(&mut self) {
        let stopped = self
            .lab
            .try_script("guest", &["stop", &self.number.to_string()]);
        if let Err(why) = stopped {
            println!("lab{} could not be stopped: {why}", self.number);
        }
    }
}

/// A process that we may stop and continue.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pid(u32);

impl Pid {
    #[track_caller]
    fn parse(text: &str) -> Pid {
        Pid(text.trim().parse().expect("the script prints a process id"))
    }

    pub(crate) fn of(child: &std::process::Child) -> Pid {
        Pid(child.id())
    }

    /// SIGSTOP until the guard goes.
    #[track_caller]
    pub(crate) fn stopped(self) -> Stopped {
        self.signal("STOP").expect("the process is there");
        Stopped(self)
    }

    pub(crate) fn signal(self, name: &str) -> Result<String, String> {
        said(
            Command::new("kill")
                .arg(format!("-{name}"))
                .arg(self.0.to_string()),
        )
    }

    /// A file of its folder in /proc.
    pub(crate) fn proc(self, file: &str) -> String {
        std::fs::read_to_string(format!("/proc/{}/{file}", self.0)).unwrap_or_default()
    }
}

/// A process that stands still; it goes on when this is dropped.
pub(crate) struct Stopped(Pid);

impl Drop for Stopped {
    fn drop(&mut self) {
        if let Err(why) = self.0.signal("CONT") {
            println!("{:?} could not be continued: {why}", self.0);
        }
    }
}

/// Tries until there is an answer; panics with what was waited for if there never is one.
#[track_caller]
pub(crate) fn wait_for<T>(
    what: &str,
    at_most: Duration,
    mut attempt: impl FnMut() -> Option<T>,
) -> T {
    let begun = Instant::now();
    loop {
        if let Some(answer) = attempt() {
            return answer;
        }
        assert!(begun.elapsed() < at_most, "not within {at_most:?}: {what}");
        thread::sleep(Duration::from_millis(100));
    }
}

/// Runs a program to its end: what it said, or why it failed.
pub(crate) fn said(command: &mut Command) -> Result<String, String> {
    let output = command
        .stdin(Stdio::null())
        .output()
        .map_err(|why| format!("{command:?}: {why}"))?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    Err(format!(
        "{}; {}",
        output.status,
        String::from_utf8_lossy(&output.stderr).trim()
    ))
}
