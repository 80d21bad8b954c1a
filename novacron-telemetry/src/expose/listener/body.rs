//! The body of whatever was asked for.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};

use super::super::MetricsBody;
use super::phase::Answering;
#[cfg(feature = "health")]
use crate::health::HealthBody;

/// One of the bodies that a listener sends. As long as it lives, its request is being answered.
#[derive(Debug, Default)]
pub(super) struct AnyBody {
    kind: Kind,
    answering: Option<Answering>,
}

#[derive(Debug, Default)]
enum Kind {
    #[default]
    Empty,
    Text(Option<Bytes>),
    Metrics(MetricsBody),
    #[cfg(feature = "health")]
    Health(HealthBody),
}

impl AnyBody {
    pub(super) fn text(text: impl Into<Bytes>) -> Self {
        Self::of(Kind::Text(Some(text.into())))
    }

    fn of(kind: Kind) -> Self {
        Self {
            kind,
            answering: None,
        }
    }

    pub(super) fn answers(&mut self, answering: Answering) {
        self.answering = Some(answering);
    }
}

impl From<MetricsBody> for AnyBody {
    fn from(body: MetricsBody) -> Self {
        Self::of(Kind::Metrics(body))
    }
}

#[cfg(feature = "health")]
impl From<HealthBody> for AnyBody {
    fn from(body: HealthBody) -> Self {
        Self::of(Kind::Health(body))
    }
}

impl Body for AnyBody {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        match &mut self.kind {
            Kind::Empty => Poll::Ready(None),
            Kind::Text(text) => Poll::Ready(text.take().map(|text| Ok(Frame::data(text)))),
            Kind::Metrics(body) => Pin::new(body).poll_frame(cx),
            #[cfg(feature = "health")]
            Kind::Health(body) => Pin::new(body).poll_frame(cx),
        }
    }

    fn is_end_stream(&self) -> bool {
        match &self.kind {
            Kind::Empty => true,
            Kind::Text(text) => text.is_none(),
            Kind::Metrics(body) => body.is_end_stream(),
            #[cfg(feature = "health")]
            Kind::Health(body) => body.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.kind {
            Kind::Empty => SizeHint::with_exact(0),
            Kind::Text(text) => {
                SizeHint::with_exact(text.as_ref().map_or(0, |text| text.len() as u64))
            }
            Kind::Metrics(body) => body.size_hint(),
            #[cfg(feature = "health")]
            Kind::Health(body) => body.size_hint(),
        }
    }
}
