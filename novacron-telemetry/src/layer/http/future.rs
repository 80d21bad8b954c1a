//! The future: polls inside the request's frame, and sees the head of the response first.

use std::fmt::Display;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use http::Response;
use pin_project_lite::pin_project;

use super::body::CountedBody;
use super::work::HttpWork;
use crate::record::{Ending, Failure, Guard, Outcome};

pin_project! {
    /// The response of a counted service. Dropped before it is ready, the client left.
    #[must_use = "futures do nothing unless polled"]
    pub struct ResponseFuture<F> {
        guard: Option<Guard<HttpWork>>,
        #[pin]
        future: F,
    }
}

impl<F> ResponseFuture<F> {
    pub(super) fn counted(guard: Guard<HttpWork>, future: F) -> Self {
        Self {
            guard: Some(guard),
            future,
        }
    }

    pub(super) fn uncounted(future: F) -> Self {
        Self {
            guard: None,
            future,
        }
    }
}

impl<F, B, E> Future for ResponseFuture<F>
where
    F: Future<Output = Result<Response<B>, E>>,
    B: http_body::Body,
    E: Display,
{
    type Output = Result<Response<CountedBody<B>>, E>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let Some(guard) = this.guard else {
            let response = ready!(this.future.poll(cx));
            return Poll::Ready(response.map(|response| response.map(CountedBody::uncounted)));
        };
        let polled = ready!(guard.watch(|| this.future.poll(cx)));
        let mut guard = this.guard.take();
        Poll::Ready(match polled {
            Ok(response) => {
                let (head, body) = response.into_parts();
                let over = guard
                    .as_mut()
                    .and_then(Guard::work)
                    .is_some_and(|work| work.head(head.status, &head.headers, &body));
                if over && let Some(mut guard) = guard.take() {
                    guard.end(Ending::Outcome(Outcome::Success));
                }
                Ok(Response::from_parts(head, CountedBody::new(guard, body)))
            }
            Err(error) => {
                if let Some(mut guard) = guard.take() {
                    guard.end(Ending::Outcome(outcome_of(&error)));
                }
                Err(error)
            }
        })
    }
}

/// What an error of the inner service means. The `Elapsed` of tower and of tokio are known by their
/// words, because their types may be hidden in a box and are no dependency of ours.
#[cold]
fn outcome_of(error: &impl Display) -> Outcome {
    match error.to_string().as_str() {
        "request timed out" | "deadline has elapsed" => Outcome::TimedOut,
        _ => Failure::INTERNAL.into(),
    }
}

impl<F> std::fmt::Debug for ResponseFuture<F> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ResponseFuture").finish_non_exhaustive()
    }
}
