//! The exposer in axum.

use axum::Router;

use super::MetricsService;

impl MetricsService {
    /// A router that answers scrapes on `path`, to be merged into or nested in the host's.
    ///
    /// ```
    /// use axum::Router;
    /// use novacron_telemetry::Registry;
    /// use novacron_telemetry::expose::MetricsService;
    ///
    /// let metrics = MetricsService::new(Registry::new());
    /// let app: Router = Router::new().merge(metrics.router("/metrics"));
    /// # let _ = app;
    /// ```
    ///
    /// # Panics
    ///
    /// If `path` does not begin with a slash, as [`Router::route_service`] does.
    pub fn router<S>(self, path: &str) -> Router<S>
    where
        S: Clone + Send + Sync + 'static,
    {
        Router::new().route_service(path, self)
    }
}
