//! A span that is over: what is exported.

use std::borrow::Cow;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use super::clock::{Anchor, Moment};
use super::ids::TraceIds;
use super::propagate::TraceContext;

/// More attributes than this are counted, not kept.
const ATTRIBUTES: usize = 64;
const EVENTS: usize = 32;
/// Longer texts are cut, in bytes.
const TEXT: usize = 1024;

/// A span that is over, on its way to a [`SpanSink`](super::SpanSink).
#[derive(Clone, Debug)]
pub struct FinishedSpan {
    pub(crate) context: TraceContext,
    pub(crate) parent_id: u64,
    pub(crate) name: Cow<'static, str>,
    pub(crate) kind: SpanKind,
    pub(crate) begun: Moment,
    pub(crate) ended: Moment,
    pub(crate) status: SpanStatus,
    pub(crate) attributes: Attributes,
    pub(crate) events: Vec<SpanEvent>,
    pub(crate) dropped_events: u32,
    pub(crate) rescued: Option<Rescue>,
}

/// What a span is to those it talks to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SpanKind {
    /// A step inside the service.
    #[default]
    Internal,
    /// A request that was served.
    Server,
    /// A call to another service.
    Client,
    /// A message that was sent.
    Producer,
    /// A message that was dealt with.
    Consumer,
}

/// How a span ended.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum SpanStatus {
    /// Nobody said.
    #[default]
    Unset,
    /// As asked.
    Ok,
    /// Not as asked: in a few words.
    Error(Cow<'static, str>),
}

/// Why a span is exported whose trace was not to be kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rescue {
    /// It failed.
    Error,
    /// It took longer than it should.
    Slow,
    /// Nobody waited for its end.
    Cancelled,
}

impl Rescue {
    /// The value of the attribute `sampled.reason`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Slow => "slow",
            Self::Cancelled => "cancelled",
        }
    }
}

/// The value of an attribute.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// A text of at most 1024 bytes.
    Text(Cow<'static, str>),
    /// A whole number.
    Int(i64),
    /// A number.
    Float(f64),
    /// Yes or no.
    Bool(bool),
}

/// What is known about a span or an event: a bounded list.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Attributes {
    pub(crate) list: Vec<(&'static str, Value)>,
    pub(crate) dropped: u32,
}

/// Something that happened in a span.
#[derive(Clone, Debug)]
pub struct SpanEvent {
    pub(crate) name: Cow<'static, str>,
    pub(crate) at: Moment,
    pub(crate) attributes: Attributes,
}

impl FinishedSpan {
    pub(super) fn new(context: TraceContext, parent_id: u64, begun: Moment, ended: Moment) -> Self {
        Self {
            context,
            parent_id,
            name: Cow::Borrowed(""),
            kind: SpanKind::Internal,
            begun,
            ended,
            status: SpanStatus::Unset,
            attributes: Attributes::default(),
            events: Vec::new(),
            dropped_events: 0,
            rescued: None,
        }
    }

    /// Its ids.
    #[must_use]
    pub fn ids(&self) -> TraceIds {
        self.context.ids
    }

    /// The id of the span it is part of.
    #[must_use]
    pub fn parent_id(&self) -> Option<u64> {
        (self.parent_id != 0).then_some(self.parent_id)
    }

    /// Its name: what is done, never to whom.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its kind.
    #[must_use]
    pub fn kind(&self) -> SpanKind {
        self.kind
    }

    /// How it ended.
    #[must_use]
    pub fn status(&self) -> &SpanStatus {
        &self.status
    }

    /// When it began.
    #[must_use]
    pub fn begun(&self) -> SystemTime {
        UNIX_EPOCH + Duration::from_nanos(Anchor::now().unix_nanos(self.begun))
    }

    /// How long it took.
    #[must_use]
    pub fn duration(&self) -> Duration {
        self.ended.since(self.begun)
    }

    /// What is known about it.
    #[must_use]
    pub fn attributes(&self) -> &Attributes {
        &self.attributes
    }

    /// What happened in it.
    #[must_use]
    pub fn events(&self) -> &[SpanEvent] {
        &self.events
    }

