//! What a domain's job has done, and how it ended, as libvirt says it.

use super::protocol::{self, Domain, Value};
use super::xdr::XdrError;

/// What a job does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Operation {
    /// Not told, or not known here.
    #[default]
    Unknown,
    /// Starts the domain.
    Start,
    /// Saves it to a file.
    Save,
    /// Restores it from one.
    Restore,
    /// Takes it over from another host.
    MigrationIn,
    /// Moves it to another host.
    MigrationOut,
    /// Takes a snapshot.
    Snapshot,
    /// Goes back to one.
    SnapshotRevert,
    /// Writes its memory to a file.
    Dump,
    /// Backs its disks up.
    Backup,
    /// Removes a snapshot.
    SnapshotDelete,
}

impl Operation {
    fn from_number(number: u64) -> Self {
        match number {
            1 => Self::Start,
            2 => Self::Save,
            3 => Self::Restore,
            4 => Self::MigrationIn,
            5 => Self::MigrationOut,
            6 => Self::Snapshot,
            7 => Self::SnapshotRevert,
            8 => Self::Dump,
            9 => Self::Backup,
            10 => Self::SnapshotDelete,
            _ => Self::Unknown,
        }
    }
}

/// Whether a job runs, or how it ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Phase {
    /// There is none.
    #[default]
    None,
    /// It runs.
    Running,
    /// It did what it was to do.
    Completed,
    /// It did not.
    Failed,
    /// Somebody stopped it.
    Cancelled,
}

/// A job's numbers. Sizes are in bytes, times in milliseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct JobStats {
    /// Whether it runs.
    pub phase: Phase,
    /// What it does.
    pub operation: Operation,
    /// Whether it did it, as the event of its end says.
    pub success: Option<bool>,
    /// Time since it began.
    pub elapsed_ms: Option<u64>,
    /// The guest's pause: as expected while it runs, as measured once it ended.
    pub downtime_ms: Option<u64>,
    /// Memory and disks together.
    pub data: Progress,
    /// Memory alone.
    pub memory: Progress,
    /// Disks alone.
    pub disk: Progress,
    /// Bytes of memory moved per second.
    pub memory_bps: Option<u64>,
    /// Pages the guest changes per second.
    pub dirty_pages: Option<u64>,
    /// The size of one of those pages.
    pub page_size: Option<u64>,
    /// Passes over the memory.
    pub iterations: Option<u64>,
    /// Pages asked for by the destination.
    pub postcopy_requests: Option<u64>,
    /// Share of CPU time taken from the guest, in percent.
    pub throttle_percent: Option<u64>,
}

/// How much is to be moved, was moved, and is left.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    /// To be moved.
    pub total: Option<u64>,
    /// Moved; what was moved twice counts twice.
    pub processed: Option<u64>,
    /// Still to be moved.
    pub remaining: Option<u64>,
}

impl Progress {
    /// As long as the total is 0 nothing has been measured: the others are no numbers either.
    fn measured(self) -> Self {
        match self.total {
            Some(0) | None => Self::default(),
            Some(_) => self,
        }
    }
}

impl JobStats {
    /// Bytes the guest changes per second. In its first pass a job has not measured it, and says 0.
    #[must_use]
    pub fn dirty_bytes_per_second(&self) -> Option<f64> {
        let measured = self.iterations.is_some_and(|iterations| iterations >= 2);
        let bytes = self.dirty_pages? as f64 * self.page_size? as f64;
        measured.then_some(bytes)
    }

    fn param(&mut self, field: &[u8], value: Value<'_>) {
        let count = value.count();
        match field {
            b"operation" => {
                self.operation = count.map_or(Operation::Unknown, Operation::from_number);
            }
            b"success" => {
                self.success = match value {
                    Value::Bool(success) => Some(success),
                    Value::Signed(_) | Value::Unsigned(_) | Value::Double(_) | Value::Text(_) => {
                        None
                    }
                }
            }
            b"time_elapsed" => self.elapsed_ms = count,
            b"downtime" => self.downtime_ms = count,
            b"data_total" => self.data.total = count,
            b"data_processed" => self.data.processed = count,
            b"data_remaining" => self.data.remaining = count,
            b"memory_total" => self.memory.total = count,
            b"memory_processed" => self.memory.processed = count,
            b"memory_remaining" => self.memory.remaining = count,
            b"disk_total" => self.disk.total = count,
            b"disk_processed" => self.disk.processed = count,
            b"disk_remaining" => self.disk.remaining = count,
            b"memory_bps" => self.memory_bps = count,
            b"memory_dirty_rate" => self.dirty_pages = count,
            b"memory_page_size" => self.page_size = count,
            b"memory_iteration" => self.iterations = count,
            b"memory_postcopy_requests" => self.postcopy_requests = count,
            b"auto_converge_throttle" => self.throttle_percent = count,
            _ => {}
        }
    }

    fn finish(mut self) -> Self {
        self.data = self.data.measured();
        self.memory = self.memory.measured();
        self.disk = self.disk.measured();
        if self.memory == Progress::default() {
            self.iterations = None;
            self.postcopy_requests = None;
        }
        self
    }
}

/// The answer about one domain's job.
///
/// # Errors
///
/// If the payload is no such answer.
pub fn decode(payload: &[u8]) -> Result<JobStats, XdrError> {
    let mut stats = JobStats::default();
    let phase = protocol::job(payload, |field, value| {
        stats.param(field, value);
        Ok(())
    })?;
    stats.phase = match phase {
        1 | 2 => Phase::Running,
        3 => Phase::Completed,
        4 => Phase::Failed,
        5 => Phase::Cancelled,
        _ => Phase::None,
    };
    Ok(stats.finish())
}

/// The event of a job that ended, and whose it was.
///
/// # Errors
///
/// If the payload is no such event.
pub fn decode_event(payload: &[u8]) -> Result<(Domain, JobStats), XdrError> {
    let mut stats = JobStats::default();
    let domain = protocol::job_event(payload, |field, value| {
        stats.param(field, value);
        Ok(())
    })?;
    stats.phase = match stats.success {
        Some(false) => Phase::Failed,
        // Daemons that do not say so tell only of those that were completed.
        Some(true) | None => Phase::Completed,
    };
    Ok((domain, stats.finish()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_first_pass_has_no_dirty_rate_and_what_was_not_measured_is_not_zero() {
        let mut stats = JobStats::default();
        for (field, value) in [
            ("operation", 5),
            ("time_elapsed", 498),
            ("data_total", 0),
            ("data_remaining", 0),
            ("memory_total", 0),
            ("memory_dirty_rate", 0),
            ("memory_iteration", 0),
            ("memory_page_size", 4096),
        ] {
            stats.param(field.as_bytes(), Value::Unsigned(value));
        }
        let early = stats.finish();
        assert_eq!(early.operation, Operation::MigrationOut);
        assert_eq!(early.data, Progress::default());
        assert_eq!(
            (early.iterations, early.dirty_bytes_per_second()),
            (None, None)
        );

        stats.param(b"memory_total", Value::Unsigned(1 << 28));
        stats.param(b"memory_iteration", Value::Unsigned(1));
        assert_eq!(stats.finish().dirty_bytes_per_second(), None);
        stats.param(b"memory_iteration", Value::Unsigned(2));
        assert_eq!(stats.finish().dirty_bytes_per_second(), Some(0.0));
        stats.param(b"memory_dirty_rate", Value::Unsigned(150));
        assert_eq!(stats.finish().dirty_bytes_per_second(), Some(614_400.0));
    }
}
