//! A struct of handles with every key there is.

use novacron_telemetry::label::{LabelSet, LabelValue};
use novacron_telemetry::metric::{
    Counter, Descriptor, Family, Gauge, Histogram, Kind, Unit, Writer, buckets,
};
use novacron_telemetry::registry::MetricGroup;

#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, LabelValue)]
enum Plan {
    Free,
    Pro,
}

#[derive(Clone, PartialEq, Eq, Hash, Debug, LabelSet)]
struct PlanLabels {
    plan: Plan,
}

type Waits = Family<PlanLabels, Histogram>;

const OWN: &[f64] = &[1.0, 2.0];

/// What billing counts.
#[derive(Clone, Debug, MetricGroup)]
#[metrics(prefix = "acme_billing", writer = Layer("BillingLayer"))]
struct BillingMetrics {
    /// Invoices sent,
    /// by plan.
    ///
    /// Not in the HELP text.
    #[metric(unit = "invoices")]
    invoices_total: Family<PlanLabels, Counter>,

    /// Time an invoice waits.
    #[metric(unit = Seconds, buckets = buckets::HTTP, exemplars, joined)]
    wait_seconds: Waits,

    /// Sizes of invoices.
    #[metric(unit = Bytes)]
    #[metric(buckets = OWN, writer = Verb("send_invoice"))]
    size_bytes: Histogram,

    /// Virtual machines billed.
    #[metric(
        literal = "novacron_vms_total",
        reason = "promised: dashboards in the field query it",
        opt_in,
        writer = Library
    )]
    vms: Gauge,

    /// What kind of ledger this is.
    #[metric(writer = Collector("ledger"))]
    r#type: Gauge,

    /// 5 % is a lot.
    #[metric(unit = Ratio, writer = Host)]
    fee_ratio: Gauge,
}

fn main() {
    let all: &[Descriptor] = BillingMetrics::DESCRIPTORS;
    let names: Vec<_> = all.iter().map(|descriptor| descriptor.name).collect();
    assert_eq!(
        names,
        [
            "acme_billing_invoices_total",
            "acme_billing_wait_seconds",
            "acme_billing_size_bytes",
            "novacron_vms_total",
            "acme_billing_type",
            "acme_billing_fee_ratio",
        ]
    );

    let invoices = BillingMetrics::INVOICES_TOTAL;
    assert_eq!(invoices.help, "Invoices sent, by plan.");
    assert_eq!(invoices.kind, Kind::Counter);
    assert_eq!(invoices.unit, Unit::Of("invoices"));
    assert_eq!(invoices.labels[0].name, "plan");
    assert_eq!(invoices.writer, Writer::Layer("BillingLayer"));

    let wait = BillingMetrics::WAIT_SECONDS;
    assert_eq!((wait.kind, wait.unit), (Kind::Histogram, Unit::Seconds));
    assert_eq!(wait.buckets, buckets::HTTP);
    assert!(wait.exemplars && wait.joined && !wait.opt_in);

    let size = BillingMetrics::SIZE_BYTES;
    assert_eq!(size.buckets, OWN);
    assert_eq!(size.writer, Writer::Verb("send_invoice"));

    let vms = BillingMetrics::VMS;
    assert!(vms.literal.is_some_and(|reason| reason.starts_with("promised")));
    assert!(vms.opt_in);
    assert_eq!(vms.writer, Writer::Library);

    assert_eq!(BillingMetrics::TYPE.writer, Writer::Collector("ledger"));
    assert_eq!(BillingMetrics::FEE_RATIO.writer, Writer::Host);

    let _callable_without_a_registry = BillingMetrics::noop();
}
