//! What each side writes about a migration when it is over: one line of JSON.

use std::{
    collections::BTreeMap,
    fs::OpenOptions,
    io::{self, Write as _},
    path::PathBuf,
};

use serde::Serialize;

/// Where lines go.
#[derive(Clone, Debug)]
pub(crate) enum Log {
    Stdout,
    File(PathBuf),
}

/// What the source knows.
#[derive(Clone, Debug, Default, Serialize)]
pub(crate) struct SourceReport {
    pub(crate) side: &'static str,
    pub(crate) migration: u64,
    pub(crate) source: String,
    pub(crate) destination: String,
    pub(crate) mode: &'static str,
    /// `success`, `failed` or `cancelled`.
    pub(crate) outcome: &'static str,
    pub(crate) error_type: Option<&'static str>,
    pub(crate) error: Option<String>,
    /// The phase it ended in.
    pub(crate) phase: &'static str,
    pub(crate) seconds: f64,
    pub(crate) phases: BTreeMap<&'static str, f64>,
    pub(crate) memory_bytes: u64,
    /// The rounds of pre-copy, while the guest ran.
    pub(crate) rounds: Vec<RoundReport>,
    /// The one while it stood still.
    pub(crate) last_round: Option<RoundReport>,
    /// Payload bytes that were handed to streams, by network mode, those sent again included.
    pub(crate) sent_bytes: BTreeMap<&'static str, u64>,
    pub(crate) sent_again_bytes: u64,
    /// By algorithm: pages, bytes before, bytes after.
    pub(crate) encoded: BTreeMap<&'static str, EncodedReport>,
    pub(crate) downtime_seconds: Option<f64>,
    pub(crate) retries: BTreeMap<&'static str, u64>,
    pub(crate) mode_switches: u64,
    pub(crate) streams: u32,
    pub(crate) verified_pages: Option<u64>,
    /// Where the guest is now: `source`, `destination`, or `nowhere` when the destination was asked
    /// to start it and cannot be asked whether it did.
    pub(crate) guest: &'static str,
}

/// One round of copying.
#[derive(Clone, Copy, Debug, Serialize)]
pub(crate) struct RoundReport {
    pub(crate) seconds: f64,
    pub(crate) copied_bytes: u64,
    pub(crate) encoded_bytes: u64,
    /// What was dirty when it ended.
    pub(crate) dirty_bytes: u64,
}

#[derive(Clone, Copy, Debug, Default, Serialize)]
pub(crate) struct EncodedReport {
    pub(crate) pages: u64,
    pub(crate) original_bytes: u64,
    pub(crate) encoded_bytes: u64,
}

/// What the destination knows.
#[derive(Clone, Debug, Default, Serialize)]
pub(crate) struct DestinationReport {
    pub(crate) side: &'static str,
    pub(crate) migration: u64,
    pub(crate) source: String,
    pub(crate) destination: String,
    pub(crate) outcome: &'static str,
    pub(crate) error: Option<String>,
    pub(crate) seconds: f64,
    pub(crate) memory_bytes: u64,
    /// Payload bytes that arrived, by network mode, those that came twice included.
    pub(crate) received_bytes: BTreeMap<&'static str, u64>,
    pub(crate) received_again_bytes: u64,
    pub(crate) applied_pages: u64,
    pub(crate) streams_opened: u64,
    pub(crate) verified_pages: Option<u64>,
    pub(crate) different_pages: Option<u64>,
    pub(crate) guest_started: bool,
}

impl Log {
    /// Writes a report as one line, at once: two processes may write to one file.
    ///
    /// # Errors
    /// When the file cannot be written to.
    pub(crate) fn write(&self, report: &impl Serialize) -> io::Result<()> {
        let mut line = serde_json::to_vec(report)?;
        line.push(b'\n');
        match self {
            Self::Stdout => io::stdout().write_all(&line),
            Self::File(path) => OpenOptions::new()
                .create(true)
                .append(true)
                .open(path)
                .and_then(|mut file| file.write_all(&line))
                .map_err(|error| {
                    io::Error::new(error.kind(), format!("{}: {error}", path.display()))
                }),
        }
    }
}
