//! What the tests of verbs share: a recorder of their own, and what it shows.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use novacron_telemetry::Registry;
use novacron_telemetry::catalog::Catalog;
use novacron_telemetry::record::{Recorder, Settings};
use novacron_telemetry::registry::{Groups, Snapshot};

/// A recorder that nobody else writes to.
pub(crate) struct Books {
    pub(crate) registry: Registry,
    pub(crate) recorder: Recorder,
}

impl Books {
    /// Every group is on.
    pub(crate) fn new() -> Self {
        Self::of(Groups::ALL)
    }

    /// Only these groups are on, so that a snapshot costs less.
    pub(crate) fn of(groups: Groups) -> Self {
        let registry = Registry::new();
        let catalog = Catalog::register(&registry, groups).unwrap();
        Self {
            registry,
            recorder: Recorder::new(catalog, Settings::default()),
        }
    }

    pub(crate) fn snapshot(&self) -> Snapshot {
        self.registry.snapshot()
    }

    /// The sum over all series of a family that carry these labels, without `novacron_` in front.
    pub(crate) fn sum(&self, family: &str, labels: &[(&str, &str)]) -> f64 {
        let name = format!("novacron_{family}");
        let snapshot = self.snapshot();
        let known = snapshot.families().any(|(known, _)| known == name);
        assert!(known, "there is no family {name}");
        snapshot.sum(&name, labels)
    }

    /// Requests that ended with each status, and how many are in flight: all a request can be.
    pub(crate) fn requests(&self) -> Requests {
        let snapshot = self.snapshot();
        let mut ended: Vec<_> = snapshot
            .series("novacron_api_requests_total")
            .iter()
            .filter(|series| series.sample.value() > 0.0)
            .map(|series| {
                let status = series
                    .labels
                    .iter()
                    .find(|(name, _)| name == "status")
                    .unwrap();
                (status.1.parse().unwrap(), series.sample.value() as u64)
            })
            .collect();
        ended.sort_unstable();
        Requests {
            ended,
            in_flight: snapshot.sum("novacron_api_requests_in_flight", &[]) as u64,
        }
    }
}

/// See [`Books::requests`].
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Requests {
    /// Status, count.
    pub(crate) ended: Vec<(u16, u64)>,
    pub(crate) in_flight: u64,
}

impl Requests {
    /// Nothing is in flight, and these ended.
    pub(crate) fn ended(ended: &[(u16, u64)]) -> Self {
        Self {
            ended: ended.to_vec(),
            in_flight: 0,
        }
    }
}

/// Polls once.
pub(crate) fn poll<F: Future + ?Sized>(future: Pin<&mut F>) -> Poll<F::Output> {
    future.poll(&mut Context::from_waker(Waker::noop()))
}

/// Is pending once, then ready.
pub(crate) async fn wait() {
    let mut waited = false;
    std::future::poll_fn(|_| match std::mem::replace(&mut waited, true) {
        true => Poll::Ready(()),
        false => Poll::Pending,
    })
    .await;
}

/// Unwinds without a word on the terminal.
pub(crate) fn quiet_panic() -> ! {
    std::panic::resume_unwind(Box::new("on purpose"))
}
