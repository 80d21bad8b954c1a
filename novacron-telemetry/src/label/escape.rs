//! The only place that knows about backslashes.
//!
//! Escaping is injective: two different texts never look alike on the wire.

use std::borrow::Cow;

use super::open::is_forbidden;

/// Appends a label value, escaped as both formats ask: `\`, `"` and newline.
pub(crate) fn value_into(out: &mut String, text: &str) {
    escape_into(out, text, true);
}

/// Appends a HELP text for text 0.0.4: `\` and newline.
pub(crate) fn help_into(out: &mut String, text: &str) {
    escape_into(out, &printable(text), false);
}

/// Appends a HELP text for OpenMetrics, which escapes quotes as well.
pub(crate) fn help_quoted_into(out: &mut String, text: &str) {
    escape_into(out, &printable(text), true);
}

/// The text without what a line reader or a terminal would act on. Label values went through this
/// when they were stored.
fn printable(text: &str) -> Cow<'_, str> {
    if text.contains(is_forbidden) {
        Cow::Owned(text.replace(is_forbidden, "\u{fffd}"))
    } else {
        Cow::Borrowed(text)
    }
}

fn escape_into(out: &mut String, text: &str, quotes: bool) {
    let mut rest = text;
    while let Some(at) = rest.find(|c| matches!(c, '\\' | '\n') || (quotes && c == '"')) {
        out.push_str(&rest[..at]);
        match rest.as_bytes()[at] {
            b'\\' => out.push_str("\\\\"),
            b'\n' => out.push_str("\\n"),
            _ => out.push_str("\\\""),
        }
        rest = &rest[at + 1..];
    }
    out.push_str(rest);
}

/// The text that was escaped with [`value_into`].
pub(crate) fn unescape(escaped: &str) -> String {
    let mut text = String::with_capacity(escaped.len());
    let mut chars = escaped.chars();
    while let Some(c) = chars.next() {
        match c {
            '\\' => match chars.next() {
                Some('n') => text.push('\n'),
                Some(other) => text.push(other),
                None => text.push('\\'),
            },
            c => text.push(c),
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_that_look_alike_stay_apart() {
        for text in [
            "a\"b", "a\\\"b", "\\", "\\\\", "\n", "\\n", "\\\n", "\"} 1\n", "",
        ] {
            let mut escaped = String::new();
            value_into(&mut escaped, text);
            assert!(!escaped.contains('\n'));
            assert_eq!(unescape(&escaped), text);
        }
    }
}
