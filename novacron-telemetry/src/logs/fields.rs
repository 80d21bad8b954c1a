//! What an event or a span says, collected before it is laid out.
//!
//! Values are written one behind the other into one text, redacted already; an entry says which
//! part of it is its own. So a line needs no allocation once the buffers have their size, and every
//! layout sees the same thing.

use std::error::Error;
use std::fmt::{self, Write as _};
use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind};

use tracing::field::{Field, Visit};

use super::schema::{self, Class, Kind, SUFFIX};
use crate::redact::{self, REDACTED};

/// The most that one value may have, in bytes; what is longer is cut and marked.
const MAX_VALUE: usize = 32 * 1024;
/// The most that all values of a line may have together. What does not fit is left out and counted.
const MAX_TEXT: usize = 128 * 1024;
/// The most fields that a line may have.
const MAX_FIELDS: usize = 256;
/// How far the causes of an error are followed. They may lead in a circle.
const MAX_CAUSES: usize = 16;
const CUT: &str = "…[truncated]";

/// The fields of one event or span.
#[derive(Clone, Debug, Default)]
pub(super) struct Fields {
    text: String,
    entries: Vec<Entry>,
    message: Option<Range<usize>>,
    target: Option<Range<usize>>,
    left_out: u32,
}

#[derive(Clone, Debug)]
struct Entry {
    name: &'static str,
    /// Whether the name has the suffix behind it.
    clash: bool,
    kind: Kind,
    value: Range<usize>,
}

/// One field, as a layout sees it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Shown<'a> {
    pub(super) name: &'static str,
    pub(super) suffix: &'static str,
    pub(super) kind: Kind,
    pub(super) value: &'a str,
}

impl Fields {
    /// Forgets what was collected, and keeps the room for it unless that was unusually large.
    pub(super) fn clear(&mut self) {
        let Self {
            text,
            entries,
            message,
            target,
            left_out,
        } = self;
        text.clear();
        text.shrink_to(16 * 1024);
        entries.clear();
        (*message, *target, *left_out) = (None, None, 0);
    }

    pub(super) fn message(&self) -> Option<&str> {
        self.message.clone().map(|range| &self.text[range])
    }

    /// The target of an event that came through the `log` crate, whose own is always `log`.
    pub(super) fn target(&self) -> Option<&str> {
        self.target.clone().map(|range| &self.text[range])
    }

    /// How many fields there was no room for.
    pub(super) fn left_out(&self) -> u32 {
        self.left_out
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = Shown<'_>> {
        self.entries.iter().map(|entry| Shown {
            name: entry.name,
            suffix: if entry.clash { SUFFIX } else { "" },
            kind: entry.kind,
            value: &self.text[entry.value.clone()],
        })
    }

    /// The value under this documented key.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.iter()
            .find(|field| field.suffix.is_empty() && field.name == name)
            .map(|field| field.value)
    }

    /// Adds the fields of a span around; those that are there already stay.
    pub(super) fn add(&mut self, around: &Fields) {
        for entry in &around.entries {
            let value = &around.text[entry.value.clone()];
            if self.has(entry.name, entry.clash) {
                continue;
            }
            if self.is_full(value.len()) {
                self.left_out = self.left_out.saturating_add(1);
                continue;
            }
            let start = self.text.len();
            self.text.push_str(value);
            self.entries.push(Entry {
                name: entry.name,
                clash: entry.clash,
                kind: entry.kind,
                value: start..self.text.len(),
            });
        }
        self.left_out = self.left_out.saturating_add(around.left_out);
    }

    /// Adds a text that the library says itself.
    pub(super) fn say(&mut self, message: &str) {
        let start = self.text.len();
        self.text.push_str(message);
        self.message = Some(start..self.text.len());
    }

    /// Adds a number that the library says itself.
    pub(super) fn count(&mut self, name: &'static str, number: u64) {
        let start = self.text.len();
        self.text.push_str(itoa::Buffer::new().format(number));
        self.entries.push(Entry {
            name,
            clash: false,
            kind: Kind::Number,
            value: start..self.text.len(),
        });
    }

    /// Adds a text field that the library says itself.
    pub(super) fn note(&mut self, name: &'static str, value: &str) {
        let start = self.text.len();
        redact::redact_into(value, &mut self.text);
        self.entries.push(Entry {
            name,
            clash: false,
            kind: Kind::Text,
            value: start..self.text.len(),
        });
    }

    fn has(&self, name: &str, clash: bool) -> bool {
        self.entries.iter().any(|entry| match (entry.clash, clash) {
            (false, false) | (true, true) => entry.name == name,
            // `status` with the suffix and a field that is called `status_field`.
            (true, false) => name.strip_suffix(SUFFIX) == Some(entry.name),
            (false, true) => entry.name.strip_suffix(SUFFIX) == Some(name),
        })
    }

    fn is_full(&self, more: usize) -> bool {
        self.entries.len() >= MAX_FIELDS || self.text.len() + more > MAX_TEXT
    }
}

