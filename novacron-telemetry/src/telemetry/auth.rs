//! What is counted about tokens.

use super::Telemetry;
use crate::catalog::exporter::{ResultLabels, ScrapeAuthLabels, ScrapeCode, ScrapeLabels};
use crate::catalog::{AuthReason, CallResult};
use crate::expose::{AuthMetrics, BearerAuth};

impl Telemetry {
    /// Counts what this refuses, and shows when its token was rotated. `listen` does so by itself;
    /// this is for hosts that put [`BearerAuth::layer`] in front of their own routes.
    ///
    /// ```
    /// use novacron_telemetry::Telemetry;
    /// use novacron_telemetry::expose::{BearerAuth, Token};
    /// use tower_layer::Layer;
    ///
    /// let telemetry = Telemetry::builder("api-server", "1.0.0").build()?;
    /// let auth = BearerAuth::new(Token::generate()?);
    /// telemetry.watch_auth(&auth);
    /// let guarded = auth.layer().layer(telemetry.metrics_service());
    /// # let _ = guarded;
    /// # Ok::<(), novacron_telemetry::Error>(())
    /// ```
    pub fn watch_auth(&self, auth: &BearerAuth) {
        let own = &self.0.recorder.catalog().exporter;
        let refused = |reason| {
            let labels = ScrapeAuthLabels { reason };
            own.exporter_auth_failures_total.with(&labels)
        };
        let reloads = |result| own.config_reloads_total.with(&ResultLabels { result });
        let code = ScrapeCode::Unauthorized;
        auth.measure(AuthMetrics {
            missing: refused(AuthReason::Missing),
            invalid: refused(AuthReason::Invalid),
            expired: refused(AuthReason::Expired),
            unauthorized: own.exporter_scrapes_total.with(&ScrapeLabels { code }),
            last_rotation: own.exporter_token_last_rotation_timestamp_seconds,
            reloaded: reloads(CallResult::Success),
            not_reloaded: reloads(CallResult::Failure),
        });
    }
}
