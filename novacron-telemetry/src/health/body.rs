//! A body that is there as a whole.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};

/// The body of an answer to a probe.
#[derive(Clone, Debug, Default)]
pub struct HealthBody(Option<Bytes>);

impl HealthBody {
    pub(super) fn new(bytes: Bytes) -> Self {
        Self(Some(bytes))
    }

    pub(super) fn empty() -> Self {
        Self(None)
    }
}

impl Body for HealthBody {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        Poll::Ready(self.0.take().map(|bytes| Ok(Frame::data(bytes))))
    }

    fn is_end_stream(&self) -> bool {
        self.0.is_none()
    }

    fn size_hint(&self) -> SizeHint {
        let length = self.0.as_ref().map_or(0, |bytes| bytes.len() as u64);
        SizeHint::with_exact(length)
    }
}