/// Collects fields; the difference between an event's and a span's is their `message`.
#[derive(Debug)]
pub(super) struct Collect<'a> {
    fields: &'a mut Fields,
    is_event: bool,
    /// Whether it came through the `log` crate.
    is_log: bool,
}

impl<'a> Collect<'a> {
    pub(super) fn event(fields: &'a mut Fields, target: &str) -> Self {
        Self {
            fields,
            is_event: true,
            is_log: target == "log",
        }
    }

    pub(super) fn span(fields: &'a mut Fields) -> Self {
        Self {
            fields,
            is_event: false,
            is_log: false,
        }
    }

    /// Takes one value. `write` appends it, and says what it is.
    fn take(&mut self, field: &Field, kind: Kind, write: impl FnOnce(&mut String) -> Kind) {
        let name = field.name();
        let name = name.strip_prefix("r#").unwrap_or(name);
        if self.is_log && name.starts_with("log.") {
            if name == "log.target" {
                let start = self.fields.text.len();
                write(&mut self.fields.text);
                self.fields.target = Some(start..self.fields.text.len());
            }
            return;
        }
        let class = schema::class(name);
        if class == Class::Message && self.is_event {
            if self.fields.message.is_none() {
                let start = self.fields.text.len();
                write(&mut self.fields.text);
                self.fields.message = Some(start..self.fields.text.len());
            }
            return;
        }
        let start = self.fields.text.len();
        if self.fields.is_full(0) {
            self.fields.left_out = self.fields.left_out.saturating_add(1);
            return;
        }
        let is_secret = match class {
            Class::Secret => true,
            Class::SecretUnlessCount => kind != Kind::Number,
            _ => false,
        };
        let kind = if is_secret {
            // Not even asked for.
            self.fields.text.push_str(REDACTED);
            Kind::Text
        } else {
            write(&mut self.fields.text)
        };
        let value = start..self.fields.text.len();
        let clash = match class {
            Class::Free | Class::Secret | Class::SecretUnlessCount => false,
            Class::Reserved | Class::Message => true,
            Class::Number => kind != Kind::Number,
            Class::Text => kind == Kind::Null,
            Class::LogKind => !schema::is_log_kind(&self.fields.text[value.clone()]),
        };
        let kind = match class {
            Class::Text if !clash => Kind::Text,
            _ => kind,
        };
        if value.end > MAX_TEXT {
            self.fields.text.truncate(start);
            self.fields.left_out = self.fields.left_out.saturating_add(1);
        } else if self.fields.has(name, clash) {
            self.fields.text.truncate(start);
        } else {
            self.fields.entries.push(Entry {
                name,
                clash,
                kind,
                value,
            });
        }
    }

    fn number(&mut self, field: &Field, text: &str) {
        self.take(field, Kind::Number, |out| {
            out.push_str(text);
            Kind::Number
        });
    }
}

