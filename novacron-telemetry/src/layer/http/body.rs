//! The body: counts bytes, and ends the request at the end of the stream or when it is dropped.

use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Buf;
use http_body::{Body, Frame, SizeHint};
use pin_project_lite::pin_project;

use super::work::HttpWork;
use crate::record::{Ending, Failure, Guard, Outcome};

pin_project! {
    /// A response body whose end is counted. Dropped before its last byte, the client left.
    #[derive(Debug)]
    pub struct CountedBody<B> {
        guard: Option<Guard<HttpWork>>,
        #[pin]
        body: B,
    }
}

impl<B> CountedBody<B> {
    pub(super) fn new(guard: Option<Guard<HttpWork>>, body: B) -> Self {
        Self { guard, body }
    }

    pub(super) fn uncounted(body: B) -> Self {
        Self { guard: None, body }
    }
}

impl<B: Body> Body for CountedBody<B> {
    type Data = B::Data;
    type Error = B::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<B::Data>, B::Error>>> {
        let mut this = self.project();
        let Some(guard) = this.guard else {
            return this.body.poll_frame(cx);
        };
        let polled = guard.watch(|| this.body.as_mut().poll_frame(cx));
        match &polled {
            Poll::Pending => {}
            Poll::Ready(None) => guard.end(Ending::Outcome(Outcome::Success)),
            Poll::Ready(Some(Err(_))) => guard.end(Ending::Outcome(Failure::INTERNAL.into())),
            Poll::Ready(Some(Ok(frame))) => {
                let sent = frame.data_ref().map_or(0, Buf::remaining) as u64;
                let all = guard.work().is_some_and(|work| work.sent(sent));
                // Now as well: who knows the length, as hyper does, does not poll again after the
                // last frame. Trailers are always the last frame.
                if all || frame.is_trailers() || this.body.is_end_stream() {
                    guard.end(Ending::Outcome(Outcome::Success));
                }
            }
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
