//! Telling systemd how it goes: `sd_notify`, where there is somebody to tell.

use std::env;
use std::io;
use std::os::linux::net::SocketAddrExt as _;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::net::{SocketAddr, UnixDatagram};
use std::time::Duration;

/// The socket of `NOTIFY_SOCKET`, if there is one.
#[derive(Debug, Default)]
pub(crate) struct Notify(Option<(UnixDatagram, SocketAddr)>);

impl Notify {
    /// As the environment says. A socket that cannot be had is nobody to tell.
    pub(crate) fn from_env() -> Self {
        let open = || {
            let name = env::var_os("NOTIFY_SOCKET").filter(|name| !name.is_empty())?;
            let address = address(name.as_bytes()).ok()?;
            let socket = UnixDatagram::unbound().ok()?;
            // A supervisor that does not read must not hold us up.
            socket.set_nonblocking(true).ok()?;
            Some((socket, address))
        };
        Self(open())
    }

    /// It answers from now on, or again.
    pub(crate) fn ready(&self, status: &str) {
        self.send(&format!("READY=1\nSTATUS={status}"));
    }

    /// It reads its files again; [`ready`](Self::ready) follows.
    pub(crate) fn reloading(&self) {
        let now = rustix::time::clock_gettime(rustix::time::ClockId::Monotonic);
        let microseconds = i128::from(now.tv_sec) * 1_000_000 + i128::from(now.tv_nsec) / 1_000;
        self.send(&format!("RELOADING=1\nMONOTONIC_USEC={microseconds}"));
    }

    /// It is about to end.
    pub(crate) fn stopping(&self) {
        self.send("STOPPING=1\nSTATUS=ending the scrapes that are under way");
    }

    /// It is alive.
    pub(crate) fn alive(&self) {
        self.send("WATCHDOG=1");
    }

    /// How often it must say that it is alive: half of what `WATCHDOG_USEC` allows, if that is meant
    /// for this process.
    pub(crate) fn watchdog(&self) -> Option<Duration> {
        self.0.as_ref()?;
        let number = |name: &str| env::var(name).ok()?.parse::<u64>().ok();
        let other = number("WATCHDOG_PID").is_some_and(|pid| pid != u64::from(std::process::id()));
        let allowed = Duration::from_micros(number("WATCHDOG_USEC")?);
        (!other && !allowed.is_zero()).then(|| allowed / 2)
    }

    fn send(&self, state: &str) {
        if let Some((socket, address)) = &self.0 {
            let _ = socket.send_to_addr(state.as_bytes(), address);
        }
    }
}

/// The address of a name as systemd writes it: a path, or `@` and a name that is in no file system.
fn address(name: &[u8]) -> io::Result<SocketAddr> {
    match name {
        [b'@', name @ ..] => SocketAddr::from_abstract_name(name),
        path => SocketAddr::from_pathname(std::ffi::OsStr::from_bytes(path)),
    }
}
