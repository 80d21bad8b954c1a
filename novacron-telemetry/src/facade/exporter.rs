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

fn add(
    registry: &Registry,
    handle: PrometheusHandle,
    most_bytes: usize,
    upkeep: Duration,
) -> Result<()> {
    let kept = handle.clone();
    let alive = keep_up(upkeep, move || kept.run_upkeep())?;
    registry.add_sources(Arc::new(Exporter {
        handle,
        most_bytes,
        complaints: Complaints::default(),
        _alive: alive,
    }));
    Ok(())
}

/// Does `work` at intervals, on a thread of its own, until what this returns is dropped.
fn keep_up(every: Duration, work: impl Fn() + Send + 'static) -> Result<Sender<()>> {
    let (alive, gone) = channel();
    let rounds = move || {
        // Nothing is ever sent: the channel closes when the registry goes.
        while gone.recv_timeout(every) == Err(RecvTimeoutError::Timeout) {
            // A panic in there is the exporter's; the next round may go better.
            let _ = catch_unwind(AssertUnwindSafe(&work));
        }
    };
    std::thread::Builder::new()
        .name("novacron-upkeep".to_owned())
        .spawn(rounds)
        .map_err(|error| {
            Error::new(ErrorKind::Exporter, "metrics-exporter-prometheus").with_source(error)
        })?;
    Ok(alive)
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
            tracing::warn!(
                reason,
                "something of metrics-exporter-prometheus is left out"
            );
        });
    }
}

// The facade's own crate is how a recorder is filled.
#[cfg(all(test, feature = "facade"))]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};
    use std::time::Instant;

    use metrics_exporter_prometheus::PrometheusBuilder;

    use super::*;

    /// Waits for what another thread does; `false` if it took too long.
    fn soon(what: impl Fn() -> bool) -> bool {
        let begun = Instant::now();
        while !what() {
            if begun.elapsed() > Duration::from_secs(20) {
                return false;
            }
            std::thread::sleep(Duration::from_millis(2));
        }
        true
    }

    #[test]
    fn upkeep_goes_on_after_a_panic_and_ends_with_its_owner() {
        let rounds = Arc::new(AtomicU32::new(0));
        let counted = Arc::clone(&rounds);
        let alive = keep_up(Duration::from_millis(1), move || {
            let round = counted.fetch_add(1, Ordering::Relaxed);
            assert_ne!(round, 1, "the second round fails on purpose");
        });
        let alive = alive.unwrap();
        assert!(soon(|| rounds.load(Ordering::Relaxed) >= 3));
        drop(alive);
        assert!(
            soon(|| Arc::strong_count(&rounds) == 1),
            "the thread is gone"
        );
    }

    #[test]
    fn text_past_the_limit_costs_the_family_it_is_in_and_is_counted_once() {
        let recorder = PrometheusBuilder::new().build_recorder();
        let here = metrics_of(&recorder, 1_000);
        let registry = Registry::new();
        add(&registry, here, 10_000, Duration::from_secs(3600)).unwrap();
        for _ in 0..3 {
            assert_eq!(registry.snapshot().families().count(), 0);
            assert_eq!(registry.refusals(), 1);
        }
    }

    #[allow(
        clippy::disallowed_macros,
        reason = "this is the macro that the exporter is for"
    )]
    /// The handle of a recorder that holds one family with this many series.
    fn metrics_of(
        recorder: &metrics_exporter_prometheus::PrometheusRecorder,
        series: u32,
    ) -> PrometheusHandle {
        metrics::with_local_recorder(recorder, || {
            for n in 0..series {
                metrics::counter!("many", "n" => n.to_string()).increment(1);
            }
        });
        recorder.handle()
    }
}
