//! The layer around clients that speak HTTP.

use std::fmt;
use std::sync::Arc;

use tower_layer::Layer;

use super::service::CountedClient;
use super::work::Target;
use crate::record::{ExternalSeries, Recorder};

/// Counts the calls to one outside service over HTTP. See the [module](super) for what is counted
/// when.
#[derive(Clone)]
pub struct HttpClientLayer {
    recorder: Recorder,
    series: Arc<ExternalSeries>,
}

impl HttpClientLayer {
    /// A layer around the client of this service, which writes through `recorder`. The name is a
    /// label, capped like all others: one of the host's own words, not an address.
    #[must_use]
    pub fn new(recorder: Recorder, service: &str) -> Self {
        Self {
            series: Arc::new(ExternalSeries::new(&recorder, service)),
            recorder,
        }
    }
}

impl<S> Layer<S> for HttpClientLayer {
    type Service = CountedClient<S>;

    fn layer(&self, inner: S) -> CountedClient<S> {
        let target = Target::Http(Arc::clone(&self.series));
        CountedClient::new(inner, self.recorder.clone(), target)
    }
}

impl fmt::Debug for HttpClientLayer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpClientLayer").finish_non_exhaustive()
    }
}
