//! The request's body: counts the messages that the client sends, as they are read.

use std::pin::Pin;
use std::task::{Context, Poll};

use http_body::{Body, Frame, SizeHint};
use pin_project_lite::pin_project;

use super::frames::Frames;
use super::notes::Notes;
use crate::record::Traffic;

pin_project! {
    /// A request body whose messages are counted. What passes is not changed.
    #[derive(Debug)]
    pub struct CountedRequest<B> {
        receiving: Option<Receiving>,
        #[pin]
        body: B,
    }
}

/// The request's half of a call.
#[derive(Debug)]
pub(super) struct Receiving {
    frames: Frames,
    /// Where messages are counted, if the method was known when the call began.
    traffic: Option<Traffic>,
    notes: Notes,
}

impl Receiving {
    pub(super) fn new(traffic: Option<Traffic>, notes: Notes) -> Self {
        Self {
            frames: Frames::default(),
            traffic,
            notes,
        }
    }
}

impl Drop for Receiving {
    fn drop(&mut self) {
        // Whoever drops a request waits for no more of it.
        self.notes.end();
    }
}

impl<B: Body> CountedRequest<B> {
    pub(super) fn new(receiving: Option<Receiving>, body: B) -> Self {
        if body.is_end_stream()
            && let Some(receiving) = &receiving
        {
            receiving.notes.end();
        }
        Self { receiving, body }
    }
}

impl<B: Body> Body for CountedRequest<B> {
    type Data = B::Data;
    type Error = B::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<B::Data>, B::Error>>> {
        let mut this = self.project();
        let polled = this.body.as_mut().poll_frame(cx);
        if let Some(receiving) = this.receiving {
            match &polled {
                Poll::Pending => {}
                Poll::Ready(None | Some(Err(_))) => receiving.notes.end(),
                Poll::Ready(Some(Ok(frame))) => {
                    if let Some(data) = frame.data_ref() {
                        let passed = receiving.frames.pass(data);
                        receiving.notes.received(passed, receiving.traffic);
                    }
                    if frame.is_trailers() || this.body.is_end_stream() {
                        receiving.notes.end();
                    }
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
