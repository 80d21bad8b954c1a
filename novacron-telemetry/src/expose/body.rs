//! The body of an answer: one chunk at a time, rendered when the server asks for it.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};

#[cfg(feature = "gzip")]
use super::gzip::Gzip;
use super::{Chunks, ScrapeMetrics};
use crate::encode::Coding;

/// The body of [`MetricsService`](super::MetricsService)'s answers.
///
/// A reader that stops reading holds one chunk and one of the places for scrapes; both are free
/// again when the body is dropped.
#[derive(Debug, Default)]
pub struct MetricsBody(State);

#[derive(Debug, Default)]
enum State {
    /// All there is, and the place it takes among scrapes.
    Whole { bytes: Bytes, _place: Option<Place> },
    /// More than fits in a chunk.
    Streamed(Box<Exposition>),
    #[default]
    Ended,
}

/// An exposition on its way to a reader.
#[derive(Debug)]
struct Exposition {
    /// What was rendered and not taken yet.
    ready: Option<Bytes>,
    chunks: Chunks,
    coder: Coder,
    measure: Measure,
    _place: Place,
}

impl MetricsBody {
    /// A body of this text; `""` for none.
    pub(super) fn text(text: &'static str) -> Self {
        Self::whole(Bytes::from_static(text.as_bytes()), None)
    }

    fn whole(bytes: Bytes, place: Option<Place>) -> Self {
        Self(if bytes.is_empty() {
            State::Ended
        } else {
            State::Whole {
                bytes,
                _place: place,
            }
        })
    }

    /// Renders the first chunk, so that the head of the answer can say how it is coded, and how
    /// long it is if that was all.
    pub(super) fn exposition(
        mut chunks: Chunks,
        asked: Coding,
        mut measure: Measure,
        place: Place,
    ) -> (Self, Coding) {
        let first = measure.time(|| chunks.next().unwrap_or_default());
        measure.bytes += first.len();
        let all = chunks.is_finished();
        let worth_it = !all || first.len() > NOT_WORTH_COMPRESSING;
        let (mut coder, coding) = Coder::new(if worth_it { asked } else { Coding::Identity });
        let first = measure.time(|| coder.write(first));
        let body = if all {
            let rest = measure.time(|| coder.finish());
            measure.finish(&chunks);
            let bytes = match rest {
                Some(rest) => [first, rest].concat().into(),
                None => first,
            };
            Self::whole(bytes, Some(place))
        } else {
            Self(State::Streamed(Box::new(Exposition {
                ready: Some(first).filter(|bytes| !bytes.is_empty()),
                chunks,
                coder,
                measure,
                _place: place,
            })))
        };
        (body, coding)
    }
}

/// Below this size a compressed body is hardly smaller.
const NOT_WORTH_COMPRESSING: usize = 1024;

impl Exposition {
    /// The next bytes for the reader, and whether they are the last ones.
    fn next(&mut self) -> (Option<Bytes>, bool) {
        if let Some(ready) = self.ready.take() {
            return (Some(ready), false);
        }
        let Self {
            chunks,
            coder,
            measure,
            ..
        } = self;
        while let Some(chunk) = measure.time(|| chunks.next()) {
            measure.bytes += chunk.len();
            let coded = measure.time(|| coder.write(chunk));
            // A compressor may swallow a chunk and give nothing yet.
            if !coded.is_empty() {
                return (Some(coded), false);
            }
        }
        let rest = measure.time(|| coder.finish());
        measure.finish(chunks);
        (rest, true)
    }
}

/// What stands between chunks and reader.
#[derive(Debug)]
enum Coder {
    Identity,
    #[cfg(feature = "gzip")]
    Gzip(Option<Gzip>),
}

impl Coder {
    /// The coder that was asked for, if it is built in.
    fn new(asked: Coding) -> (Self, Coding) {
        match asked {
            #[cfg(feature = "gzip")]
            Coding::Gzip => (Self::Gzip(Some(Gzip::new())), Coding::Gzip),
            _ => (Self::Identity, Coding::Identity),
        }
    }

    fn write(&mut self, chunk: Vec<u8>) -> Bytes {
        match self {
            Self::Identity => chunk.into(),
            #[cfg(feature = "gzip")]
            Self::Gzip(gzip) => gzip
                .as_mut()
                .map(|gzip| gzip.write(&chunk).into())
                .unwrap_or_default(),
        }
    }

    /// The bytes behind the last chunk, if there are any. Once.
    fn finish(&mut self) -> Option<Bytes> {
        match self {
            Self::Identity => None,
            #[cfg(feature = "gzip")]
            Self::Gzip(gzip) => gzip.take().map(|gzip| gzip.finish().into()),
        }
    }
}

/// What a scrape cost us: the time spent rendering, without the time its reader took.
#[derive(Debug)]
pub(super) struct Measure {
    metrics: Arc<ScrapeMetrics>,
    spent: Duration,
    bytes: usize,
}

impl Measure {
    pub(super) fn new(metrics: Arc<ScrapeMetrics>) -> Self {
        Self {
            metrics,
            spent: Duration::ZERO,
            bytes: 0,
        }
    }

    pub(super) fn time<R>(&mut self, work: impl FnOnce() -> R) -> R {
        let began = Instant::now();
        let result = work();
        self.spent += began.elapsed();
        result
    }

    /// Counts a scrape that was rendered to its end; those that were dropped say nothing about
    /// how long one takes.
    fn finish(&mut self, chunks: &Chunks) {
        let metrics = &self.metrics;
        metrics.duration.observe(self.spent);
        metrics.bytes.observe(self.bytes as f64);
        metrics.series.set(chunks.series() as f64);
    }
}

/// How many scrapes are under way, of at most so many.
#[derive(Clone, Debug)]
pub(super) struct Places {
    taken: Arc<AtomicUsize>,
    most: Arc<AtomicUsize>,
}

/// One of the places, free again when this is dropped.
#[derive(Debug)]
pub(super) struct Place(Arc<AtomicUsize>);

impl Places {
    pub(super) fn new(most: usize) -> Self {
        Self {
            taken: Arc::default(),
            most: Arc::new(AtomicUsize::new(most)),
        }
    }

    /// Whether one is free at the moment.
    #[cfg(feature = "listener")]
    pub(super) fn any(&self) -> bool {
        self.taken.load(Ordering::Relaxed) < self.most.load(Ordering::Relaxed)
    }

    pub(super) fn set(&self, most: usize) {
        self.most.store(most, Ordering::Relaxed);
    }

    pub(super) fn take(&self) -> Option<Place> {
        let most = self.most.load(Ordering::Relaxed);
        self.taken
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |taken| {
                (taken < most).then_some(taken + 1)
            })
            .is_ok()
            .then(|| Place(Arc::clone(&self.taken)))
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Body for MetricsBody {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let bytes = match &mut self.0 {
            State::Whole { bytes, .. } => {
                let bytes = std::mem::take(bytes);
                self.0 = State::Ended;
                Some(bytes)
            }
            State::Streamed(exposition) => {
                let (bytes, last) = exposition.next();
                if last {
                    self.0 = State::Ended;
                }
                bytes
            }
            State::Ended => None,
        };
        Poll::Ready(bytes.map(|bytes| Ok(Frame::data(bytes))))
    }

    fn is_end_stream(&self) -> bool {
        matches!(self.0, State::Ended)
    }

    fn size_hint(&self) -> SizeHint {
        match &self.0 {
            State::Whole { bytes, .. } => SizeHint::with_exact(bytes.len() as u64),
            State::Streamed(_) => SizeHint::new(),
            State::Ended => SizeHint::with_exact(0),
        }
    }
}
