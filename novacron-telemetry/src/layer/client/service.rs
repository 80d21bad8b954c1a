//! The service: begins a call in `call`.

use std::fmt;
use std::task::{Context, Poll};

use http::{Request, Response};
use http_body::Body;
use tower_service::Service;

use super::body::CountedBody;
use super::future::ResponseFuture;
use super::work::{ClientWork, Target};
use crate::record::{Framed, Guard, Recorder};

/// A client whose calls are counted. Made by [`HttpClientLayer`](super::HttpClientLayer) and by
/// `GrpcClientLayer`.
#[derive(Clone)]
pub struct CountedClient<S> {
    inner: S,
    recorder: Recorder,
    target: Target,
}

impl<S> CountedClient<S> {
    pub(super) fn new(inner: S, recorder: Recorder, target: Target) -> Self {
        Self {
            inner,
            recorder,
            target,
        }
    }
}

impl<S, ReqBody, ResBody> Service<Request<ReqBody>> for CountedClient<S>
where
    S: Service<Request<ReqBody>, Response = Response<ResBody>>,
    S::Error: fmt::Display,
    ResBody: Body,
{
    type Response = Response<CountedBody<ResBody>>;
    type Error = S::Error;
    type Future = ResponseFuture<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, mut request: Request<ReqBody>) -> ResponseFuture<S::Future> {
        let mut work = ClientWork::begin(self.recorder.clone(), &self.target, &request);
        // The called service learns which trace it is part of, recorded or not.
        if let Some(context) = &work.frame().trace {
            context.inject(request.headers_mut());
        }
        let mut guard = Guard::new(work);
        let future = guard.watch(|| self.inner.call(request));
        ResponseFuture::new(Some(guard), future)
    }
}

impl<S: fmt::Debug> fmt::Debug for CountedClient<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CountedClient")
            .field("inner", &self.inner)
            .finish_non_exhaustive()
    }
}
