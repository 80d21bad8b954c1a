//! What `#[instrument_migration]` calls.

use std::future::Future;

use super::run::MigrationWork;
use super::{Migration, MigrationHandle};
use crate::catalog::dwcp::DwcpMode;
use crate::catalog::vm::MigrationType;
use crate::metric::Seconds;
use crate::record::guard::{Counted, count};
use crate::record::{AsResult, Outcome, Recorder};

/// Where an `#[instrument_migration]` stands: between which nodes, and how.
#[derive(Debug)]
pub struct MigrationSite(Migration);

impl MigrationSite {
    /// A function that migrates from one node to another.
    pub fn new(recorder: Recorder, source: impl AsRef<str>, destination: impl AsRef<str>) -> Self {
        Self(Migration::new_with(recorder, source, destination))
    }

    /// The network mode it runs in.
    #[must_use]
    pub fn mode(self, mode: impl Into<Option<DwcpMode>>) -> Self {
        Self(self.0.mode(mode))
    }

    /// The kind of VM migration it is.
    #[must_use]
    pub fn kind(self, kind: impl Into<Option<MigrationType>>) -> Self {
        Self(self.0.kind(kind))
    }
}

/// What a finished migration says about itself.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Measured {
    /// Bytes that were moved.
    pub bytes: Option<u64>,
    /// How long the guest stood still, in seconds.
    pub downtime: Option<f64>,
}

/// Measures nothing.
pub fn no_measure<T>(_: &T) -> Measured {
    Measured::default()
}

/// Reads the bytes that a successful migration moved.
pub fn measure_bytes<R: AsResult>(
    bytes: impl FnOnce(&R::Value) -> u64,
) -> impl FnOnce(&R) -> Measured {
    read_value(|done: &R::Value| Measured {
        bytes: Some(bytes(done)),
        downtime: None,
    })
}

/// Reads how long the guest stood still in a successful migration.
pub fn measure_downtime<R: AsResult, S: Into<Seconds>>(
    downtime: impl FnOnce(&R::Value) -> S,
) -> impl FnOnce(&R) -> Measured {
    read_value(|done: &R::Value| Measured {
        bytes: None,
        downtime: Some(downtime(done).into().get()),
    })
}

/// Reads both.
pub fn measure<R: AsResult, S: Into<Seconds>>(
    bytes: impl FnOnce(&R::Value) -> u64,
    downtime: impl FnOnce(&R::Value) -> S,
) -> impl FnOnce(&R) -> Measured {
    read_value(|done: &R::Value| Measured {
        bytes: Some(bytes(done)),
        downtime: Some(downtime(done).into().get()),
    })
}

fn read_value<R: AsResult>(
    read: impl FnOnce(&R::Value) -> Measured,
) -> impl FnOnce(&R) -> Measured {
    |result| result.as_result().map(read).unwrap_or_default()
}

/// Runs a marked `async fn`.
pub fn migration_future<F, C, M>(
    site: MigrationSite,
    classify: C,
    measure: M,
    future: F,
) -> impl Future<Output = F::Output>
where
    F: Future,
    C: FnOnce(&F::Output) -> Outcome,
    M: FnOnce(&F::Output) -> Measured,
{
    let work = MigrationWork::begin(site.0);
    let classify = reading(work.handle(), measure, classify);
    Counted::new(work, classify, future)
}

/// Runs a marked `fn`.
pub fn migration_sync<R>(
    site: MigrationSite,
    classify: impl FnOnce(&R) -> Outcome,
    measure: impl FnOnce(&R) -> Measured,
    f: impl FnOnce() -> R,
) -> R {
    let work = MigrationWork::begin(site.0);
    let classify = reading(work.handle(), measure, classify);
    count(work, classify, f)
}

/// Reads what the result says about the migration before how it ended.
fn reading<R>(
    handle: MigrationHandle,
    measure: impl FnOnce(&R) -> Measured,
    classify: impl FnOnce(&R) -> Outcome,
) -> impl FnOnce(&R) -> Outcome {
    move |result| {
        let Measured { bytes, downtime } = measure(result);
        handle.tell(bytes, downtime);
        classify(result)
    }
}
