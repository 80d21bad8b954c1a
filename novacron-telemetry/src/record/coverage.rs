//! How much of a service is instrumented: routes it declared beside routes that are counted.

use std::collections::BTreeMap;

use super::Recorder;
use crate::catalog::Method;
use crate::sync::Mutex;

/// The routes that a service declared.
#[derive(Debug, Default)]
pub(super) struct Declared(Mutex<BTreeMap<Key, State>>);

/// The method by its name, so that the order is the one people expect.
type Key = (Box<str>, &'static str);

#[derive(Clone, Debug, PartialEq, Eq)]
enum State {
    /// Declared, and nothing was seen of it yet.
    Silent,
    /// A layer or an attribute counts it.
    Instrumented,
    /// Left out on purpose, for this reason.
    Excluded(Box<str>),
}

/// What a service's instrumentation covers.
///
/// ```
/// use novacron_telemetry::catalog::{Catalog, Method};
/// use novacron_telemetry::record::{Recorder, Settings};
/// use novacron_telemetry::registry::{Groups, Registry};
///
/// let registry = Registry::new();
/// let recorder = Recorder::new(Catalog::register(&registry, Groups::CORE)?, Settings::default());
/// recorder.declare_route(Method::Get, "/api/v1/vms");
/// recorder.exclude_route(Method::Get, "/debug/dump", "internal, not part of the API");
/// let coverage = recorder.coverage();
/// assert_eq!((coverage.declared, coverage.instrumented), (1, 0));
/// assert_eq!(coverage.silent, ["GET /api/v1/vms"]);
/// # Ok::<(), novacron_telemetry::Error>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Coverage {
    /// Routes that were declared and not excluded.
    pub declared: usize,
    /// Those of them that a layer or an attribute counts.
    pub instrumented: usize,
    /// Those that nothing counts, as `METHOD /template`.
    pub silent: Vec<String>,
    /// Routes left out on purpose, and why.
    pub excluded: Vec<(String, String)>,
}

impl Coverage {
    /// The share of declared routes that are counted; 1 if none was declared.
    #[must_use]
    pub fn ratio(&self) -> f64 {
        if self.declared == 0 {
            return 1.0;
        }
        self.instrumented as f64 / self.declared as f64
    }
}

impl Recorder {
    /// The service has this route. Its series exist from now on, at 0: the first error must be an
    /// increase. It counts as instrumented when a layer or an attribute counts a request of it;
    /// routes given to `HttpLayer::routes` are from the start.
    pub fn declare_route(&self, method: Method, endpoint: &str) {
        self.declare_api_route(method, endpoint);
        self.route_is(method, endpoint, |state| state.unwrap_or(State::Silent));
    }

    /// The service has this route and leaves it out on purpose.
    pub fn exclude_route(&self, method: Method, endpoint: &str, reason: &str) {
        self.route_is(method, endpoint, |_| State::Excluded(reason.into()));
    }

    #[cfg(feature = "http")]
    /// A route that a layer counts.
    pub(crate) fn instrument_route(&self, method: Method, endpoint: &str) {
        self.route_is(method, endpoint, |_| State::Instrumented);
    }

    /// A request of this route is counted; so the route is, if it was declared.
    pub(super) fn saw_route(&self, method: Method, endpoint: &str) {
        let key = (endpoint.into(), method.as_str());
        let changed = match self.declared().0.lock().get_mut(&key) {
            Some(state @ State::Silent) => {
                *state = State::Instrumented;
                true
            }
            _ => false,
        };
        if changed {
            self.publish_coverage();
        }
    }

    fn route_is(&self, method: Method, endpoint: &str, next: impl FnOnce(Option<State>) -> State) {
        {
            let mut routes = self.declared().0.lock();
            let key = (endpoint.into(), method.as_str());
            let state = next(routes.get(&key).cloned());
            routes.insert(key, state);
        }
        self.publish_coverage();
    }

    fn publish_coverage(&self) {
        let coverage = self.coverage();
        let api = &self.catalog().api;
        api.endpoints_registered.set(coverage.declared as f64);
        api.endpoints_instrumented.set(coverage.instrumented as f64);
        api.endpoints_excluded.set(coverage.excluded.len() as f64);
    }

    /// Which declared routes are counted, and which are not.
    #[must_use]
    pub fn coverage(&self) -> Coverage {
        let mut coverage = Coverage::default();
        for ((endpoint, method), state) in self.declared().0.lock().iter() {
            let route = format!("{method} {endpoint}");
            match state {
                State::Excluded(reason) => {
                    coverage.excluded.push((route, reason.to_string()));
                    continue;
                }
                State::Silent => coverage.silent.push(route),
                State::Instrumented => coverage.instrumented += 1,
            }
            coverage.declared += 1;
        }
        coverage
    }
}
