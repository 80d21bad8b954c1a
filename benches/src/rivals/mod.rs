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
pub use self::ours::{OpenLabels, Ours, TypedLabels, recorder, recorder_of, verb};
pub use self::prometheus::Prometheus;

use crate::work::Request;

/// How this library is called in the table.
pub const OURS: &str = "novacron-telemetry";

/// A library whose instruments can be held, so that nothing is looked up.
pub trait Held: Send + Sync + Sized + 'static {
    /// The name in the table.
    const NAME: &'static str;

    /// A counter without labels.
    type Counter: Send + Sync + 'static;

    /// A histogram without labels.
    type Histogram: Send + Sync + 'static;

    /// Sets the instruments up.
    fn new() -> Self;

    /// The counter number 0 or 1.
    fn counter(&self, n: usize) -> Self::Counter;

    /// The histogram number 0 or 1.
    fn histogram(&self, n: usize) -> Self::Histogram;

    /// Adds one.
    fn inc(counter: &Self::Counter);

    /// Observes a duration in seconds.
    fn observe(histogram: &Self::Histogram, seconds: f64);

    /// What has to be done now and then by somebody else; it is not timed.
    fn tidy() {}
}

/// A library that finds series by `{method, endpoint, status}`.
pub trait LookUp: Send + Sync + Sized + 'static {
    /// The name in the table.
    const NAME: &'static str;

    /// Sets the families up.
    fn new() -> Self;

    /// Looks the counter up and adds one.
    fn count(&self, request: &Request);

    /// Looks the histogram up and observes the duration.
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

/// Something to be done with each library whose instruments can be held.
pub trait EachHeld {
    /// What comes of it.
    type Output;

    /// Does it with one.
    fn with<H: Held>(&self) -> Self::Output;
}

/// Something to be done with each library that looks up.
pub trait EachLookUp {
    /// What comes of it.
    type Output;

    /// Does it with one.
    fn with<L: LookUp>(&self) -> Self::Output;
}

/// Something to be done with each rendering library.
pub trait EachPage {
    /// What comes of it.
    type Output;

    /// Does it with one.
    fn with<P: Page>(&self) -> Self::Output;
}

/// Does it with every library whose instruments can be held.
pub fn each_held<E: EachHeld>(each: &E) -> Vec<E::Output> {
    vec![
        each.with::<Ours>(),
        each.with::<Metrics>(),
        each.with::<Prometheus>(),
        each.with::<Client>(),
        each.with::<Otel>(),
    ]
}

/// Does it with every library that looks up.
pub fn each_look_up<E: EachLookUp>(each: &E) -> Vec<E::Output> {
    vec![
        each.with::<OpenLabels>(),
        each.with::<TypedLabels>(),
        each.with::<Metrics>(),
        each.with::<Prometheus>(),
        each.with::<Client>(),
        each.with::<Otel>(),
    ]
}

/// Does it with every rendering library.
pub fn each_page<E: EachPage>(each: &E) -> Vec<E::Output> {
    vec![
        each.with::<ours::OursPage>(),
        each.with::<metrics::MetricsPage>(),
        each.with::<prometheus::PrometheusPage>(),
        each.with::<client::ClientPage>(),
        each.with::<otel::OtelPage>(),
    ]
}

/// A page of so many counters of this library.
#[must_use]
pub fn page(series: usize) -> impl Page {
    ours::OursPage::counters(series)
}
