//! The side that a guest leaves.
//!
//! | room | what happens there |
//! |---|---|
//! | `steps` | the migration itself, from the first connection to the last checksum |
//! | `lane` | one stream of pages, and what happens when it breaks |
//! | `window` | how much a stream keeps on its way |
//! | `road` | connections, and calls that are asked again |
//! | `meter` | how fast the link is, and how full |
//! | `predict` | how fast it will be next, and whether that is odd |
//! | `journal` | what happened, for telemetry and for the report |
//! | `error` | why a migration ends without a guest at the destination |

use std::{future::Future, net::SocketAddr, sync::Arc, time::Duration};

use novacron_telemetry::{catalog::dwcp::DwcpMode, prelude::*};
use tokio::{sync::mpsc, time::timeout};
use tonic::transport::Endpoint;

use crate::{
    guest::Guest,
    limit::Limit,
    memory::{Memory, PAGE},
    progress::Progress,
    report::SourceReport,
};
pub(crate) use error::MigrateError;
use journal::Journal;
pub(crate) use lane::payload;
use meter::Meter;
use road::{Never, Road};
use steps::Steps;

mod error;
mod journal;
mod lane;
mod meter;
mod predict;
mod road;
mod steps;
mod window;

/// What to migrate, where to, and how.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    pub(crate) node: String,
    pub(crate) to_node: String,
    pub(crate) to: SocketAddr,
    /// Bytes of memory.
    pub(crate) memory: u64,
    /// Bytes of pages that the guest changes per second.
    pub(crate) dirty_rate: u64,
    pub(crate) mode: DwcpMode,
    pub(crate) streams: u32,
    /// Bytes per second; `None` for as fast as it goes.
    pub(crate) bandwidth: Option<u64>,
    pub(crate) max_downtime: Duration,
    pub(crate) max_rounds: u32,
    /// Pause the guest after the last round however long that takes, rather than give up.
    pub(crate) force: bool,
    pub(crate) seed: u64,
}

/// A guest and its memory, on this node.
#[derive(Debug)]
pub(crate) struct Machine {
    pub(crate) memory: Arc<Memory>,
    pub(crate) guest: Arc<Guest>,
}

impl Machine {
    /// A machine that has run for a while, and runs on.
    pub(crate) fn start(plan: &Plan) -> Self {
        let pages = usize::try_from(plan.memory / PAGE as u64).unwrap_or(usize::MAX);
        let memory = Arc::new(Memory::used(pages, plan.seed));
        let guest = Guest::start(Arc::clone(&memory), plan.dirty_rate, plan.seed);
        Self {
            memory,
            guest: Arc::new(guest),
        }
    }
}

/// Migrates until it is done, has failed, or `cancel` is ready.
pub(crate) async fn run(
    plan: &Plan,
    machine: &Machine,
    cancel: impl Future<Output = ()>,
) -> (SourceReport, Result<(), MigrateError>) {
    let progress = Progress::new(plan.memory);
    let migration = fastrand::u64(..);
    let journal = Journal::new(plan, migration, progress.clone());
    let (open, mut ended) = mpsc::channel(1);
    let result = migrate(plan, machine, migration, &journal, &progress, open, cancel).await;
    let report = journal.end(result.as_ref().err());
    // The streams end a little after what they carried; their spans are part of the same trace.
    let _ = timeout(Duration::from_millis(500), ended.recv()).await;
    (report, result)
}

#[instrument_migration(
    source = &plan.node,
    destination = &plan.to_node,
    mode = plan.mode,
    kind = "live",
    outcome = |result| result.as_ref().map_or_else(MigrateError::outcome, |()| Outcome::Success),
)]
async fn migrate(
    plan: &Plan,
    machine: &Machine,
    migration: u64,
    journal: &Journal,
    progress: &Progress,
    open: mpsc::Sender<Never>,
    cancel: impl Future<Output = ()>,
) -> Result<(), MigrateError> {
    journal.begin();
    let endpoint = Endpoint::from_shared(format!("http://{}", plan.to))
        .map_err(|why| MigrateError::Unreachable {
            to: plan.to.to_string(),
            why,
        })?
        .connect_timeout(Duration::from_secs(3))
        .tcp_nodelay(true);
    let road = Road {
        endpoint,
        migration,
        memory: Arc::clone(&machine.memory),
        limit: plan.bandwidth.map(Limit::new),
        open,
    };
    let meter = Meter::new(format!("{}-{}", plan.node, plan.to_node), plan.bandwidth);
    let mut steps = Steps::new(plan, machine, &road, journal, &meter);
    let result = tokio::select! {
        biased;
        () = cancel => Err(MigrateError::Cancelled),
        result = steps.all() => result,
        never = meter.run(journal, &machine.memory, progress) => match never {},
    };
    if let Err(error) = &result {
        steps.undo(error).await;
    }
    result
}
