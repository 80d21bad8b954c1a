//! The only place that knows what must not stand in a line as it is.
//!
//! A line is one line for every reader: line feeds, but also the separators that only some readers
//! take for one (U+0085, U+2028, U+2029), and all other control characters, which terminals obey.
//! Marks that turn the direction of writing are escaped too: they make a line read as another.

/// Appends `text` between the quotes of a JSON string.
pub(super) fn json(text: &str, out: &mut String) {
    escape(text, out, |c, out| match c {
        '"' => out.push_str("\\\""),
        '\\' => out.push_str("\\\\"),
        '\n' => out.push_str("\\n"),
        '\r' => out.push_str("\\r"),
        '\t' => out.push_str("\\t"),
        c => {
            out.push_str("\\u");
            hexadecimal(u32::from(c), 4, out);
        }
    });
}

/// Appends `text` to a text layout. What it says is kept, backslashes and quotes are not doubled.
pub(super) fn plain(text: &str, out: &mut String) {
    escape(text, out, |c, out| match c {
        c @ ('"' | '\\') => out.push(c),
        '\n' => out.push_str("\\n"),
        '\r' => out.push_str("\\r"),
        '\t' => out.push_str("\\t"),
        c => braced(c, out),
    });
}

/// Appends `text` as a value of a text layout: in quotes, unless it is one plain word.
pub(super) fn value(text: &str, out: &mut String) {
    let word = |byte: u8| byte > b' ' && !matches!(byte, b'"' | b'=' | b',' | b'(' | b')');
    if !text.is_empty() && text.bytes().all(word) {
        return plain(text, out);
    }
    out.push('"');
    escape(text, out, |c, out| match c {
        '"' => out.push_str("\\\""),
        '\\' => out.push_str("\\\\"),
        '\n' => out.push_str("\\n"),
        '\r' => out.push_str("\\r"),
        '\t' => out.push_str("\\t"),
        c => braced(c, out),
    });
    out.push('"');
}

/// Appends `text` as a part of a line's head, which readers find by the blanks around it: without
/// any in it, and never empty.
pub(super) fn word(text: &str, out: &mut String) {
    let before = out.len();
    for c in text.chars() {
        if c.is_whitespace() || c.is_control() || is_mark(c) {
            out.push('_');
        } else {
            out.push(c);
        }
    }
    if out.len() == before {
        out.push('-');
    }
}

/// Copies what needs no care, and gives the rest to `care`.
fn escape(text: &str, out: &mut String, mut care: impl FnMut(char, &mut String)) {
    let bytes = text.as_bytes();
    // Most texts need none. Asked of all bytes at once, without leaving early, the compiler asks
    // many in one instruction.
    if !bytes
        .iter()
        .fold(false, |any, byte| any | needs_care(*byte))
    {
        out.push_str(text);
        return;
    }
    let mut copied = 0;
    let mut at = 0;
    while at < bytes.len() {
        let byte = bytes[at];
        if !needs_care(byte) {
            at += 1;
            continue;
        }
        // These bytes only ever begin a character.
        let Some(c) = text[at..].chars().next() else {
            break;
        };
        let width = c.len_utf8();
        if c.is_ascii() || is_mark(c) {
            out.push_str(&text[copied..at]);
            care(c, out);
            copied = at + width;
        }
        at += width;
    }
    out.push_str(&text[copied..]);
}

/// Characters above ASCII that separate lines, control terminals or turn the writing.
fn is_mark(c: char) -> bool {
    matches!(
        c,
        '\u{80}'..='\u{9f}'
            | '\u{200e}'
            | '\u{200f}'
            | '\u{2028}'..='\u{202e}'
            | '\u{2066}'..='\u{2069}'
    )
}

fn braced(c: char, out: &mut String) {
    out.push_str("\\u{");
    hexadecimal(u32::from(c), 2, out);
    out.push('}');
}

fn hexadecimal(number: u32, digits: u32, out: &mut String) {
    let digits = digits.max(8 - number.leading_zeros() / 4);
    for place in (0..digits).rev() {
        let digit = (number >> (4 * place)) & 15;
        out.extend(char::from_digit(digit, 16));
    }
}

/// ASCII that is escaped somewhere, and the first bytes of what [`is_mark`] means.
const fn needs_care(byte: u8) -> bool {
    (byte < 0x20)
        | (byte == b'"')
        | (byte == b'\\')
        | (byte == 0x7f)
        | (byte == 0xc2)
        | (byte == 0xe2)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(write: fn(&str, &mut String), text: &str) -> String {
        let mut out = String::new();
        write(text, &mut out);
        out
    }

    #[test]
    fn one_record_stays_one_line() {
        let text = "a\"b\\c\n\r\t\0\x1b[31m\x7f\u{85}\u{2028}\u{202e}é€𝄞";
        let json_text = with(json, text);
        assert_eq!(
            json_text,
            "a\\\"b\\\\c\\n\\r\\t\\u0000\\u001b[31m\\u007f\\u0085\\u2028\\u202eé€𝄞"
        );
        assert_eq!(
            with(plain, text),
            "a\"b\\c\\n\\r\\t\\u{00}\\u{1b}[31m\\u{7f}\\u{85}\\u{2028}\\u{202e}é€𝄞"
        );
        assert_eq!(with(value, "two words"), "\"two words\"");
        assert_eq!(with(value, "a\"b"), "\"a\\\"b\"");
        assert_eq!(with(value, ""), "\"\"");
        assert_eq!(with(value, "plain/word-1"), "plain/word-1");
        assert_eq!(with(word, "a b\u{2028}c\nd"), "a_b_c_d");
        assert_eq!(with(word, ""), "-");
    }
}
