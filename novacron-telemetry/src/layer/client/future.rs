//! The future: polls inside the call's frame, and sees the head of the answer first.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use http::Response;
use pin_project_lite::pin_project;

use super::body::CountedBody;
use super::work::ClientWork;
use crate::layer::answer::{Watched, poll_answer};

pin_project! {
    /// The answer to a counted client. Dropped before it is ready, the call was cancelled.
    #[must_use = "futures do nothing unless polled"]
    pub struct ResponseFuture<F> {
        watched: Watched<ClientWork>,
        #[pin]
        future: F,
    }
}

impl<F> ResponseFuture<F> {
    pub(super) fn new(watched: Watched<ClientWork>, future: F) -> Self {
        Self { watched, future }
    }
}

impl<F, B, E> Future for ResponseFuture<F>
where
    F: Future<Output = Result<Response<B>, E>>,
    B: http_body::Body,
    E: fmt::Display,
{
    type Output = Result<Response<CountedBody<B>>, E>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let answer = ready!(poll_answer(this.watched, this.future, cx));
        let watched = this.watched.take();
        Poll::Ready(answer.map(|response| response.map(|body| CountedBody::new(watched, body))))
    }
}

impl<F> fmt::Debug for ResponseFuture<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResponseFuture").finish_non_exhaustive()
    }
}
