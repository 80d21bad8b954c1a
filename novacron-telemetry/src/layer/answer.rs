//! Watching one answer: from the service's future over the head to the end of the body.
//!
//! What the layers for gRPC and for clients have in common. They differ in what a head, a frame
//! and an error mean to them, which is the [`Answer`].

use std::fmt::Display;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Buf;
use http::Response;
use http::response::Parts;
use http_body::{Body, Frame};

use crate::record::{Ending, Failure, Framed, Guard, Outcome};

/// Work whose end an answer shows.
pub(super) trait Answer: Framed<Verdict = Outcome> {
    /// The head is there. Says whether the call is over with it.
    fn head(&mut self, head: &Parts, body: &impl Body) -> bool;

    /// A frame of the body goes by. Says whether the call is over with it.
    fn passes(&mut self, frame: &Frame<impl Buf>) -> bool;

    /// What an error of the service means, in place of an answer.
    fn failed(&mut self, error: &impl Display) -> Outcome;
}

/// The work of an answer, until it ends.
pub(super) type Watched<A> = Option<Guard<A>>;

/// What a poll of a body yields.
type Polled<B> = Option<Result<Frame<<B as Body>::Data>, <B as Body>::Error>>;

/// Polls the future of a service. Once it is ready the work is over, or goes on in the body.
pub(super) fn poll_answer<A, F, B, E>(
    watched: &mut Watched<A>,
    future: Pin<&mut F>,
    cx: &mut Context<'_>,
) -> Poll<Result<Response<B>, E>>
where
    A: Answer,
    F: Future<Output = Result<Response<B>, E>>,
    B: Body,
    E: Display,
{
    let Some(guard) = watched else {
        return future.poll(cx);
    };
    let answer = ready!(guard.watch(|| future.poll(cx)));
    match answer {
        Ok(response) => {
            let (head, body) = response.into_parts();
            if guard.work().is_some_and(|work| work.head(&head, &body)) {
                guard.end(Ending::Outcome(Outcome::Success));
                *watched = None;
            }
            Poll::Ready(Ok(Response::from_parts(head, body)))
        }
        Err(error) => {
            if let Some(outcome) = guard.work().map(|work| work.failed(&error)) {
                guard.end(Ending::Outcome(outcome));
            }
            *watched = None;
            Poll::Ready(Err(error))
        }
    }
}

/// Polls the body of an answer, unchanged.
pub(super) fn poll_body<A: Answer, B: Body>(
    watched: &mut Watched<A>,
    mut body: Pin<&mut B>,
    cx: &mut Context<'_>,
) -> Poll<Polled<B>> {
    let Some(guard) = watched else {
        return body.poll_frame(cx);
    };
    let polled = guard.watch(|| body.as_mut().poll_frame(cx));
    match &polled {
        Poll::Pending => {}
        Poll::Ready(None) => guard.end(Ending::Outcome(Outcome::Success)),
        Poll::Ready(Some(Err(_))) => guard.end(Ending::Outcome(Failure::INTERNAL.into())),
        Poll::Ready(Some(Ok(frame))) => {
            let over = guard.work().is_some_and(|work| work.passes(frame));
            // Now as well: who sees that a body is over does not poll it again.
            if over || body.is_end_stream() {
                guard.end(Ending::Outcome(Outcome::Success));
            }
        }
    }
    polled
}

/// Whether an error says that time ran out. The errors of tower, tokio and tonic are known by their
/// words, because their types may be hidden in a box and are no dependency of ours.
#[cold]
pub(super) fn ran_out_of_time(error: &impl Display) -> bool {
    matches!(
        error.to_string().as_str(),
        "request timed out" | "deadline has elapsed" | "Timeout expired"
    )
}