impl Visit for Collect<'_> {
    fn record_str(&mut self, field: &Field, value: &str) {
        self.take(field, Kind::Text, |out| {
            let kept = cut(value, MAX_VALUE);
            redact::redact_into(kept, out);
            if kept.len() < value.len() {
                out.push_str(CUT);
            }
            Kind::Text
        });
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.number(field, itoa::Buffer::new().format(value));
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.number(field, itoa::Buffer::new().format(value));
    }

    fn record_i128(&mut self, field: &Field, value: i128) {
        match i64::try_from(value) {
            Ok(value) => self.record_i64(field, value),
            // No reader keeps the digits of a longer number.
            Err(_) => self.record_str(field, itoa::Buffer::new().format(value)),
        }
    }

    fn record_u128(&mut self, field: &Field, value: u128) {
        match u64::try_from(value) {
            Ok(value) => self.record_u64(field, value),
            Err(_) => self.record_str(field, itoa::Buffer::new().format(value)),
        }
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        if value.is_finite() {
            self.number(field, zmij::Buffer::new().format_finite(value));
        } else {
            self.take(field, Kind::Null, |out| {
                out.push_str("null");
                Kind::Null
            });
        }
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.take(field, Kind::Bool, |out| {
            out.push_str(if value { "true" } else { "false" });
            Kind::Bool
        });
    }

    fn record_bytes(&mut self, field: &Field, value: &[u8]) {
        self.take(field, Kind::Text, |out| {
            for byte in &value[..value.len().min(MAX_VALUE / 2)] {
                let _ = write!(out, "{byte:02x}");
            }
            if value.len() > MAX_VALUE / 2 {
                out.push_str(CUT);
            }
            Kind::Text
        });
    }

    fn record_error(&mut self, field: &Field, value: &(dyn Error + 'static)) {
        self.take(field, Kind::Text, |out| {
            say(out, |out| {
                write!(out, "{value}")?;
                let mut cause = value.source();
                for _ in 0..MAX_CAUSES {
                    let Some(error) = cause else {
                        return Ok(());
                    };
                    write!(out, ": {error}")?;
                    cause = error.source();
                }
                out.write_str(": …")
            });
            Kind::Text
        });
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.take(field, Kind::Text, |out| {
            say(out, |out| write!(out, "{value:?}"));
            Kind::Text
        });
    }
}

/// Appends what somebody else's code writes: bounded, redacted, and whatever it does.
fn say(out: &mut String, write: impl FnOnce(&mut Bounded<'_>) -> fmt::Result) {
    let start = out.len();
    let mut bounded = Bounded {
        out: &mut *out,
        left: MAX_VALUE,
        cut: false,
    };
    let written = catch_unwind(AssertUnwindSafe(|| write(&mut bounded)));
    let was_cut = bounded.cut;
    // One that panics because it was told to stop has said enough.
    if written.is_err() && !was_cut {
        out.truncate(start);
        out.push_str("[panicked]");
        return;
    }
    if let std::borrow::Cow::Owned(clean) = redact::redact(&out[start..]) {
        out.truncate(start);
        out.push_str(&clean);
    }
    if was_cut {
        out.push_str(CUT);
    }
}

/// Takes so much and then says stop, so that nobody goes on formatting what nobody will see.
struct Bounded<'a> {
    out: &'a mut String,
    left: usize,
    cut: bool,
}

impl fmt::Write for Bounded<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let kept = cut(text, self.left);
        self.out.push_str(kept);
        self.left -= kept.len();
        if kept.len() < text.len() {
            self.cut = true;
            return Err(fmt::Error);
        }
        Ok(())
    }
}

/// As much of a text as fits, in whole characters.
fn cut(text: &str, most: usize) -> &str {
    if text.len() <= most {
        return text;
    }
    let end = (0..=most).rev().find(|end| text.is_char_boundary(*end));
    &text[..end.unwrap_or(0)]
}
