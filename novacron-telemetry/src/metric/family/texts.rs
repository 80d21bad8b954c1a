//! The texts of one open label: each stored once, escaped once, up to the cap.

use std::borrow::Cow;

use super::grown::Grown;
use super::hash;
use super::slots::Slots;
use crate::label::fragment::fragment;
use crate::label::{OTHER, open};
use crate::redact::{REDACTED, is_secret_key};
use crate::sync::{AtomicU32, OnceLock, Ordering};

/// See the module.
#[derive(Debug)]
pub(crate) struct Texts {
    label: &'static str,
    /// Whether the label's name says that its values are nobody's business.
    secret: bool,
    cap: u32,
    slots: Slots,
    texts: Grown<OnceLock<Text>>,
    len: AtomicU32,
}

/// One text as it is compared, and as it is written.
#[derive(Debug)]
struct Text {
    /// `key="value"`, escaped; behind it the raw text, if escaping changed it.
    bytes: Box<str>,
    fragment: u32,
    raw: (u32, u32),
}

impl Texts {
    pub(crate) fn new(label: &'static str, cap: u32) -> Self {
        let texts = Self {
            label,
            secret: is_secret_key(label),
            cap,
            slots: Slots::new(),
            texts: Grown::new(),
            len: AtomicU32::new(0),
        };
        texts.insert(OTHER);
        texts
    }

    /// The number of a text that is stored.
    #[inline]
    pub(crate) fn find(&self, text: &str) -> Option<u32> {
        self.slots.find(hash::text(hash::seed(), text), |number| {
            self.is(number, text)
        })
    }

    /// Whether only [`OTHER`] is left for a new text. It is stored first and takes no place under
    /// the cap.
    pub(crate) fn is_full(&self) -> bool {
        self.len.load(Ordering::Acquire) > self.cap
    }

    /// A text as it may be stored: without secrets, and of a good length. Past the cap nothing is
    /// stored any more, so nothing is searched for secrets.
    pub(crate) fn admissible<'a>(&self, text: &'a str) -> Cow<'a, str> {
        if self.secret && !text.is_empty() {
            return Cow::Borrowed(REDACTED);
        }
        if self.is_full() {
            return open::sanitize(text);
        }
        open::admissible(text)
    }

    /// Stores a text that is not stored yet. Callers insert one at a time.
    pub(crate) fn insert(&self, text: &str) -> u32 {
        let number = self.len.load(Ordering::Relaxed);
        self.texts
            .get_or_make(number, OnceLock::new)
            .get_or_init(|| Text::new(self.label, text));
        let seed = hash::seed();
        self.slots.insert(hash::text(seed, text), number, |n| {
            hash::text(seed, self.raw(n))
        });
        // Last: who sees that the place is taken also finds the text that took it. The other way
        // round, a second thread could take the text for one too many.
        self.len.store(number + 1, Ordering::Release);
        number
    }

    /// Whether the text of this number is `text`.
    #[inline]
    pub(crate) fn is(&self, number: u32, text: &str) -> bool {
        self.text(number).is_some_and(|stored| {
            let raw = stored.raw.0 as usize..stored.raw.1 as usize;
            // As bytes: a text that was stored is cut where it was put together.
            stored
                .bytes
                .as_bytes()
                .get(raw)
                .is_some_and(|raw| same(raw, text.as_bytes()))
        })
    }

    /// The text as it was given.
    #[inline]
    pub(crate) fn raw(&self, number: u32) -> &str {
        self.text(number).map_or("", Text::raw)
    }

    /// The text as it is written: `key="value"`.
    #[inline]
    pub(crate) fn fragment(&self, number: u32) -> &str {
        self.text(number).map_or("", Text::fragment)
    }

    #[inline]
    fn text(&self, number: u32) -> Option<&Text> {
        self.texts.get(number)?.get()
    }

    pub(crate) fn heap_bytes(&self) -> usize {
        let stored = (0..self.len.load(Ordering::Acquire))
            .filter_map(|number| self.text(number))
            .map(|text| text.bytes.len())
            .sum::<usize>();
        self.slots.heap_bytes() + self.texts.heap_bytes() + stored
    }
}

impl Text {
    fn new(label: &str, raw: &str) -> Self {
        let mut bytes = fragment(label, raw);
        let fragment = bytes.len() as u32;
        let value = label.len() + 2;
        let start = if bytes.get(value..value + raw.len()) == Some(raw)
            && bytes.len() == value + raw.len() + 1
        {
            value
        } else {
            bytes.push_str(raw);
            fragment as usize
        };
        Self {
            bytes: bytes.into(),
            fragment,
            raw: (start as u32, (start + raw.len()) as u32),
        }
    }

    #[inline]
    fn raw(&self) -> &str {
        self.bytes
            .get(self.raw.0 as usize..self.raw.1 as usize)
            .unwrap_or_default()
    }

    #[inline]
    fn fragment(&self) -> &str {
        self.bytes.get(..self.fragment as usize).unwrap_or_default()
    }
}

/// Equality without a call: label values are short.
#[inline]
pub(super) fn same(a: &[u8], b: &[u8]) -> bool {
    fn ends<const N: usize>(text: &[u8]) -> Option<([u8; N], [u8; N])> {
        Some((*text.first_chunk()?, *text.last_chunk()?))
    }
    if a.len() != b.len() {
        return false;
    }
    // Both ends, which may overlap, are all of a text of up to twice their length.
    match a.len() {
        0..4 => hash::short(a) == hash::short(b),
        4..8 => ends::<4>(a) == ends::<4>(b),
        8..16 => ends::<8>(a) == ends::<8>(b),
        16..=32 => ends::<16>(a) == ends::<16>(b),
        _ => a == b,
    }
}
