//! The contenders: one file each, all doing the same work behind the same traits.
//!
//! Each is written the way its own documentation says, with what a middleware has in its hands:
//! an `http::Method`, a borrowed route template, a `StatusCode`. Where a library can only look up
//! by owned text, it pays for the text.

mod client;
pub mod http;
mod metrics;
mod otel;
mod ours;
mod prometheus;

pub use self::client::Client;
pub use self::metrics::Metrics;
pub use self::otel::Otel;
pub use self::ours::Ours;
pub use self::prometheus::Prometheus;

use crate::work::Request;

/// How this library is called in the table.
pub const OURS: &str = "novacron-telemetry";

/// A library that records.
pub trait Recorder: Send + Sync + Sized + 'static {
    /// The name in the table.
    const NAME: &'static str;

    /// A counter that is held, so that nothing is looked up.
    type Counter: Send + Sync + 'static;

    /// A histogram that is held.
    type Histogram: Send + Sync + 'static;

    /// Sets up every family that the work needs.
    fn new() -> Self;

    /// The counter number `n` of those without labels; there are two.
    fn counter(&self, n: usize) -> Self::Counter;

    /// The histogram number `n` of those without labels; there are two.
    fn histogram(&self, n: usize) -> Self::Histogram;

    /// Adds one.
    fn inc(counter: &Self::Counter);

    /// Observes a duration in seconds.
    fn observe(histogram: &Self::Histogram, seconds: f64);

    /// Looks the counter of `{method, endpoint, status}` up and adds one.
    fn count(&self, request: &Request);

    /// Looks the histogram of `{method, endpoint, status}` up and observes the duration.
    fn time(&self, request: &Request);

    /// One API request: in flight up, counter, histogram, in flight down.
    fn serve(&self, request: &Request);

    /// What has to be done now and then by somebody else; it is not timed.
    fn tidy() {}
}

/// A library that holds many series and renders them as text.
pub trait Page: Sized + 'static {
    /// The name in the table.
    const NAME: &'static str;

    /// A family of `series` counters with three labels, each counted once or more.
    fn counters(series: usize) -> Self;

    /// A family of `series` histograms with three labels and 11 bounds, each with a few
    /// observations.
    fn histograms(series: usize) -> Self;

    /// Renders everything, hands it over piece by piece, and says how many bytes it was.
    fn render(&self, take: &mut dyn FnMut(&[u8])) -> usize;
}

/// Something to be done with each recording library.
pub trait EachRecorder {
    /// What comes of it.
    type Output;

    /// Does it with one.
    fn with<R: Recorder>(&self) -> Self::Output;
}

/// Something to be done with each rendering library.
pub trait EachPage {
    /// What comes of it.
    type Output;

    /// Does it with one.
    fn with<P: Page>(&self) -> Self::Output;
}

/// Does it with every recording library, by name.
pub fn each_recorder<E: EachRecorder>(each: &E) -> Vec<(&'static str, E::Output)> {
    vec![
        (Ours::NAME, each.with::<Ours>()),
        (Metrics::NAME, each.with::<Metrics>()),
        (Prometheus::NAME, each.with::<Prometheus>()),
        (Client::NAME, each.with::<Client>()),
        (Otel::NAME, each.with::<Otel>()),
    ]
}

/// Does it with every rendering library, by name.
pub fn each_page<E: EachPage>(each: &E) -> Vec<(&'static str, E::Output)> {
    vec![
        (Metrics::NAME, each.with::<metrics::MetricsPage>()),
        (Prometheus::NAME, each.with::<prometheus::PrometheusPage>()),
        (Client::NAME, each.with::<client::ClientPage>()),
        (Otel::NAME, each.with::<otel::OtelPage>()),
    ]
}
