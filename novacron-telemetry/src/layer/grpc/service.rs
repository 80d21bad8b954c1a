//! The service: begins a call in `call`.

use std::fmt;
use std::task::{Context, Poll};

use http::{Request, Response};
use http_body::Body;
use tower_service::Service;

use super::body::CountedBody;
use super::future::ResponseFuture;
use super::layer::Shared;
use super::notes::Notes;
use super::request::{CountedRequest, Receiving};
use super::work::{GrpcWork, speaks_grpc};
use super::{deadline, path};
use crate::context::TraceContext;
use crate::record::Guard;

/// A service whose calls are counted. Made by [`GrpcLayer`](super::GrpcLayer).
#[derive(Clone, Debug)]
pub struct GrpcService<S> {
    inner: S,
    shared: Shared,
}

impl<S> GrpcService<S> {
    pub(super) fn new(inner: S, shared: Shared) -> Self {
        Self { inner, shared }
    }

    fn begin<B>(&self, request: &Request<B>) -> Option<(Guard<GrpcWork>, Receiving)> {
        let headers = request.headers();
        if !speaks_grpc(headers) {
            return None;
        }
        let named = path::parse(request.uri().path());
        let parent = TraceContext::extract(headers);
        let call = self.shared.recorder.clone().begin_rpc_call(named, parent);
        let unknown = if named.is_some() && !call.is_known() {
            request.uri().path_and_query().cloned()
        } else {
            None
        };
        let timeout = [deadline::of_headers(headers), self.shared.timeout]
            .into_iter()
            .flatten()
            .min();
        let (theirs, ours) = Notes::begin();
        let receiving = Receiving::new(call.received(), theirs);
        let work = GrpcWork::new(call, ours, unknown, timeout.map(deadline::patience));
        Some((Guard::new(work), receiving))
    }
}

impl<S, ReqBody, ResBody> Service<Request<ReqBody>> for GrpcService<S>
where
    S: Service<Request<CountedRequest<ReqBody>>, Response = Response<ResBody>>,
    S::Error: fmt::Display,
    ReqBody: Body,
    ResBody: Body,
{
    type Response = Response<CountedBody<ResBody>>;
    type Error = S::Error;
    type Future = ResponseFuture<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<ReqBody>) -> ResponseFuture<S::Future> {
        let Some((mut guard, receiving)) = self.begin(&request) else {
            let request = request.map(|body| CountedRequest::new(None, body));
            return ResponseFuture::new(None, self.inner.call(request));
        };
        let request = request.map(|body| CountedRequest::new(Some(receiving), body));
        let future = guard.watch(|| self.inner.call(request));
        ResponseFuture::new(Some(guard), future)
    }
}
