//! A token in front of any service.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use http::{Request, Response};
use pin_project_lite::pin_project;
use tower_layer::Layer;
use tower_service::Service;

use super::BearerAuth;

/// Puts a [`Guarded`] around a service.
#[derive(Clone, Debug)]
pub struct AuthLayer(BearerAuth);

/// A service that only requests with a token reach: others are answered 401, or 400 if they carry
/// two, with an empty body.
#[derive(Clone, Debug)]
pub struct Guarded<S> {
    inner: S,
    auth: BearerAuth,
}

impl AuthLayer {
    pub(super) fn new(auth: BearerAuth) -> Self {
        Self(auth)
    }
}

impl<S> Layer<S> for AuthLayer {
    type Service = Guarded<S>;

    fn layer(&self, inner: S) -> Guarded<S> {
        Guarded {
            inner,
            auth: self.0.clone(),
        }
    }
}

impl<S, B, R> Service<Request<B>> for Guarded<S>
where
    S: Service<Request<B>, Response = Response<R>>,
    R: Default,
{
    type Response = Response<R>;
    type Error = S::Error;
    type Future = GuardedFuture<S::Future, R>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let state = match self.auth.check_from(request.headers(), None) {
            Ok(()) => State::Passed {
                future: self.inner.call(request),
            },
            Err(denial) => State::Refused {
                response: Some(self.auth.refuse(denial)),
            },
        };
        GuardedFuture { state }
    }
}

pin_project! {
    /// The future of [`Guarded`].
    #[derive(Debug)]
    pub struct GuardedFuture<F, R> {
        #[pin]
        state: State<F, R>,
    }
}

pin_project! {
    #[derive(Debug)]
    #[project = StateProjection]
    enum State<F, R> {
        Passed { #[pin] future: F },
        Refused { response: Option<Response<R>> },
    }
}

impl<F, R, E> Future for GuardedFuture<F, R>
where
    F: Future<Output = Result<Response<R>, E>>,
    R: Default,
{
    type Output = Result<Response<R>, E>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        match self.project().state.project() {
            StateProjection::Passed { future } => Poll::Ready(ready!(future.poll(cx))),
            // Nobody polls a future that is done; who does is given an empty answer.
            StateProjection::Refused { response } => {
                Poll::Ready(Ok(response.take().unwrap_or_default()))
            }
        }
    }
}
