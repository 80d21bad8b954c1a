//! Where a piece of work stands in its trace, and how the next service learns of it.

use std::fmt;

use super::ids::{Flags, TraceIds, parse};
use super::state::TraceState;

/// The longest `traceparent` that is looked at; of version 00 all have 55 bytes.
const READ_AT_MOST: usize = 512;

/// Where a piece of work stands in its trace: what goes out with each call it makes.
///
/// ```
/// use novacron_telemetry::context::TraceContext;
///
/// let parent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
/// let context = TraceContext::parse(parent, "vendor=opaque").unwrap();
/// assert!(context.ids().sampled);
/// assert_eq!(context.traceparent().to_string(), parent);
/// assert_eq!(context.tracestate(), Some("vendor=opaque"));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TraceContext {
    pub(super) ids: TraceIds,
    pub(super) random: bool,
    pub(super) origin: Origin,
    pub(super) state: Option<TraceState>,
}

/// Who decided whether the trace is recorded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Origin {
    /// This process did.
    Local,
    /// A span of this process obeys a parent elsewhere.
    Obeyed,
    /// Read from a message: the span is elsewhere.
    Remote,
}

impl TraceContext {
    /// Reads the two headers of W3C Trace Context. A bad `traceparent` is none; a bad `tracestate`
    /// is left out.
    #[must_use]
    pub fn parse(traceparent: &str, tracestate: &str) -> Option<Self> {
        Self::read(traceparent.as_bytes(), [tracestate.as_bytes()])
    }

    fn read<'a>(
        traceparent: &[u8],
        tracestate: impl IntoIterator<Item = &'a [u8]>,
    ) -> Option<Self> {
        if traceparent.len() > READ_AT_MOST {
            return None;
        }
        let (ids, flags) = parse(traceparent)?;
        Some(Self {
            ids,
            random: flags.0 & Flags::RANDOM != 0,
            origin: Origin::Remote,
            state: TraceState::parse(tracestate),
        })
    }

    /// Reads the trace that a message belongs to. A message with two `traceparent`s belongs to
    /// none, as the standard has it.
    #[cfg(feature = "http")]
    #[must_use]
    pub fn extract(headers: &http::HeaderMap) -> Option<Self> {
        let mut parents = headers.get_all(TRACEPARENT).iter();
        let parent = parents.next()?;
        if parents.next().is_some() {
            return None;
        }
        let states = headers.get_all(TRACESTATE).iter();
        Self::read(parent.as_bytes(), states.map(http::HeaderValue::as_bytes))
    }

    /// Writes the trace into the headers of a message that is about to be sent, in the place of
    /// any that is there.
    #[cfg(feature = "http")]
    pub fn inject(&self, headers: &mut http::HeaderMap) {
        let parent = self.traceparent();
        let Ok(parent) = http::HeaderValue::from_bytes(&parent.0) else {
            return;
        };
        headers.insert(TRACEPARENT, parent);
        let state = self.tracestate().map(http::HeaderValue::from_str);
        match state {
            Some(Ok(state)) => headers.insert(TRACESTATE, state),
            _ => headers.remove(TRACESTATE),
        };
    }

    /// The ids.
    #[must_use]
    pub fn ids(&self) -> TraceIds {
        self.ids
    }

    /// The value of the `traceparent` header. Flags that this version of the standard does not
    /// define are not passed on, as it asks.
    #[must_use]
    pub fn traceparent(&self) -> Traceparent {
        let mut text = *b"00-00000000000000000000000000000000-0000000000000000-00";
        write_hex(&mut text[3..35], self.ids.trace_id);
        write_hex(&mut text[36..52], u128::from(self.ids.span_id));
        write_hex(&mut text[53..55], u128::from(self.flags()));
        Traceparent(text)
    }

    /// Whether spans inside this one are not recorded, unless they are of a class that always is.
    #[cfg(feature = "otlp")]
    pub(crate) fn is_unsampled_here(&self) -> bool {
        !self.ids.sampled && self.origin != Origin::Remote
    }

    /// The flags that version 2 of the standard defines.
    pub(crate) fn flags(&self) -> u8 {
        u8::from(self.ids.sampled) * Flags::SAMPLED + u8::from(self.random) * Flags::RANDOM
    }

    /// The value of the `tracestate` header, if there is one.
    #[must_use]
    pub fn tracestate(&self) -> Option<&str> {
        self.state.as_ref().map(TraceState::as_str)
    }
}

#[cfg(feature = "http")]
const TRACEPARENT: http::HeaderName = http::HeaderName::from_static("traceparent");
#[cfg(feature = "http")]
const TRACESTATE: http::HeaderName = http::HeaderName::from_static("tracestate");

/// The value of a `traceparent` header.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Traceparent([u8; 55]);

impl Traceparent {
    /// As text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        // Only hexadecimal digits and dashes were ever written.
        std::str::from_utf8(&self.0).unwrap_or_default()
    }
}

impl fmt::Display for Traceparent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for Traceparent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.as_str(), f)
    }
}

fn write_hex(text: &mut [u8], mut number: u128) {
    for digit in text.iter_mut().rev() {
        *digit = b"0123456789abcdef"[(number & 0xf) as usize];
        number >>= 4;
    }
}

#[cfg(all(test, feature = "http"))]
mod tests {
    use http::HeaderMap;

    use super::*;

    const PARENT: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-03";

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            headers.append(
                *name,
                http::HeaderValue::from_bytes(value.as_bytes()).unwrap(),
            );
        }
        headers
    }

    #[test]
    fn what_goes_out_comes_in() {
        let sent = headers(&[
            ("traceparent", PARENT),
            ("tracestate", "a=1"),
            ("tracestate", "b=2"),
        ]);
        let context = TraceContext::extract(&sent).unwrap();
        let mut out = headers(&[("traceparent", "stale"), ("tracestate", "stale=1")]);
        context.inject(&mut out);
        assert_eq!(out["traceparent"], PARENT);
        assert_eq!(out["tracestate"], "a=1,b=2");
        assert_eq!(TraceContext::extract(&out).unwrap(), context);
    }

    #[test]
    fn a_stranger_s_headers_break_nothing() {
        let huge = "x".repeat(10_000);
        assert_eq!(
            TraceContext::extract(&headers(&[("traceparent", &huge)])),
            None
        );
        let long = format!("01{}-{huge}", &PARENT[2..]);
        assert_eq!(
            TraceContext::extract(&headers(&[("traceparent", &long)])),
            None
        );
        let two = headers(&[("traceparent", PARENT), ("traceparent", PARENT)]);
        assert_eq!(TraceContext::extract(&two), None, "two parents are none");
        let bytes = headers(&[("traceparent", "00-\u{fc}")]);
        assert_eq!(TraceContext::extract(&bytes), None);
        let state = headers(&[("traceparent", PARENT), ("tracestate", &huge)]);
        let context = TraceContext::extract(&state).unwrap();
        assert_eq!(context.tracestate(), None, "its trace counts all the same");
    }

    #[test]
    fn flags_that_nobody_knows_are_not_passed_on() {
        let context = TraceContext::parse(&PARENT.replace("-03", "-fd"), "").unwrap();
        assert_eq!(context.traceparent().as_str(), PARENT.replace("-03", "-01"));
    }
}
