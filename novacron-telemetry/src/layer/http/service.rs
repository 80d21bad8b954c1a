//! The service: begins a request in `call`.

use std::task::{Context, Poll};

use http::{Request, Response};
use tower_service::Service;

use super::access::AccessLines;
use super::body::CountedBody;
use super::endpoint::{Found, RequestView, method_of};
use super::future::ResponseFuture;
use super::layer::Shared;
use super::work::HttpWork;
use crate::context::TraceContext;
use crate::record::Guard;

/// A service whose requests are counted. Made by [`HttpLayer`](super::HttpLayer).
#[derive(Clone, Debug)]
pub struct HttpService<S> {
    inner: S,
    shared: Shared,
}

impl<S> HttpService<S> {
    pub(super) fn new(inner: S, shared: Shared) -> Self {
        Self { inner, shared }
    }
}

impl<S, ReqBody, ResBody> Service<Request<ReqBody>> for HttpService<S>
where
    S: Service<Request<ReqBody>, Response = Response<ResBody>>,
    S::Error: std::fmt::Display,
    ReqBody: http_body::Body,
    ResBody: http_body::Body,
{
    type Response = Response<CountedBody<ResBody>>;
    type Error = S::Error;
    type Future = ResponseFuture<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<ReqBody>) -> ResponseFuture<S::Future> {
        let Some(mut guard) = self.begin(&request) else {
            return ResponseFuture::uncounted(self.inner.call(request));
        };
        let future = guard.watch(|| self.inner.call(request));
        ResponseFuture::counted(guard, future)
    }
}

impl<S> HttpService<S> {
    fn begin<B: http_body::Body>(&self, request: &Request<B>) -> Option<Guard<HttpWork>> {
        let Shared {
            recorder,
            endpoints,
            access,
        } = &self.shared;
        let method = method_of(request.method());
        let view = RequestView {
            method: request.method(),
            uri: request.uri(),
            extensions: request.extensions(),
        };
        let row = match endpoints.find(recorder, method, view) {
            Found::Excluded => return None,
            Found::Named(row) => row,
            Found::Declared { row, deprecated } => {
                if let Some(endpoint) = deprecated {
                    recorder.deprecated_api_request(endpoint);
                }
                row
            }
        };
        let parent = TraceContext::extract(request.headers());
        let begun = recorder.clone().begin_api_request_at(method, row, parent);
        // What the client declared. A body of unknown length would have to be wrapped to be
        // counted, which costs an axum service an allocation per request.
        let bytes = request.body().size_hint().exact();
        let mut work = HttpWork::new(begun, request.method(), bytes);
        // Nothing is kept for a line that nobody reads.
        if let Some(access) = access
            && AccessLines::are_read()
        {
            work.access(access.begin(request));
        }
        Some(Guard::new(work))
    }
}
