//! What an open value may look like once it is stored.
//!
//! A stored text is at most [`MAX_VALUE_BYTES`] long and holds no control character but tab and
//! newline. A text that had to be altered ends in `~` and eight hex digits of a hash of the
//! original, so two hostile texts do not silently become one series. What looks like a secret is
//! replaced, and so is every value of a label whose name says that it is one.

use std::borrow::Cow;
use std::sync::Arc;

use crate::redact::redact;

/// The value that stands for all texts past a label's cap.
pub const OTHER: &str = "__other__";

/// The longest stored text, in bytes.
pub const MAX_VALUE_BYTES: usize = 256;

/// What a derived open value may hold its text in.
#[doc(hidden)]
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot hold the text of an open label value",
    label = "not a text",
    note = "hold an `Arc<str>` (cheapest to clone), a `String`, a `Box<str>` or a `Cow<'static, str>`"
)]
pub trait OpenText: AsRef<str> + From<String> + Clone + Send + Sync + 'static {}

impl OpenText for Arc<str> {}
impl OpenText for String {}
impl OpenText for Box<str> {}
impl OpenText for Cow<'static, str> {}

const MARK: usize = 1 + 8;

/// The text as it may be stored and shown: what looks like a secret is taken out of it. Texts that
/// differ in their secrets only become one.
pub(crate) fn admissible(text: &str) -> Cow<'_, str> {
    // What is searched is more than what is kept, so that no secret is cut beyond recognition, and
    // not all of what a stranger sends.
    let mut end = text.len().min(2 * MAX_VALUE_BYTES);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    match redact(&text[..end]) {
        Cow::Borrowed(_) => sanitize(text),
        Cow::Owned(clean) => Cow::Owned(sanitize(&clean).into_owned()),
    }
}

/// The text as it may be stored.
pub(crate) fn sanitize(text: &str) -> Cow<'_, str> {
    if text.len() <= MAX_VALUE_BYTES && !text.chars().any(is_forbidden) {
        return Cow::Borrowed(text);
    }
    let mut kept = String::with_capacity(MAX_VALUE_BYTES);
    for c in text.chars() {
        let c = if is_forbidden(c) {
            char::REPLACEMENT_CHARACTER
        } else {
            c
        };
        if kept.len() + c.len_utf8() + MARK > MAX_VALUE_BYTES {
            break;
        }
        kept.push(c);
    }
    let hash = fnv(text.as_bytes());
    kept.push('~');
    for shift in (0..8).rev() {
        let digit = (hash >> (shift * 4)) & 0xf;
        kept.push(char::from_digit(digit, 16).unwrap_or('0'));
    }
    Cow::Owned(kept)
}

/// C0 but tab and newline, DEL, C1, the line separators, and the byte order mark: a terminal or a
/// line reader would act on them.
pub(super) fn is_forbidden(c: char) -> bool {
    match c {
        '\t' | '\n' => false,
        '\u{2028}' | '\u{2029}' | '\u{feff}' => true,
        c => c.is_control(),
    }
}

/// FNV-1a over bytes; only names altered texts, so a collision costs a merged hostile series.
fn fnv(bytes: &[u8]) -> u32 {
    let mut hash = 0x811c_9dc5u32;
    for byte in bytes {
        hash = (hash ^ u32::from(*byte)).wrapping_mul(0x0100_0193);
    }
    hash
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_good_text_is_kept_as_it_is() {
        assert!(matches!(
            sanitize("/api/v1/vms/{id}\t\n\"\\"),
            Cow::Borrowed(_)
        ));
    }

    #[test]
    fn a_long_text_is_cut_on_a_character_and_marked() {
        let long = "ü".repeat(1 << 20);
        let kept = sanitize(&long);
        assert!(kept.len() <= MAX_VALUE_BYTES);
        assert_ne!(
            kept,
            sanitize(&"ü".repeat((1 << 20) - 1)),
            "the mark tells them apart"
        );
    }

    #[test]
    fn control_characters_are_replaced_and_stay_distinct() {
        let (bell, escape) = (sanitize("a\u{7}"), sanitize("a\u{1b}"));
        assert!(bell.starts_with("a\u{fffd}~") && escape.starts_with("a\u{fffd}~"));
        assert_ne!(bell, escape);
    }
}
