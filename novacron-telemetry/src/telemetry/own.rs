//! What the library says about itself, brought up to date before each scrape.

use std::time::{Instant, SystemTime, UNIX_EPOCH};

use super::builder::Identity;
use crate::catalog::exporter::{
    ExporterBuildLabelsRef, MetricLabelsRef, RejectReason, RejectionLabelsRef, Signal,
    SignalLabels, Site, SiteLabels,
};
#[cfg(feature = "http")]
use crate::catalog::exporter::{ScrapeCode, ScrapeLabels};
use crate::catalog::health::ServiceLabelsRef;
use crate::catalog::process::BuildLabelsRef;
use crate::catalog::{Catalog, ExporterMetrics};
#[cfg(feature = "http")]
use crate::expose::{MetricsService, ScrapeMetrics};
use crate::registry::Registry;
use crate::sync::Mutex;

/// Shows who the process is.
pub(super) fn identify(catalog: &Catalog, identity: &Identity) {
    let Identity {
        version,
        git_sha,
        component,
    } = identity;
    let rust_version = env!("NOVACRON_RUSTC_VERSION");
    catalog.process.build_info.set(
        &BuildLabelsRef {
            version,
            git_sha,
            rust_version,
            component,
        },
        1.0,
    );
    catalog.exporter.exporter_build_info.set(
        &ExporterBuildLabelsRef {
            version: env!("CARGO_PKG_VERSION"),
            git_sha: "",
            rust_version,
        },
        1.0,
    );
    if let Ok(now) = SystemTime::now().duration_since(UNIX_EPOCH) {
        let service = ServiceLabelsRef { service: component };
        catalog
            .health
            .service_start_time_seconds
            .set(&service, now.as_secs_f64());
    }
}

/// Keeps the library's numbers about itself up to date.
pub(super) fn refresh(registry: &Registry, catalog: &Catalog) {
    let own = catalog.exporter.clone();
    let caught = Mutex::new(0);
    // Weak, or the registry would hold itself.
    let registry_of = registry.downgrade();
    registry.before_scrape(move || {
        let Some(registry) = registry_of.upgrade() else {
            return;
        };
        faults(&registry, &own);
        own.telemetry_memory_bytes.set(registry.heap_bytes() as f64);
        own.telemetry_families_registered
            .set(registry.descriptors().len() as f64);
        own.telemetry_families_recorded
            .set(registry.recorded_families().len() as f64);
        // Read under the lock: of two scrapes at once, neither counts what the other did.
        let mut caught = caught.lock();
        let errors = registry.caught_panics() + registry.refusals();
        let before = std::mem::replace(&mut *caught, errors);
        drop(caught);
        let new = errors - before;
        let site = Site::Registry;
        own.telemetry_internal_errors_total
            .inc_by(&SiteLabels { site }, new);
        let signal = Signal::Metrics;
        own.telemetry_errors_total
            .inc_by(&SignalLabels { signal }, new);
        cost(&own);
    });
}

/// Observations that did not land where they were sent, by family.
fn faults(registry: &Registry, own: &ExporterMetrics) {
    let faults = registry.faults();
    own.telemetry_series_overflow_total.replace_all(
        faults
            .iter()
            .filter(|(_, faults)| faults.overflow > 0)
            .map(|(metric, faults)| (MetricLabelsRef { metric }, faults.overflow as f64)),
    );
    own.telemetry_rejected_observations_total.replace_all(
        faults
            .iter()
            .flat_map(|(metric, faults)| {
                [
                    (metric, RejectReason::Nan, faults.nan),
                    (metric, RejectReason::Infinite, faults.infinite),
                    (metric, RejectReason::Negative, faults.negative),
                ]
            })
            .filter(|(.., count)| *count > 0)
            .map(|(metric, reason, count)| (RejectionLabelsRef { metric, reason }, count as f64)),
    );
}

/// Measures what recording costs here and now: the mean of a short run, as one observation.
fn cost(own: &ExporterMetrics) {
    const RUN: u32 = 64;
    let signal = SignalLabels {
        signal: Signal::Metrics,
    };
    let errors = own.telemetry_errors_total.with(&signal);
    let begun = Instant::now();
    for _ in 0..RUN {
        // Adds nothing, but finds the cell and writes it like any other recording.
        std::hint::black_box(&errors).inc_by(0);
    }
    own.telemetry_record_duration_seconds
        .observe(&signal, begun.elapsed() / RUN);
}

/// Registered families of which nothing was ever recorded.
pub(super) fn never_recorded(registry: &Registry) -> Vec<&'static str> {
    // A reading of its own: nobody may have scraped yet.
    drop(registry.snapshot());
    let recorded = registry.recorded_families();
    registry
        .descriptors()
        .into_iter()
        .filter(|descriptor| !recorded.contains(descriptor))
        .map(|descriptor| descriptor.name)
        .collect()
}

/// The scrape endpoint, counting itself in the catalog.
#[cfg(feature = "http")]
pub(super) fn metrics_service(
    registry: &Registry,
    catalog: &Catalog,
    exposed: bool,
    scrapes: Option<usize>,
) -> MetricsService {
    let own = &catalog.exporter;
    let answers = |code| own.exporter_scrapes_total.with(&ScrapeLabels { code });
    let service = MetricsService::measured(
        registry.clone(),
        ScrapeMetrics {
            duration: own.exporter_scrape_duration_seconds.clone(),
            bytes: own.exporter_response_bytes.clone(),
            series: own.exporter_series.clone(),
            ok: answers(ScrapeCode::Ok),
            not_found: answers(ScrapeCode::NotFound),
            method_not_allowed: answers(ScrapeCode::MethodNotAllowed),
            unavailable: answers(ScrapeCode::Unavailable),
        },
    );
    service.switch(exposed);
    if let Some(most) = scrapes {
        service.limit(most);
    }
    service
}

/// The health of this service. A result that grew too old says nothing by itself, so where things
/// are is shown before each scrape too.
#[cfg(feature = "health")]
pub(super) fn health(
    registry: &Registry,
    identity: &Identity,
    recorder: crate::record::Recorder,
) -> crate::health::Health {
    let health = crate::health::Health::new(&identity.component, &identity.version, recorder);
    registry.before_scrape(health.shower());
    health
}
