//! What a `macro_rules` passes on arrives in invisible groups, and `$crate` keeps its meaning.

pub mod kit {
    pub use novacron_telemetry as telemetry;
}

#[macro_export]
macro_rules! group {
    ($name:ident, $prefix:literal, $($doc:literal $field:ident: $ty:ty, $unit:expr;)*) => {
        #[derive(Clone, $crate::kit::telemetry::registry::MetricGroup)]
        #[metrics(prefix = $prefix, crate = $crate::kit::telemetry)]
        struct $name {
            $(
                #[doc = $doc]
                #[metric(unit = $unit)]
                $field: $ty,
            )*
        }
    };
}

macro_rules! handler {
    ($name:ident, $path:expr, $method:literal, $error:ty) => {
        #[novacron_telemetry::instrument_api(endpoint = $path, method = $method)]
        async fn $name() -> Result<u8, $error> {
            Ok(1)
        }
    };
}

macro_rules! statement {
    ($name:ident, $operation:literal, $table:expr, $error:ty) => {
        #[novacron_telemetry::instrument_query(operation = $operation, table = $table)]
        fn $name() -> Result<u8, $error> {
            Ok(1)
        }
    };
}

macro_rules! value {
    ($name:ident, $cap:literal, $inner:ty) => {
        #[derive(Clone, novacron_telemetry::label::LabelValue)]
        #[label(cap = $cap)]
        struct $name($inner);
    };
}

group! {
    Metrics, "acme",
    "Jobs that ended." jobs_total: kit::telemetry::metric::Counter, "jobs";
    "Jobs that wait." queue_seconds: kit::telemetry::metric::Gauge, Seconds;
}

statement!(select, "SELECT", "vms", String);
handler!(list, "/vms", "GET", String);
value!(Region, 7, String);

fn main() {
    assert_eq!(Metrics::JOBS_TOTAL.help, "Jobs that ended.");
    assert_eq!(Metrics::QUEUE_SECONDS.name, "acme_queue_seconds");
    assert_eq!(Region::from("a").as_str(), "a");
    assert_eq!(select(), Ok(1));
    let _future = list();
}
