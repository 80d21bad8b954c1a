//! A host's metrics-exporter-prometheus as one more source.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::time::Duration;

use metrics_exporter_prometheus::PrometheusHandle;

use super::complaint::Complaints;
use super::exposition::Reader;
use crate::error::{Error, ErrorKind, Result};
use crate::metric::visit::Source;
use crate::registry::{Provider, Registry};

/// The most text that is read from an exporter, in bytes.
const MOST_BYTES: usize = 16 * 1024 * 1024;

/// How often its histograms are drained: as often as the exporter itself does it where it runs a
/// task for that.
const UPKEEP: Duration = Duration::from_secs(5);

impl Registry {
    /// Shows what a metrics-exporter-prometheus of this process holds, among the families of this
    /// registry. See the [module docs](crate::facade).
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Exporter`] if the thread for its upkeep cannot be started.
    pub fn add_exporter(&self, handle: PrometheusHandle) -> Result<()> {
        add(self, handle, MOST_BYTES, UPKEEP)
    }
}

pub(super) fn add(
    registry: &Registry,
    handle: PrometheusHandle,
    most_bytes: usize,
    upkeep: Duration,
) -> Result<()> {
    let (alive, gone) = channel::<()>();
    let kept = handle.clone();
    std::thread::Builder::new()
        .name("novacron-upkeep".to_owned())
        .spawn(move || {
            // Nothing is ever sent: the channel closes when the registry goes.
            while gone.recv_timeout(upkeep) == Err(RecvTimeoutError::Timeout) {
                // A panic in there is the exporter's; the next round may go better.
                let _ = catch_unwind(AssertUnwindSafe(|| kept.run_upkeep()));
            }
        })
        .map_err(|error| {
            Error::new(ErrorKind::Exporter, "metrics-exporter-prometheus").with_source(error)
        })?;
    registry.add_sources(Arc::new(Exporter {
        handle,
        most_bytes,
        complaints: Complaints::default(),
        _alive: alive,
    }));
    Ok(())
}

struct Exporter {
    handle: PrometheusHandle,
    most_bytes: usize,
    complaints: Complaints,
    /// Dropped with the registry, which ends the upkeep.
    _alive: Sender<()>,
}

impl Provider for Exporter {
    fn sources(&self, registry: &Registry) -> Vec<Arc<dyn Source>> {
        let mut reader = Reader::new(self.most_bytes, |name| registry.is_constant_label(name));
        let whole = self.handle.render_to_write(&mut reader).is_ok();
        let read = reader.finish(whole);
        for (family, why) in read.complaints {
            self.complain(registry, &format!("`{}`: {why}", family.escape_debug()));
        }
        read.families
            .into_iter()
            .map(|family| Arc::new(family) as Arc<dyn Source>)
            .collect()
    }

    fn refused(&self, registry: &Registry, error: &Error) {
        self.complain(registry, &error.to_string());
    }
}

impl Exporter {
    /// Counts and says a thing once, not at each scrape.
    fn complain(&self, registry: &Registry, reason: &str) {
        self.complaints.once(reason, || {
            registry.count_refusal();
            tracing::warn!(reason, "something of metrics-exporter-prometheus is left out");
        });
    }
}
