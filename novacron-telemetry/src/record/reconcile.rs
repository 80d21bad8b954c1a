//! Reconcile loops and their queues.

use super::clock::Moment;
use super::current::with_current;
use super::run::{Held, Run};
use super::{Recorder, current};
use crate::catalog::reconcile::{KindLabels, ReconcileLabels, ReconcileOutcome, ResourceKind};
use crate::context::FinishedSpan;
use crate::metric::{Counter, Gauge, Histogram, InFlight, Seconds, UpDownGauge};

/// A reconcile loop that is running. Dropped without [`finish`](Reconcile::finish), it broke: its
/// outcome is `error`.
///
/// ```
/// use novacron_telemetry::catalog::reconcile::{ReconcileOutcome, ResourceKind};
/// use novacron_telemetry::record::Reconcile;
///
/// Reconcile::begin(ResourceKind::VirtualMachine).finish(ReconcileOutcome::Requeue);
/// ```
#[derive(Debug)]
#[must_use = "dropped at once, the loop counts as an error"]
pub struct Reconcile(Held<Loop>);

impl Reconcile {
    /// A loop over a resource of this kind begins.
    pub fn begin(kind: ResourceKind) -> Self {
        Self::begin_with(current::current(), kind)
    }

    /// A loop begins that is recorded by `recorder`.
    pub fn begin_with(recorder: Recorder, kind: ResourceKind) -> Self {
        Self(Held::new(recorder, Loop(kind)))
    }

    /// It is over.
    pub fn finish(self, outcome: impl Into<ReconcileOutcome>) {
        self.0.finish(outcome.into());
    }
}

/// A reconcile loop over a resource of this kind.
#[derive(Debug)]
pub struct Loop(pub(super) ResourceKind);

impl Run for Loop {
    type Verdict = ReconcileOutcome;
    type Measured = ();

    fn describe(&self, span: &mut FinishedSpan) {
        span.name = "reconcile".into();
        span.set("resource.kind", self.0.as_str());
    }

    fn begin(&self, _: &Recorder) {}

    fn end(self, recorder: &Recorder, begun: Moment, outcome: ReconcileOutcome, (): ()) {
        let (reconcile, Self(kind)) = (&recorder.catalog().reconcile, self);
        reconcile
            .manager_reconcile_total
            .inc(&ReconcileLabels { kind, outcome });
        reconcile
            .manager_reconcile_duration_seconds
            .observe(&KindLabels { kind }, Moment::now().since(begun));
    }
}

/// What one queue says about itself. Held by whoever owns the queue.
///
/// ```
/// use novacron_telemetry::catalog::reconcile::ResourceKind;
/// use novacron_telemetry::record::WorkQueue;
///
/// let queue = WorkQueue::new(ResourceKind::VmSnapshot);
/// queue.added();
/// queue.waiting(1, 0.2);
/// queue.taken(0.2).processed();
/// ```
#[derive(Clone, Debug)]
pub struct WorkQueue {
    depth: Gauge,
    oldest: Gauge,
    adds: Counter,
    retries: Counter,
    processed: Counter,
    wait: Histogram,
    busy: UpDownGauge,
}

impl WorkQueue {
    /// The queue of this kind of resource.
    #[must_use]
    pub fn new(kind: ResourceKind) -> Self {
        Self::new_with(&current::current(), kind)
    }

    /// The queue of this kind of resource, recorded by `recorder`.
    #[must_use]
    pub fn new_with(recorder: &Recorder, kind: ResourceKind) -> Self {
        let (reconcile, kind) = (&recorder.catalog().reconcile, KindLabels { kind });
        Self {
            depth: reconcile.queue_depth.with(&kind),
            oldest: reconcile.queue_oldest_item_age_seconds.with(&kind),
            adds: reconcile.queue_adds_total.with(&kind),
            retries: reconcile.queue_retries_total.with(&kind),
            processed: reconcile.queue_processed_total.with(&kind),
            wait: reconcile.queue_wait_seconds.with(&kind),
            busy: reconcile.queue_workers_busy.with(&kind),
        }
    }

    /// An item was put on the queue.
    pub fn added(&self) {
        self.adds.inc();
    }

    /// So many items wait, the oldest of them for this long.
    pub fn waiting(&self, items: u64, oldest: impl Into<Seconds>) {
        self.depth.set(items as f64);
        self.oldest.set(oldest.into().get());
    }

    /// A worker took an item that had waited for this long.
    pub fn taken(&self, waited: impl Into<Seconds>) -> QueueItem {
        self.wait.observe(waited);
        QueueItem {
            retries: self.retries,
            processed: self.processed,
            _busy: self.busy.guard(),
        }
    }
}

/// An item that keeps a worker busy until this is dropped. Dropped without a word it is neither
/// processed nor put back: it is lost, or somebody else's.
#[derive(Debug)]
#[must_use = "dropped at once, no worker is busy with it"]
pub struct QueueItem {
    retries: Counter,
    processed: Counter,
    _busy: InFlight,
}

impl QueueItem {
    /// It is done.
    pub fn processed(self) {
        self.processed.inc();
    }

    /// It failed and was put back.
    pub fn put_back(self) {
        self.retries.inc();
    }
}

/// Whether this manager holds leadership.
///
/// ```
/// novacron_telemetry::record::update_leader(true);
/// ```
pub fn update_leader(leads: bool) {
    with_current(|recorder| {
        recorder
            .catalog()
            .reconcile
            .manager_leader
            .set(f64::from(leads));
    });
}
