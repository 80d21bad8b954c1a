//! A group whose fields a `macro_rules` writes itself, passes on, or passes on twice.

use novacron_telemetry::label::{LabelSet, LabelValue};
use novacron_telemetry::metric::{Counter, Family, Gauge, Histogram, buckets};
use novacron_telemetry::registry::MetricGroup;

#[derive(Clone, Copy, PartialEq, Eq, Hash, LabelValue)]
enum Plan {
    Free,
}

#[derive(Clone, Copy, PartialEq, Eq, Hash, LabelSet)]
struct PlanLabels {
    plan: Plan,
}

// Names, texts and types are its own.
macro_rules! written {
    ($name:ident) => {
        #[derive(Clone, MetricGroup)]
        #[metrics(prefix = "acme_written")]
        struct $name {
            /// Jobs that ended.
            jobs_total: Family<PlanLabels, Counter>,
            /// Time that a job waited.
            #[metric(unit = Seconds, buckets = buckets::HTTP, exemplars)]
            wait_seconds: Histogram,
        }
    };
}

// Some come from outside, some are its own.
macro_rules! mixed {
    ($name:ident { $($(#[$meta:meta])* $field:ident: $ty:ty),* $(,)? }) => {
        #[derive(Clone, MetricGroup)]
        #[metrics(prefix = "acme_mixed")]
        struct $name {
            $($(#[$meta])* $field: $ty,)*
            /// Errors met.
            errors_total: Counter,
        }
    };
}

// From one macro to the next.
macro_rules! outer {
    ($name:ident, $field:ident) => {
        mixed!($name {
            /// Things that wait.
            $field: Gauge,
            /// Things that are done.
            done_total: Family<PlanLabels, Counter>,
        });
    };
}

macro_rules! typed {
    ($name:ident, $($tokens:tt)*) => {
        #[derive(Clone, MetricGroup)]
        #[metrics(prefix = "acme_typed")]
        struct $name { $($tokens)* }
    };
}

written!(Written);

mixed!(Mixed {
    /// Items seen.
    #[metric(unit = "items")]
    items_total: Family<PlanLabels, Counter>,
    /// A level.
    level: Gauge,
});

outer!(Outer, waiting);

typed!(Typed,
    /// Time in a queue.
    #[metric(unit = Seconds, buckets = &[0.1, 1.0])]
    queue_seconds: Family<PlanLabels, Histogram>,
);

fn main() {
    assert_eq!(Written::JOBS_TOTAL.name, "acme_written_jobs_total");
    assert_eq!(Written::WAIT_SECONDS.buckets.len(), buckets::HTTP.len());
    assert_eq!(Mixed::ERRORS_TOTAL.name, "acme_mixed_errors_total");
    assert_eq!(Mixed::ITEMS_TOTAL.help, "Items seen.");
    assert_eq!(Outer::WAITING.name, "acme_mixed_waiting");
    assert_eq!(Outer::DONE_TOTAL.labels.len(), 1);
    assert_eq!(Typed::QUEUE_SECONDS.name, "acme_typed_queue_seconds");
    let _silent = (Written::noop(), Mixed::noop(), Outer::noop(), Typed::noop());
}
