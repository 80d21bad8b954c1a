//! The layer: what is known about a service before its first request.

use std::fmt;
use std::sync::Arc;

use tower_layer::Layer;

use super::access::AccessLines;
use super::endpoint::{Endpoints, RequestView};
use super::service::HttpService;
use crate::catalog::Method;
use crate::error::Result;
use crate::record::Recorder;

/// Counts the requests of a service. See the [module](super) for what is counted when.
#[derive(Clone, Debug)]
pub struct HttpLayer {
    shared: Shared,
}

/// What every request of the service needs.
#[derive(Clone)]
pub(super) struct Shared {
    pub(super) recorder: Recorder,
    pub(super) endpoints: Arc<Endpoints>,
    pub(super) access: Option<AccessLines>,
}

impl HttpLayer {
    /// A layer that writes through `recorder`.
    #[must_use]
    pub fn new(recorder: Recorder) -> Self {
        Self {
            shared: Shared {
                recorder,
                endpoints: Arc::default(),
                access: None,
            },
        }
    }

    /// Declares the service's routes, `{name}` standing for a segment and `{*name}` for a rest.
    ///
    /// Their series exist from now on, at 0, and their requests are found without the help of a
    /// router: with this the layer can stand around a whole service.
    ///
    /// # Errors
    ///
    /// [`InvalidConfig`](crate::ErrorKind::InvalidConfig) if a template cannot be read, or two
    /// templates match the same paths.
    pub fn routes<'a>(
        mut self,
        routes: impl IntoIterator<Item = (Method, &'a str)>,
    ) -> Result<Self> {
        let endpoints = Arc::make_mut(&mut self.shared.endpoints);
        for (method, template) in routes {
            endpoints.declare(method, template)?;
            self.shared.recorder.declare_api_route(method, template);
            self.shared.recorder.instrument_route(method, template);
        }
        Ok(self)
    }

    /// Leaves a route out: its requests pass uncounted, and reports say that, and why.
    ///
    /// # Errors
    ///
    /// [`InvalidConfig`](crate::ErrorKind::InvalidConfig) if the template cannot be read.
    pub fn exclude(mut self, method: Method, template: &str, reason: &str) -> Result<Self> {
        Arc::make_mut(&mut self.shared.endpoints).exclude(method, template)?;
        self.shared.recorder.exclude_route(method, template, reason);
        Ok(self)
    }

    /// Marks a route as deprecated: calls to it are counted once more, in
    /// `novacron_api_deprecated_requests_total`.
    ///
    /// # Errors
    ///
    /// [`InvalidConfig`](crate::ErrorKind::InvalidConfig) if the template cannot be read.
    pub fn deprecate(mut self, method: Method, template: &str) -> Result<Self> {
        Arc::make_mut(&mut self.shared.endpoints).deprecate(method, template)?;
        self.shared.recorder.deprecate_api_route(template);
        Ok(self)
    }

    /// Writes a line about each request when it ends. Excluded routes have none. Default: no lines.
    #[must_use]
    pub fn access_lines(mut self, lines: AccessLines) -> Self {
        self.shared.access = Some(lines);
        self
    }

    /// Finds the route template of requests that no declared route matches. It must return a
    /// template, not a path; the label is capped either way. A panic in it is caught and counted.
    #[must_use]
    pub fn endpoint_with(
        mut self,
        find: impl for<'a> Fn(RequestView<'a>) -> Option<&'a str> + Send + Sync + 'static,
    ) -> Self {
        Arc::make_mut(&mut self.shared.endpoints).find_with(find);
        self
    }
}

impl<S> Layer<S> for HttpLayer {
    type Service = HttpService<S>;

    fn layer(&self, inner: S) -> HttpService<S> {
        HttpService::new(inner, self.shared.clone())
    }
}

impl fmt::Debug for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shared")
            .field("endpoints", &self.endpoints)
            .finish_non_exhaustive()
    }
}
