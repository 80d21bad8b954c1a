//! The answer's body: counts the messages that the server sends, and ends the call with them.

use std::pin::Pin;
use std::task::{Context, Poll};

use http_body::{Body, Frame, SizeHint};
use pin_project_lite::pin_project;

use super::work::GrpcWork;
use crate::layer::answer::{Watched, poll_body};

pin_project! {
    /// An answer's body whose end is counted. Dropped before its trailers, the client left.
    #[derive(Debug)]
    pub struct CountedBody<B> {
        watched: Watched<GrpcWork>,
        #[pin]
        body: B,
    }
}

impl<B> CountedBody<B> {
    pub(super) fn new(watched: Watched<GrpcWork>, body: B) -> Self {
        Self { watched, body }
    }
}

impl<B: Body> Body for CountedBody<B> {
    type Data = B::Data;
    type Error = B::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<B::Data>, B::Error>>> {
        let this = self.project();
        poll_body(this.watched, this.body, cx)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
