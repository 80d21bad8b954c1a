//! The answer's body: ends the call with its last frame.

use std::pin::Pin;
use std::task::{Context, Poll};

use http_body::{Body, Frame, SizeHint};
use pin_project_lite::pin_project;

use super::work::ClientWork;
use crate::layer::answer::{Watched, poll_body};

pin_project! {
    /// An answer's body whose end is counted.
    #[derive(Debug)]
    pub struct CountedBody<B> {
        watched: Watched<ClientWork>,
        #[pin]
        body: B,
    }
}

impl<B> CountedBody<B> {
    pub(super) fn new(watched: Watched<ClientWork>, body: B) -> Self {
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