    /// Why it is here though its trace was not to be kept.
    #[must_use]
    pub fn rescued(&self) -> Option<Rescue> {
        self.rescued
    }

    pub(crate) fn set(&mut self, key: &'static str, value: impl Into<Value>) {
        self.attributes.push(key, value.into());
    }

    /// It failed: the status, and an `exception` event, as the conventions have it.
    pub(crate) fn fail(&mut self, error_type: &'static str, message: impl Into<Cow<'static, str>>) {
        let message = message.into();
        let mut attributes = Attributes::default();
        attributes.push("exception.type", error_type.into());
        attributes.push("exception.message", message.clone().into());
        self.status = SpanStatus::Error(message);
        self.set("error.type", error_type);
        self.event(SpanEvent {
            name: Cow::Borrowed("exception"),
            at: self.ended,
            attributes,
        });
    }

    pub(crate) fn event(&mut self, event: SpanEvent) {
        if self.events.len() < EVENTS {
            self.events.push(event);
        } else {
            self.dropped_events += 1;
        }
    }
}

impl Attributes {
    /// The value of this attribute.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&Value> {
        self.list
            .iter()
            .find(|(known, _)| *known == key)
            .map(|(_, value)| value)
    }

    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Value)> {
        self.list.iter().map(|(key, value)| (*key, value))
    }

    pub(crate) fn push(&mut self, key: &'static str, value: Value) {
        if self.list.len() < ATTRIBUTES {
            if self.list.capacity() == 0 {
                self.list.reserve_exact(8);
            }
            self.list.push((key, value));
        } else {
            self.dropped += 1;
        }
    }

    #[cfg(feature = "otlp")]
    /// The same key again takes the place of the first.
    pub(crate) fn replace(&mut self, key: &'static str, value: Value) {
        match self.list.iter_mut().find(|(known, _)| *known == key) {
            Some((_, known)) => *known = value,
            None => self.push(key, value),
        }
    }
}

impl SpanEvent {
    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// How long after the beginning of its span it happened.
    #[must_use]
    pub fn after(&self, span: &FinishedSpan) -> Duration {
        self.at.since(span.begun)
    }

    /// What is known about it.
    #[must_use]
    pub fn attributes(&self) -> &Attributes {
        &self.attributes
    }
}

impl Value {
    /// The text, if it is one.
    #[must_use]
    pub fn as_text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            Self::Int(_) | Self::Float(_) | Self::Bool(_) => None,
        }
    }
}

impl From<&'static str> for Value {
    fn from(text: &'static str) -> Self {
        Self::Text(Cow::Borrowed(text))
    }
}

impl From<Cow<'static, str>> for Value {
    fn from(text: Cow<'static, str>) -> Self {
        match text {
            Cow::Borrowed(text) => Self::Text(Cow::Borrowed(cut(text))),
            Cow::Owned(text) => text.into(),
        }
    }
}

impl From<String> for Value {
    fn from(mut text: String) -> Self {
        text.truncate(cut(&text).len());
        Self::Text(Cow::Owned(text))
    }
}

impl From<i64> for Value {
    fn from(number: i64) -> Self {
        Self::Int(number)
    }
}

impl From<f64> for Value {
    fn from(number: f64) -> Self {
        Self::Float(number)
    }
}

impl From<bool> for Value {
    fn from(yes: bool) -> Self {
        Self::Bool(yes)
    }
}

#[cfg(any(test, feature = "otlp"))]
/// Text that somebody else made: copied, and cut to what is kept.
pub(crate) fn text(text: &str) -> Value {
    Value::Text(Cow::Owned(cut(text).to_owned()))
}

fn cut(text: &str) -> &str {
    let mut end = text.len().min(TEXT);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_and_texts_are_bounded() {
        let mut attributes = Attributes::default();
        for _ in 0..1000 {
            attributes.push("key", text(&"ü".repeat(1000)));
        }
        assert_eq!(
            (attributes.list.len(), attributes.dropped),
            (ATTRIBUTES, 1000 - 64)
        );
        let kept = attributes.get("key").and_then(Value::as_text).unwrap();
        assert_eq!(kept, "ü".repeat(512));
        assert_eq!(Value::from("é".repeat(1000)), text(&"é".repeat(1000)));
    }
}
